using System.Text;
using FeatureActors.Histories.Tests.Exact;

namespace FeatureActors.Histories.Tests.Model;

/// <summary>The value of a feature over the rows of a window: sort, filter, loop, by the tables of docs/definitions.md.</summary>
internal static class NaiveValues
{
    public static Want Of(FeatureSpec feature, WindowSpec window, IReadOnlyList<TakenRow> rows, long nowMs) => feature.Type switch
    {
        "count" => Exact(rows.Count),
        "sum" => rows.Count == 0 ? Exact(0) : Total(feature, rows),
        "avg" => rows.Count == 0 ? Want.None : Close(Sum(feature.Of!, rows) / Rational.Of(rows.Count)),
        "variance" or "stddev" => Spread(feature, rows),
        "rate" => Rate(feature, window, rows),
        "decayed-sum" => Decayed(feature, rows, nowMs),
        "min" => rows.Count == 0 ? Want.None : Want.Of(rows.Select(r => feature.Of!.Get(r.Row)).Min(Order)),
        "max" => rows.Count == 0 ? Want.None : Want.Of(rows.Select(r => feature.Of!.Get(r.Row)).Max(Order)),
        "quantile" => Quantile(feature, rows),
        "histogram" => Histogram(feature, rows),
        "first" or "last" => List(feature, rows),
        "latest" => rows.Count == 0 ? Want.None : Want.Of(feature.Of!.Get(Sorted(feature, rows)[^1].Row)),
        "convert" => rows.Count == 0 ? Want.None : Want.Of(rows.OrderBy(static r => r.TimeMs).ThenBy(r => feature.Convert!(r.Row), Order).Select(r => feature.Convert!(r.Row)).Last()),
        "count-map" or "sum-map" => Map(feature, rows),
        "map-of-lists" => Lists(feature, rows),
        "top-k" => Top(feature, rows),
        "session-count" => Exact(SessionSpec.Sessions(rows, feature.GapMs).Count),
        "session-duration" => Durations(feature, rows),
        "custom:pair" => rows.Count == 0 ? Want.None : new WantList([Exact(rows.Count), new WantNumber(Sum(feature.Of!, rows), NumberForm.Exact)]),
        "distinct" => Distinct(feature, rows),
        "distinct-approx" => Estimate(rows.Select(r => feature.Of!.Get(r.Row)).Distinct().Count(), feature.Precision ?? 12),
        _ => throw new InvalidOperationException(feature.Type),
    };

    private static readonly Comparer<object?> Order = Comparer<object?>.Create(Column.Compare);

    /// <summary>The sub-key of a row as maps show it.</summary>
    public static string SubKey(FeatureSpec feature, HistoryRow row) => feature.Keys.Count == 1
        ? Plain(feature.Keys[0].Get(row)!)
        : string.Join('|', feature.Keys.Select(k => Escaped(Plain(k.Get(row)!))));

    /// <summary>Rows or totals per sub-key.</summary>
    public static Dictionary<string, Rational> Totals(FeatureSpec feature, IReadOnlyList<TakenRow> rows) => rows
        .GroupBy(r => SubKey(feature, r.Row))
        .ToDictionary(static g => g.Key, g => HasSum(feature) ? Sum(feature.Of!, [.. g]) : Rational.Of(g.Count()));

    /// <summary>Σ of the absolute values; 0 for types that add none up.</summary>
    public static Rational SizeOf(FeatureSpec feature, IReadOnlyList<TakenRow> rows) =>
        feature.Of is { IsNumber: true } of ? rows.Aggregate(Rational.Zero, (sum, r) => sum + of.Number(r.Row).Abs()) : Rational.Zero;

    public static NumberForm FormOf(FeatureSpec feature) =>
        HasSum(feature) && feature.Of!.Type == "double" ? DoubleForm : NumberForm.Exact;

    // Sums of doubles are exact since there is a variance.
    private static NumberForm DoubleForm => Generation.Supported.TakesType("variance") ? NumberForm.Rounded : NumberForm.Near;

    public static bool HasSum(FeatureSpec feature) => feature.Type is "sum" or "sum-map" || feature.BySum;

    private static WantNumber Exact(long value) => new WantNumber(Rational.Of(value), NumberForm.Exact);

    private static WantNumber Near(Rational value) => new WantNumber(value, NumberForm.Near);

    private static WantNumber Close(Rational value) => new WantNumber(value, NumberForm.Close);

    private static Rational Sum(Column of, IReadOnlyList<TakenRow> rows) => rows.Aggregate(Rational.Zero, (sum, r) => sum + of.Number(r.Row));

    private static WantNumber Total(FeatureSpec feature, IReadOnlyList<TakenRow> rows) =>
        new(Sum(feature.Of!, rows), FormOf(feature)) { Slack = SizeOf(feature, rows) };

    private static Want Spread(FeatureSpec feature, IReadOnlyList<TakenRow> rows)
    {
        int n = rows.Count;
        if (n == 0 || (feature.IsSample && n < 2))
        {
            return Want.None;
        }

        Rational mean = Sum(feature.Of!, rows) / Rational.Of(n);
        Rational squares = rows.Aggregate(Rational.Zero, (sum, r) =>
        {
            Rational difference = feature.Of!.Number(r.Row) - mean;
            return sum + (difference * difference);
        });
        Rational variance = squares / Rational.Of(feature.IsSample ? n - 1 : n);
        return Near(feature.Type == "variance" ? variance : Root(variance));
    }

    /// <summary>The square root to about 40 digits.</summary>
    private static Rational Root(Rational value)
    {
        if (value.Sign == 0)
        {
            return value;
        }

        Rational root = Rational.Of(Math.Sqrt(value.ToDouble()));
        for (int i = 0; i < 2; i++)
        {
            root = (root + (value / root)) / Rational.Of(2);
        }

        return root;
    }

    private static WantNumber Rate(FeatureSpec feature, WindowSpec window, IReadOnlyList<TakenRow> rows)
    {
        long size = window switch
        {
            SlidingSpec s => s.SizeMs,
            TumblingSpec t => t.PeriodMs,
            _ => throw new InvalidOperationException(window.Kind),
        };
        Rational amount = feature.Of is null ? Rational.Of(rows.Count) : Sum(feature.Of, rows);
        return Close(amount * Rational.Of(feature.PerMs ?? 1_000) / Rational.Of(size));
    }

    private static Want Decayed(FeatureSpec feature, IReadOnlyList<TakenRow> rows, long nowMs)
    {
        double sum = 0;
        double size = 0;
        foreach (TakenRow row in rows)
        {
            double x = (feature.Of is null ? 1 : feature.Of.Number(row.Row).ToDouble()) * Math.Pow(2, -(double)(nowMs - row.TimeMs) / feature.HalfLifeMs);
            sum += row.Row.Undoes >= 0 ? -x : x;
            size += Math.Abs(x);
        }

        double epsilon = feature.Epsilon ?? 1e-6;
        Want number = new WantNumber(Rational.Of(sum), NumberForm.Near) { Slack = Rational.Of(size) };
        double doubt = Math.Max(size, epsilon) * 1e-9;
        return Math.Abs(sum) < epsilon - doubt ? Want.None : Math.Abs(sum) > epsilon + doubt ? number : new WantOneOf([Want.None, number]);
    }

    private static Want Quantile(FeatureSpec feature, IReadOnlyList<TakenRow> rows)
    {
        if (rows.Count == 0)
        {
            return Want.None;
        }

        double[] sorted = [.. rows.Select(r => feature.Of!.Number(r.Row).ToDouble()).Order()];
        double error = (feature.Error ?? 0.01) * (1 + 1e-9);
        Want[] values =
        [
            .. feature.Quantiles.DefaultIfEmpty(0.5).Select(q =>
            {
                double x = sorted[(int)Math.Floor(q * (sorted.Length - 1))];
                return new WantBetween(x - (error * Math.Abs(x)), x + (error * Math.Abs(x)));
            }),
        ];
        return feature.IsQuantileList
            ? new WantList(values) { Must = Marks.Approximate }
            : values[0] with { Must = Marks.Approximate };
    }

    private static Want Histogram(FeatureSpec feature, IReadOnlyList<TakenRow> rows)
    {
        if (rows.Count == 0)
        {
            return Want.None;
        }

        long[] counts = new long[feature.Bounds.Count + 1];
        foreach (TakenRow row in rows)
        {
            counts[feature.Bounds.Count(b => Rational.Of(b) <= feature.Of!.Number(row.Row))]++;
        }

        return new WantList([.. counts.Select(Exact)]);
    }

    /// <summary>Rows by (event time, value, sides), oldest first.</summary>
    private static List<TakenRow> Sorted(FeatureSpec feature, IReadOnlyList<TakenRow> rows)
    {
        IOrderedEnumerable<TakenRow> sorted = rows.OrderBy(static r => r.TimeMs).ThenBy(r => feature.Of!.Get(r.Row), Order);
        return [.. feature.With.Aggregate(sorted, (s, side) => s.ThenBy(r => side.Get(r.Row), Order))];
    }

    /// <summary>The rows that a list shows, newest first.</summary>
    private static List<TakenRow> Chosen(FeatureSpec feature, IReadOnlyList<TakenRow> rows, bool isFirst)
    {
        List<TakenRow> sorted = Sorted(feature, rows);
        if (feature.Distinct is { } distinct)
        {
            bool keepsOldest = distinct == "first" || (distinct == "true" && isFirst);
            sorted = [.. sorted.GroupBy(r => feature.Of!.Get(r.Row)).Select(g => keepsOldest ? g.First() : g.Last())];
            sorted = Sorted(feature, sorted);
        }

        sorted = isFirst ? [.. sorted.Take(feature.N)] : [.. sorted.TakeLast(feature.N)];
        sorted.Reverse();
        return sorted;
    }

    private static Want Entry(FeatureSpec feature, TakenRow row) => feature.With.Count == 0
        ? Want.Of(feature.Of!.Get(row.Row))
        : new WantList([Want.Of(feature.Of!.Get(row.Row)), .. feature.With.Select(s => Want.Of(s.Get(row.Row)))]);

    private static Want List(FeatureSpec feature, IReadOnlyList<TakenRow> rows)
    {
        if (rows.Count == 0)
        {
            return Want.None;
        }

        List<TakenRow> chosen = Chosen(feature, rows, feature.Type == "first");
        return feature.N == 1 ? Entry(feature, chosen[0]) : new WantList([.. chosen.Select(r => Entry(feature, r))]);
    }

    private static Want Map(FeatureSpec feature, IReadOnlyList<TakenRow> rows) => rows.Count == 0
        ? Want.None
        : new WantMap([.. Ascending(Totals(feature, rows)).Select(t => (t.Key, (Want)new WantNumber(t.Value, FormOf(feature))))]);

    private static Want Lists(FeatureSpec feature, IReadOnlyList<TakenRow> rows) => rows.Count == 0
        ? Want.None
        : new WantMap(
        [
            .. rows.GroupBy(r => SubKey(feature, r.Row)).OrderBy(static g => g.Key, Comparer<string>.Create(Column.CompareText))
                .Select(g => (g.Key, (Want)new WantList([.. Chosen(feature, [.. g], false).Select(r => Entry(feature, r))]))),
        ]);

    private static Want Top(FeatureSpec feature, IReadOnlyList<TakenRow> rows)
    {
        if (rows.Count == 0)
        {
            return Want.None;
        }

        IEnumerable<KeyValuePair<string, Rational>> totals = Ascending(Totals(feature, rows));

        // Ranks are those of the values as written.
        Comparer<Rational> byValue = FormOf(feature) == NumberForm.Exact
            ? Comparer<Rational>.Default
            : Comparer<Rational>.Create(static (a, b) => a.ToDouble().CompareTo(b.ToDouble()));
        totals = feature.IsBottom ? totals.OrderBy(static t => t.Value, byValue) : totals.OrderByDescending(static t => t.Value, byValue);
        return new WantList([.. totals.Take(feature.N).Select(t => (Want)new WantList([KeyOf(feature, t.Key), new WantNumber(t.Value, FormOf(feature))]))]);
    }

    /// <summary>A sub-key that is a number may stand as one.</summary>
    private static Want KeyOf(FeatureSpec feature, string key) => feature.Keys is [{ Type: "long" }]
        ? new WantOneOf([new WantText(key), new WantNumber(Rational.Parse(key), NumberForm.Exact)])
        : new WantText(key);

    private static Want Durations(FeatureSpec feature, IReadOnlyList<TakenRow> rows)
    {
        if (rows.Count == 0)
        {
            return Want.None;
        }

        long[] durations = [.. SessionSpec.Sessions(rows, feature.GapMs).Select(static s => s[^1].TimeMs - s[0].TimeMs)];
        return feature.DurationBy switch
        {
            "total" => Exact(durations.Sum()),
            "max" => Exact(durations.Max()),
            "last" => Exact(durations[^1]),
            _ => Near(Rational.Of(durations.Sum()) / Rational.Of(durations.Length)),
        };
    }

    private static WantNumber Distinct(FeatureSpec feature, IReadOnlyList<TakenRow> rows) =>
        Exact(rows.Select(r => feature.Of!.Get(r.Row)).Distinct().Count());

    public static Want Estimate(int count, int precision)
    {
        // Six standard errors, and two for the collisions of small counts.
        double doubt = count == 0 ? 0 : Math.Max(2, 6 * 1.04 / Math.Sqrt(1 << precision) * count);
        return new WantBetween(count - doubt, count + doubt) { Must = count == 0 ? Marks.None : Marks.Approximate, May = Marks.Approximate };
    }

    private static IOrderedEnumerable<KeyValuePair<string, Rational>> Ascending(Dictionary<string, Rational> totals) =>
        totals.OrderBy(static t => t.Key, Comparer<string>.Create(Column.CompareText));

    private static string Plain(object value) => value is string text ? text : ((long)value).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>As parts of entity keys are escaped: everything but A–Z a–z 0–9 - . _ ~ becomes %XX.</summary>
    private static string Escaped(string part)
    {
        var escaped = new StringBuilder();
        foreach (byte b in Encoding.UTF8.GetBytes(part))
        {
            escaped.Append(char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~' ? ((char)b).ToString() : $"%{b:X2}");
        }

        return escaped.ToString();
    }
}
