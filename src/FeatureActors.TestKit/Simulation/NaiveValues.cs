using System.Globalization;

namespace FeatureActors.TestKit.Simulation;

/// <summary>Values over the rows of a window as they stand in Redis: sort, filter, loop.</summary>
internal static class NaiveValues
{
    private static readonly int[] Bounds = [0, 5, 10];

    /// <summary>The bounds of every histogram.</summary>
    public static IReadOnlyList<int> HistogramBounds => Bounds;

    /// <summary>The value; null for absent.</summary>
    public static string? Of(NaiveFeature feature, NaiveWindow window, IReadOnlyList<NaiveRow> selected, long nowMs)
    {
        List<NaiveRow> rows = Settled(selected);
        if (rows.Exists(static r => r.Event.IsRetraction) && feature.Type is "variance" or "stddev" or "quantile" or "histogram" or "sum-map" or "rate")
        {
            // More taken back than told shows as something; what, is promised for counts and sums only, decayed ones among them.
            return NaiveFeature.Anything;
        }

        return rows.Count == 0 ? feature.Type is "count" or "sum" or "rate" or "session-count" or "distinct" or "distinct-approx" ? "0" : null
            : feature.Type switch
            {
                "count" => Text(Net(rows)),
                "sum" => Text(Sum(rows)),
                "avg" => Net(rows) == 0 ? null : Text((double)Sum(rows) / Net(rows)),
                "min" => Text(rows.Min(static r => r.Event.Value!.Value)),
                "max" => Text(rows.Max(static r => r.Event.Value!.Value)),
                "variance" => Text(Variance(rows)),
                "stddev" => Text(Math.Sqrt(Variance(rows))),
                "rate" => Text(rows.Count * 1_000.0 / window.LengthMs),
                "decayed-sum" => Decayed(feature, rows, nowMs),
                "quantile" => Text(rows.Select(static r => r.Event.Value!.Value).Order().ElementAt((rows.Count - 1) / 2)),
                "histogram" => $"[{string.Join(',', Enumerable.Range(0, Bounds.Length + 1).Select(b => rows.Count(r => Bounds.Count(x => x <= r.Event.Value) == b)))}]",
                "first" => Categories(rows).First(),
                "latest" => Categories(rows).Last(),
                "last" when feature.Count == 1 => Categories(rows).Last(),
                "last" => $"[{string.Join(',', Categories(rows).Reverse().Take(feature.Count).Select(static c => $"\"{c}\""))}]",
                "convert" => Text(Values(rows).Last() + 1),
                "distinct" or "distinct-approx" => Text(rows.Select(static r => r.Event.Category).Distinct().Count()),
                "session-count" => Text(NaiveSession.Sessions(rows, feature.GapMs).Count),
                "session-duration" => Duration(feature, rows),
                "map-of-lists" => $"{{{string.Join(',', ByCategory(rows).Select(g => $"\"{g.Key}\":[{string.Join(',', Values([.. g]).Reverse().Take(feature.Count))}]"))}}}",
                _ => Totals(feature, rows),
            };
    }

    /// <summary>The value of a ratio or a derived feature from the values that it reads.</summary>
    public static string? Computed(NaiveFeature feature, IReadOnlyList<string?> reads)
    {
        if (reads.Contains(NaiveFeature.Anything))
        {
            return NaiveFeature.Anything;
        }

        double?[] numbers = [.. reads.Select(static r => r is null ? (double?)null : double.Parse(r, CultureInfo.InvariantCulture))];
        return feature.Type == "derived" ? Text((numbers[0] ?? 0) + (2 * (numbers[^1] ?? 0)))
            : numbers[0] is { } above && numbers[1] is { } below && below != 0 ? Text(above / below)
            : null;
    }

    /// <summary>What a decaying sum is worth at T.</summary>
    public static double Worth(NaiveFeature feature, IReadOnlyList<NaiveRow> rows, long nowMs) =>
        rows.Sum(r => r.Event.Sign * Math.Pow(2, (r.TimeMs - nowMs) / (double)feature.HalfLifeMs));

    /// <summary>Rows and the retractions that took them back are gone; what was taken back and never told is left.</summary>
    private static List<NaiveRow> Settled(IReadOnlyList<NaiveRow> rows)
    {
        List<NaiveRow> left = [.. rows];
        foreach (NaiveRow undo in rows.Where(static r => r.Event.IsRetraction))
        {
            int told = left.FindIndex(r => !r.Event.IsRetraction && r.TimeMs == undo.TimeMs && r.Event.Value == undo.Event.Value
                && r.Event.Category == undo.Event.Category && r.Event.Action == undo.Event.Action);
            if (told >= 0)
            {
                left.RemoveAt(told);
                left.Remove(undo);
            }
        }

        return left;
    }

    private static int Net(List<NaiveRow> rows) => rows.Sum(static r => r.Event.Sign);

    private static long Sum(List<NaiveRow> rows) => rows.Sum(static r => r.Event.Sign * r.Event.Value!.Value);

    private static double Variance(List<NaiveRow> rows)
    {
        double mean = (double)Sum(rows) / rows.Count;
        return rows.Sum(r => (r.Event.Value!.Value - mean) * (r.Event.Value!.Value - mean)) / rows.Count;
    }

    private static string? Decayed(NaiveFeature feature, List<NaiveRow> rows, long nowMs) =>
        Worth(feature, rows, nowMs) is var worth && Math.Abs(worth) >= NaiveFeature.Epsilon ? Text(worth) : null;

    private static IEnumerable<string> Categories(List<NaiveRow> rows) => rows
        .OrderBy(static r => r.TimeMs).ThenBy(static r => r.Event.Category, StringComparer.Ordinal).Select(static r => r.Event.Category!);

    private static IEnumerable<long> Values(List<NaiveRow> rows) => rows
        .OrderBy(static r => r.TimeMs).ThenBy(static r => r.Event.Value).Select(static r => r.Event.Value!.Value);

    private static IOrderedEnumerable<IGrouping<string, NaiveRow>> ByCategory(List<NaiveRow> rows) =>
        rows.GroupBy(static r => r.Event.Category!).OrderBy(static g => g.Key, StringComparer.Ordinal);

    private static string Duration(NaiveFeature feature, List<NaiveRow> rows)
    {
        long[] durations = [.. NaiveSession.Sessions(rows, feature.GapMs).Select(static s => s[^1].TimeMs - s[0].TimeMs)];
        return feature.By switch
        {
            "total" => Text(durations.Sum()),
            "max" => Text(durations.Max()),
            "last" => Text(durations[^1]),
            _ => Text(durations.Average()),
        };
    }

    private static string? Totals(NaiveFeature feature, List<NaiveRow> rows)
    {
        // A sub-key whose rows cancel out is gone.
        (string Key, long Total)[] totals =
        [
            .. ByCategory(rows).Where(static g => g.Sum(static r => r.Event.Sign) != 0)
                .Select(g => (g.Key, feature.Type == "sum-map" ? Sum([.. g]) : Net([.. g]))),
        ];
        return totals.Length == 0 ? null
            : feature.Type == "top-k"
                ? $"[{string.Join(',', totals.OrderByDescending(static t => t.Total).ThenBy(static t => t.Key, StringComparer.Ordinal).Take(feature.Count).Select(static t => $"[\"{t.Key}\",{t.Total}]"))}]"
                : $"{{{string.Join(',', totals.Select(static t => $"\"{t.Key}\":{t.Total}"))}}}";
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
