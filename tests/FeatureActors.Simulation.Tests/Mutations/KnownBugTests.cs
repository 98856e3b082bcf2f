using System.Globalization;
using FeatureActors.TestKit.Simulation;
using Xunit.Abstractions;

namespace FeatureActors.Simulation.Tests.Mutations;

/// <summary>
/// The simulator is worth what it finds: each known bug, planted in a run, breaks a law within the seeds that docs/testing.md states.
/// <c>./fa simulate --mutations</c> runs this class with FA_SIMULATION_STARTS, the number of places in the row of seeds to search from,
/// and prints the rows of the page that it writes to FA_SIMULATION_REPORT.
/// </summary>
public sealed class KnownBugTests(ITestOutputHelper output)
{
    // Starts lie so far apart that none sees a seed of another.
    private const int StartsApart = 10_000;
    private const int SeedsMax = 1_000;

    [Fact]
    public void Every_known_bug_is_found_within_the_seeds_that_the_page_states()
    {
        Dictionary<string, int> stated = ReadPage();
        int starts = Settings.Read("STARTS", 1);
        (KnownBug Bug, int From)[] searches = [.. KnownBugs.All.SelectMany(bug => Enumerable.Range(0, starts).Select(start => (bug, 1 + (start * StartsApart))))];
        var found = new Finding[searches.Length];
        Parallel.For(0, searches.Length, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, i =>
            found[i] = Find(searches[i].Bug, searches[i].From, starts == 1 ? stated.GetValueOrDefault(searches[i].Bug.Name) : SeedsMax));

        List<string> lines = [.. KnownBugs.All.Select(b => Row(b, [.. found.Where(f => f.Bug == b)]))];
        if (Environment.GetEnvironmentVariable("FA_SIMULATION_DETAILS") is { Length: > 0 })
        {
            lines.AddRange(found.Select(static f => $"{f.Bug.Name}: seed {f.Outcome?.Seed}: {f.Outcome?.Law} {f.Outcome?.Violation}"));
        }

        Settings.Report(lines, output);
        Assert.Equal(KnownBugs.All.Select(static b => b.Name).Order(StringComparer.Ordinal), stated.Keys.Order(StringComparer.Ordinal));
        Assert.Empty(found.Where(f => f.Outcome is null || f.Seeds > stated[f.Bug.Name]).Select(static f => $"{f.Bug.Name} was not found as soon as stated: {f.Seeds} seeds"));
    }

    private static Finding Find(KnownBug bug, int from, int most)
    {
        for (int i = 0; i < most; i++)
        {
            SimulationOutcome outcome = ClusterSimulation.Run(from + i, bug.Plant());
            if (outcome.Violation is not null)
            {
                return new Finding(bug, i + 1, outcome);
            }
        }

        return new Finding(bug, most, null);
    }

    private static string Row(KnownBug bug, Finding[] mine)
    {
        Array.Sort(mine, static (a, b) => a.Seeds.CompareTo(b.Seeds));
        IEnumerable<string> laws = mine.Select(static f => f.Outcome?.Law?.ToString() ?? "nothing").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        return string.Create(
            CultureInfo.InvariantCulture, $"| `{bug.Name}` | {bug.Story} | {string.Join(", ", laws)} | {mine[mine.Length / 2].Seeds} | {mine[^1].Seeds} |");
    }

    /// <summary>The most seeds by name of the bug.</summary>
    private static Dictionary<string, int> ReadPage() => File.ReadLines(Path.Combine(Repository.Root, "docs", "testing.md"))
        .SkipWhile(static l => l != "### What the simulator finds")
        .TakeWhile(static l => !l.StartsWith("### What is", StringComparison.Ordinal))
        .Where(static l => l.StartsWith("| `", StringComparison.Ordinal))
        .Select(static l => l.Trim('|', ' ').Split('|', StringSplitOptions.TrimEntries))
        .ToDictionary(static c => c[0].Trim('`'), static c => int.Parse(c[^1], CultureInfo.InvariantCulture));

    private sealed record Finding(KnownBug Bug, int Seeds, SimulationOutcome? Outcome);
}
