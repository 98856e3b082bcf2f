using System.Globalization;
using FeatureActors.Histories.Tests.Driving;
using FeatureActors.Histories.Tests.Generation;
using FeatureActors.Histories.Tests.Model;
using Xunit.Abstractions;

namespace FeatureActors.Histories.Tests;

/// <summary>The harness is worth what it finds: faults planted behind each type and window are reported within a few histories.</summary>
public sealed class PlantedFaultTests(ITestOutputHelper output)
{
    private const int HistoriesMax = 400;

    // Twice the same row is the same value to these: a row that is lost must be seen instead.
    private static readonly string[] Idempotent = ["min", "max", "latest", "convert", "distinct", "distinct-approx", "session-count", "session-duration"];

    public static TheoryData<string> Types => [.. Supported.Types.Where(Supported.TakesType)];

    [Theory]
    [MemberData(nameof(Types))]
    public void A_window_that_is_one_slot_too_long_is_reported(string type) => IsFoundInEveryWindow(type, PlantedFault.WrongBound);

    [Theory]
    [MemberData(nameof(Types))]
    public void An_exit_that_is_missed_is_reported(string type) => IsFoundInEveryWindow(type, PlantedFault.MissedExit);

    [Theory]
    [MemberData(nameof(Types))]
    public void Two_slots_that_become_one_twice_are_reported(string type)
    {
        if (!Idempotent.Contains(type) && Supported.IsPromised(type, "sliding"))
        {
            Find(type, HistoryGenerator.Folding, PlantedFault.DoubleMerge);
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void A_row_that_is_counted_twice_or_not_at_all_is_reported(string type)
    {
        string kind = Supported.IsPromised(type, "sliding") ? "sliding" : "no window";
        Find(type, kind, PlantedFault.RowLost);
        if (!Idempotent.Contains(type))
        {
            Find(type, kind, PlantedFault.RowTwice);
        }
    }

    private void IsFoundInEveryWindow(string type, PlantedFault fault)
    {
        foreach (string kind in Supported.WindowKinds.Append("no window"))
        {
            // A window without an end has no bound, and the last rows leave with a new row or with the group.
            bool applies = (fault, kind) switch
            {
                (PlantedFault.WrongBound, "lifetime" or "no window") => false,
                (_, "no window") => !(type is "ratio" or "derived"),
                _ => true,
            };
            if (applies && Supported.IsPromised(type, kind) && Supported.TakesKind(kind))
            {
                Find(type, kind, fault);
            }
        }
    }

    private void Find(string type, string kind, PlantedFault fault)
    {
        int first = Random.Shared.Next(1, 1_000_000_000);
        for (int i = 0; i < HistoriesMax; i++)
        {
            if (Only(HistoryGenerator.Make(first + i, type, kind), type, kind) is not { } history)
            {
                continue;
            }

            long comparisons = 0;
            if (HistoryBatch.Check(history, fault, ref comparisons) is { } difference
                && !difference.StartsWith("the definitions are refused", StringComparison.Ordinal))
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind}: history {i + 1} of seed {first}: {difference}"));
                return;
            }
        }

        Assert.Fail($"{fault} in {type} over {kind} was not reported by {HistoriesMax} histories from seed {first}");
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
}
