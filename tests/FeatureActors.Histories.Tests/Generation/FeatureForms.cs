using FeatureActors.Histories.Tests.Model;

namespace FeatureActors.Histories.Tests.Generation;

/// <summary>Features of each type, plain ones and random ones.</summary>
internal static class FeatureForms
{
    private static readonly Column[] Numbers = [Column.V, Column.V, Column.D, Column.M, Column.TwiceV];
    private static readonly Column[] Keys = [Column.C, Column.C, Column.U, Column.L, Column.UpperC];
    private static readonly double[] SomeQuantiles = [0, 0.1, 0.5, 0.9, 0.99, 1];
    private static readonly string[] DistinctWords = ["true", "first", "last"];
    private static readonly string?[] DurationWords = [null, "mean", "total", "max", "last"];
    private static readonly Column[] Any = [Column.C, Column.V, Column.D, Column.M, Column.U, Column.L];

    /// <summary>A feature of the type with nothing but what it must have; the last of the list, behind those that it reads.</summary>
    public static IReadOnlyList<FeatureSpec> Simple(string type, string name, IReadOnlyList<WindowSpec> windows)
    {
        FeatureSpec Make() => new() { Name = name, Type = type, Windows = windows };
        FeatureSpec Count() => new() { Name = "n", Type = "count", Windows = windows };
        switch (type)
        {
            case "sum" or "avg" or "min" or "max" or "first" or "last" or "variance" or "stddev" or "quantile" or "distinct" or "distinct-approx" or "custom:pair":
                return [Make() with { Of = Column.V }];
            case "histogram":
                return [Make() with { Of = Column.V, Bounds = [0, 5] }];
            case "latest":
                return [Make() with { Of = Column.V, Windows = [] }];
            case "convert":
                return [Make() with { Expression = "v + 1", Convert = static r => r.V + 1, Windows = [] }];
            case "decayed-sum":
                return [Make() with { HalfLifeMs = 60_000, Windows = [] }];
            case "count-map":
                return [Make() with { Keys = [Column.C] }];
            case "sum-map" or "map-of-lists":
                return [Make() with { Keys = [Column.C], Of = Column.V }];
            case "top-k":
                return [Make() with { Keys = [Column.C], N = 2 }];
            case "session-count" or "session-duration":
                return [Make() with { GapMs = 10_000 }];
            case "ratio":
                FeatureSpec below = Count();
                FeatureSpec above = new() { Name = "s", Type = "sum", Of = Column.V, Windows = windows };
                return [below, above, Make() with { Reads = [above, below], Windows = [] }];
            case "derived":
                FeatureSpec read = Count();
                return [read, Derived(name, [read], 0)];
            default:
                return [Make()];
        }
    }

    public static FeatureSpec Random(Random random, string type, string name, IReadOnlyList<WindowSpec> windows, bool mayBound)
    {
        FeatureSpec feature = Simple(type, name, windows)[^1] with { Where = RandomFilter(random) };
        int? maxKeys = mayBound && random.Next(4) == 0 ? random.Next(1, 4) : null;
        switch (type)
        {
            case "sum" or "avg" or "variance" or "stddev":
                return feature with { Of = Pick(random, Numbers), IsSample = type is "variance" or "stddev" && random.Next(2) == 0 };
            case "min" or "max":
                return feature with { Of = Pick(random, [.. Numbers, Column.C]) };
            case "quantile":
                double[] quantiles = [.. SomeQuantiles.Where(_ => random.Next(2) == 0).DefaultIfEmpty(0.5)];
                bool isList = random.Next(2) == 0;
                return feature with
                {
                    Of = Pick(random, Numbers),
                    IsQuantileList = isList,
                    Quantiles = isList ? quantiles : [quantiles[0]],
                    Error = random.Next(2) == 0 ? null : 0.05,
                };
            case "histogram":
                return feature with { Of = Pick(random, Numbers), Bounds = random.Next(2) == 0 ? [0, 5] : [-2, 0, 1, 3, 4, 10] };
            case "first" or "last":
                bool isList2 = random.Next(3) != 0;
                return feature with
                {
                    Of = Pick(random, Any),
                    N = isList2 ? random.Next(2, 6) : 1,
                    Distinct = random.Next(2) == 0 ? null : Pick(random, DistinctWords),
                    With = random.Next(3) == 0 ? [Pick(random, new[] { Column.U, Column.D, Column.V }), Column.L] : [],
                };
            case "latest":
                return feature with { Of = Pick(random, Any) };
            case "convert":
                return random.Next(2) == 0
                    ? feature with { Expression = "v + 1", Convert = static r => r.V + 1 }
                    : feature with { Expression = "UPPER(c)", Convert = static r => r.C?.ToUpperInvariant() };
            case "decayed-sum":
                return feature with
                {
                    Of = random.Next(2) == 0 ? null : Pick(random, Numbers),
                    HalfLifeMs = Pick(random, new long[] { 1_000, 10_000, 60_000, 3_600_000 }),
                    Epsilon = random.Next(3) == 0 ? 0.01 : null,
                };
            case "count-map":
                return WithKeys(random, feature) with { MaxKeys = maxKeys };
            case "sum-map":
                return WithKeys(random, feature) with { Of = Pick(random, Numbers), MaxKeys = maxKeys };
            case "map-of-lists":
                return WithKeys(random, feature) with
                {
                    Of = Pick(random, Any),
                    N = random.Next(1, 5),
                    Distinct = random.Next(2) == 0 ? "true" : null,
                    MaxKeys = maxKeys,
                };
            case "top-k":
                bool bySum = random.Next(2) == 0;
                return WithKeys(random, feature) with
                {
                    N = random.Next(1, 5),
                    BySum = bySum,
                    Of = bySum ? Pick(random, Numbers) : null,
                    IsBottom = random.Next(3) == 0,
                    MaxKeys = maxKeys,
                };
            case "rate":
                return feature with { Of = random.Next(2) == 0 ? null : Pick(random, Numbers), PerMs = random.Next(2) == 0 ? null : 60_000 };
            case "session-count":
                return feature with { GapMs = Pick(random, new long[] { 1_000, 7_000, 600_000 }) };
            case "session-duration":
                return feature with
                {
                    GapMs = Pick(random, new long[] { 1_000, 7_000, 600_000 }),
                    DurationBy = Pick(random, DurationWords),
                };
            case "distinct":
                return feature with { Of = Pick(random, Any), MaxKeys = maxKeys };
            case "distinct-approx":
                return feature with { Of = Pick(random, Any), Precision = random.Next(2) == 0 ? null : random.Next(4, 17) };
            default:
                return feature;
        }
    }

    public static FeatureSpec Derived(string name, IReadOnlyList<FeatureSpec> reads, int form)
    {
        string a = reads[0].Name;
        string b = reads[^1].Name;
        return form switch
        {
            0 => new FeatureSpec
            {
                Name = name,
                Type = "derived",
                Reads = reads,
                Expression = $"COALESCE({a}, 0) + 2 * COALESCE({b}, 0)",
                Derive = static n => (n[0] ?? 0) + (2 * (n[^1] ?? 0)),
            },
            1 => new FeatureSpec
            {
                Name = name,
                Type = "derived",
                Reads = reads,
                Expression = $"CASE WHEN {a} > 3 AND {b} > 3 THEN 'hot' ELSE 'cold' END",
                Derive = static n => n[0] > 3 && n[^1] > 3 ? "hot" : "cold",
            },
            _ => new FeatureSpec
            {
                Name = name,
                Type = "derived",
                Reads = reads,
                Expression = $"{a} - {b} * 0.5",
                Derive = static n => n[0] - (n[^1] * 0.5),
            },
        };
    }

    public static Filter? RandomFilter(Random random) => random.Next(10) switch
    {
        0 => new Filter("a = 'buy'", static r => r.A == "buy"),
        1 => new Filter("v > 3", static r => r.V > 3),
        2 => new Filter("c IN ('x', 'y') OR u IS NULL", static r => r.C is "x" or "y" || r.U is null),
        _ => null,
    };

    private static FeatureSpec WithKeys(Random random, FeatureSpec feature)
    {
        Column first = Pick(random, Keys);
        if (random.Next(3) != 0)
        {
            return feature with { Keys = [first] };
        }

        Column second = first == Column.U ? Column.C : Column.U;
        return feature with { Keys = [first, second], KeySetting = feature.Type is "count-map" or "sum-map" && random.Next(2) == 0 ? "by" : "key" };
    }

    private static T Pick<T>(Random random, T[] items) => items[random.Next(items.Length)];
}
