using System.Globalization;
using FeatureActors.Histories.Tests.Driving;
using FeatureActors.Histories.Tests.Generation;
using FeatureActors.Histories.Tests.Model;
using Xunit.Abstractions;

namespace FeatureActors.Histories.Tests;

/// <summary>
/// The harness is worth what it finds: faults planted behind each type and window are reported within as many histories as
/// docs/testing.md says.
/// </summary>
public sealed class PlantedFaultTests(ITestOutputHelper output)
{
    // The same in every run, so that the page can be held to it.
    private const int Starts = 3;
    private const int HistoriesMax = 1_000;

    private static readonly PlantedFault[] Faults =
        [PlantedFault.WrongBound, PlantedFault.MissedExit, PlantedFault.DoubleMerge, PlantedFault.LostMerge, PlantedFault.RowTwice, PlantedFault.RowLost];

    // Twice the same row, or slot, is the same value to these: what is lost must be seen instead.
    private static readonly string[] Idempotent = ["min", "max", "latest", "convert", "distinct", "distinct-approx", "session-count", "session-duration"];

    private static readonly Lazy<Dictionary<string, string[]>> Page = new(ReadPage);

    public static TheoryData<string> Types => [.. Supported.Types];

    public static TheoryData<string> IdempotentTypes => [.. Idempotent.Where(static t => Supported.IsPromised(t, "sliding") && IsHarmless(t, PlantedFault.DoubleMerge))];

    [Theory]
    [MemberData(nameof(Types))]
    public void Every_fault_planted_in_a_type_is_reported_within_the_histories_that_the_page_states(string type)
    {
        int?[] needed = [.. Faults.Select(f => Needed(type, f))];
        string row = $"| `{type}` | {string.Join(" | ", needed.Select(static n => n?.ToString(CultureInfo.InvariantCulture) ?? "–"))} |";
        output.WriteLine(row);
        if (Environment.GetEnvironmentVariable("FA_FAULTS_REPORT") is { Length: > 0 } file)
        {
            File.AppendAllText(file, row + "\n");
        }

        string[] stated = Page.Value.GetValueOrDefault(type) ?? [];
        Assert.True(stated.Length == Faults.Length, $"docs/testing.md has no row for {type}: {row}");
        for (int i = 0; i < needed.Length; i++)
        {
            bool isAsStated = needed[i] is { } histories
                ? int.TryParse(stated[i], CultureInfo.InvariantCulture, out int most) && histories <= most
                : stated[i] == "–";
            Assert.True(isAsStated, $"{Faults[i]} in {type} takes {needed[i]} histories, docs/testing.md says {stated[i]}: {row}");
        }
    }

    [Theory]
    [MemberData(nameof(IdempotentTypes))]
    public void A_slot_that_is_added_twice_changes_nothing_where_a_row_told_twice_does_not(string type)
    {
        for (int i = 0; i < 50; i++)
        {
            long comparisons = 0;
            if (Only(HistoryGenerator.Make(i, type, HistoryGenerator.Folding), type, HistoryGenerator.Folding) is { } history)
            {
                Assert.Null(HistoryBatch.Check(history, PlantedFault.DoubleMerge, ref comparisons));
            }
        }
    }

    /// <summary>Most histories that a kind of window needed from any of the starts; null where there is no such fault.</summary>
    private static int? Needed(string type, PlantedFault fault)
    {
        int? most = null;
        foreach (string kind in Supported.WindowKinds.Append("no window").Append(HistoryGenerator.Folding).Where(k => Applies(type, fault, k)))
        {
            for (int start = 0; start < Starts; start++)
            {
                most = Math.Max(most ?? 0, Find(type, kind, fault, 1 + (start * HistoriesMax)));
            }
        }

        return most;
    }

    private static bool Applies(string type, PlantedFault fault, string kind)
    {
        if (kind == HistoryGenerator.Folding)
        {
            // Slots become one when they age.
            return Supported.IsPromised(type, "sliding") && IsMerge(fault) && !IsHarmless(type, fault);
        }

        if (!Supported.IsPromised(type, kind) || (kind == "no window" && type is "ratio" or "derived"))
        {
            return false;
        }

        return fault switch
        {
            // A window without an end has no bound.
            PlantedFault.WrongBound => kind is not ("lifetime" or "no window"),
            PlantedFault.MissedExit => true,

            // Sessions become one when a row comes between them; no other slots of these kinds do.
            PlantedFault.DoubleMerge or PlantedFault.LostMerge => kind == "session" && !IsHarmless(type, fault),
            _ => kind is "sliding" or "no window" && !IsHarmless(type, fault),
        };
    }

    private static bool IsMerge(PlantedFault fault) => fault is PlantedFault.DoubleMerge or PlantedFault.LostMerge;

    // A slot of distinct hands over its share of the entity's list of values, which is there once.
    private static bool IsHarmless(string type, PlantedFault fault) =>
        Idempotent.Contains(type) && (fault == PlantedFault.RowTwice || (fault == PlantedFault.DoubleMerge && type != "distinct"));

    private static int Find(string type, string kind, PlantedFault fault, int first)
    {
        for (int i = 0; i < HistoriesMax; i++)
        {
            long comparisons = 0;
            if (Only(HistoryGenerator.Make(first + i, type, kind), type, kind) is { } history
                && HistoryBatch.Check(history, fault, ref comparisons) is { } difference
                && !difference.StartsWith("the definitions are refused", StringComparison.Ordinal))
            {
                return i + 1;
            }
        }

        Assert.Fail($"{fault} in {type} over {kind} was not reported by {HistoriesMax} histories from seed {first}");
        return 0;
    }

    /// <summary>The history with nothing but the first feature of the type, what it reads, and windows of the kind.</summary>
    private static History? Only(History history, string type, string kind)
    {
        if (history.Group.Features.FirstOrDefault(f => f.Type == type) is not { } feature
            || feature.Reads.Any(static r => r.IsComputed) || feature.Reads.Append(feature).Any(static f => f.Windows.Any(static w => w.Hocon.Length == 0)))
        {
            return null;
        }

        FeatureSpec[] reads = [.. feature.Reads.Distinct().Select(r => Of(r, kind))];
        FeatureSpec only = Of(feature, kind) with { Reads = [.. feature.Reads.Select(r => Array.Find(reads, o => o.Name == r.Name)!)] };
        return reads.Append(only).Any(static f => f.Windows.Count == 0 && !f.IsBare && !f.IsComputed)
            ? null
            : history with { Group = history.Group with { Features = [.. reads, only] } };
    }

    private static FeatureSpec Of(FeatureSpec feature, string kind) => kind == HistoryGenerator.Folding
        ? feature
        : feature with { Windows = [.. feature.Windows.Where(w => w.Kind == kind)] };

    /// <summary>The cells of the page's table by type.</summary>
    private static Dictionary<string, string[]> ReadPage() => File.ReadLines(Path.Combine(Repository.Root, "docs", "testing.md"))
        .Where(static l => l.StartsWith("| `", StringComparison.Ordinal))
        .Select(static l => l.Trim('|', ' ').Split('|', StringSplitOptions.TrimEntries))
        .ToDictionary(static c => c[0].Trim('`'), static c => c[1..]);
}
