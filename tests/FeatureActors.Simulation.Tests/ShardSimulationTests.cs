using FeatureActors.TestKit.Simulation;
using Xunit.Abstractions;

namespace FeatureActors.Simulation.Tests;

public sealed class ShardSimulationTests(ITestOutputHelper output)
{
    private const int Seeds = 1_000;

    [Fact]
    public void The_shard_keeps_every_law_under_every_fault()
    {
        var broken = new List<SimulationOutcome>();
        var faults = new SortedDictionary<string, long>(StringComparer.Ordinal);
        long events = 0;
        long comparisons = 0;
        for (int seed = 1; seed <= Seeds; seed++)
        {
            SimulationOutcome outcome = ShardSimulation.Run(seed);
            if (outcome.Violation is not null)
            {
                broken.Add(outcome);
            }

            events += outcome.Events;
            comparisons += outcome.Comparisons;
            foreach ((string kind, long count) in outcome.Faults.Concat(outcome.Moves))
            {
                faults[kind] = faults.GetValueOrDefault(kind) + count;
            }
        }

        output.WriteLine($"{Seeds} seeds, {events} events, {comparisons} comparisons");
        foreach ((string kind, long count) in faults)
        {
            output.WriteLine($"{count,10}  {kind}");
        }

        Assert.True(broken.Count == 0, string.Join('\n', broken.Take(5).Select(static o => $"seed {o.Seed}: {o.Violation}")));
        Assert.Empty(SimulationCoverage.Required.Except(faults.Keys));
    }

    [Fact]
    public void A_seed_replays_exactly()
    {
        SimulationOutcome first = ShardSimulation.Run(3, keepsStory: true);
        SimulationOutcome second = ShardSimulation.Run(3, keepsStory: true);
        Assert.Equal(first.Story, second.Story);
        Assert.NotEmpty(first.Story);
    }
}
