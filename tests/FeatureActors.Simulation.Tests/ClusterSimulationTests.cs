using System.Diagnostics;
using System.Globalization;
using FeatureActors.TestKit.Simulation;
using Xunit.Abstractions;

namespace FeatureActors.Simulation.Tests;

/// <summary>
/// The cluster simulator over many seeds. <c>./fa simulate</c> runs this class with FA_SIMULATION_FROM and _SEEDS, or _SEED for one
/// seed with its story, and prints what it writes to FA_SIMULATION_REPORT.
/// </summary>
public sealed class ClusterSimulationTests(ITestOutputHelper output)
{
    // A minute or less on two cores; ./fa simulate runs ten times as many.
    private const int SeedsByDefault = 2_000;

    // From so many on, whatever can happen must have happened.
    private const int SeedsForCoverage = 2_000;
    private const double FaultsPerSeedMin = 5;
    private const int ShownMax = 5;

    [Fact]
    public void The_cluster_keeps_every_law_under_every_fault()
    {
        int one = Settings.Read("SEED", 0);
        int from = one > 0 ? one : Settings.Read("FROM", 1);
        int seeds = one > 0 ? 1 : Settings.Read("SEEDS", SeedsByDefault);
        var lines = new List<string>();
        var broken = new List<SimulationOutcome>();
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        long events = 0;
        long comparisons = 0;
        long faults = 0;
        var watch = Stopwatch.StartNew();
        var gate = new Lock();
        Parallel.For(from, from + seeds, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed =>
        {
            SimulationOutcome outcome = ClusterSimulation.Run(seed, keepsStory: one > 0);
            lock (gate)
            {
                lines.AddRange(outcome.Story);
                events += outcome.Events;
                comparisons += outcome.Comparisons;
                faults += outcome.Faults.Values.Sum();
                if (outcome.Violation is not null)
                {
                    broken.Add(outcome);
                }

                foreach ((string kind, long count) in outcome.Faults.Concat(outcome.Moves).Concat(outcome.Met))
                {
                    counts[kind] = counts.GetValueOrDefault(kind) + count;
                }
            }
        });
        broken.Sort(static (a, b) => a.Seed.CompareTo(b.Seed));

        lines.AddRange(counts.Select(static c => string.Create(CultureInfo.InvariantCulture, $"{c.Value,10}  {c.Key}")));
        lines.AddRange(broken.Take(ShownMax).Select(static b => $"seed {b.Seed}: {b.Violation}"));
        lines.Add(string.Create(
            CultureInfo.InvariantCulture,
            $"{seeds} seeds, {broken.Count} violations, {events} events, {faults} faults, {comparisons} comparisons, {watch.Elapsed.TotalSeconds:0} s"));
        Settings.Report(lines, output);

        Assert.True(broken.Count == 0, string.Join('\n', broken.Take(ShownMax).Select(static b => $"seed {b.Seed}: {b.Violation}")));
        if (seeds >= SeedsForCoverage)
        {
            Assert.InRange((double)faults / seeds, FaultsPerSeedMin, double.MaxValue);
            Assert.Empty(SimulationCoverage.Required.Except(counts.Keys));
        }
    }

    [Fact]
    public void A_seed_replays_exactly()
    {
        SimulationOutcome first = ClusterSimulation.Run(3, keepsStory: true);
        SimulationOutcome second = ClusterSimulation.Run(3, keepsStory: true);
        Assert.Equal(first.Story, second.Story);
        Assert.NotEmpty(first.Story);
    }
}
