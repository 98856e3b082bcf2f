using FeatureActors.Abstractions.Configuration;
using static FeatureActors.TestKit.Simulation.ConfigTree;

namespace FeatureActors.TestKit.Simulation;

/// <summary>Random features of every type, once as the definitions write them and once for the naive model.</summary>
internal static class SimulatedFeatures
{
    private static readonly string[] Types =
    [
        "count", "count", "sum", "avg", "min", "max", "first", "last", "latest", "count-map", "sum-map", "top-k", "variance", "stddev", "rate",
        "decayed-sum", "quantile", "histogram", "session-count", "session-duration", "distinct", "distinct-approx", "map-of-lists", "convert",
    ];

    private static readonly string[] InvertibleTypes =
        ["count", "count", "sum", "avg", "count-map", "sum-map", "top-k", "variance", "stddev", "rate", "decayed-sum", "quantile", "histogram"];

    private static readonly string[] Durations = ["mean", "total", "max", "last"];

    /// <summary>The types and the kinds of windows that a run of many seeds must have met.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
    [
        .. Types.Distinct().Append("ratio").Append("derived").Select(static t => $"type {t}"),
        .. new[] { "sliding", "sliding with offset", "lifetime", "tumbling", "calendar day", "calendar week", "calendar month", "session", "last rows" }.Select(static k => $"window {k}"),
    ];

    /// <summary>A feature with state.</summary>
    public static (NaiveFeature Feature, ConfigNode Tree) Random(Random random, string name, bool retracts)
    {
        string[] types = retracts ? InvertibleTypes : Types;
        string type = types[random.Next(types.Length)];
        var settings = new List<(string, ConfigNode)> { ("type", Text(type)) };
        (Func<SimulatedEvent, bool> where, string? filter) = Filter(random);
        var feature = new NaiveFeature(name, type, where, []);
        feature = Settle(random, feature, settings);
        if (filter is not null)
        {
            settings.Add(("where", Text(filter)));
        }

        if (type is "latest" or "convert")
        {
            return (feature with { Windows = [new NaiveLifetime(name)] }, Tree([.. settings]));
        }

        if (feature.IsAgeing)
        {
            return (feature with { Windows = [new NaiveDecay(name, feature.HalfLifeMs)] }, Tree([.. settings]));
        }

        (List<NaiveWindow> windows, ConfigArray tree) = SimulatedWindows.Random(random, name, type, retracts);
        settings.Add(("windows", tree));
        return (feature with { Windows = windows }, Tree([.. settings]));
    }

    /// <summary>A ratio or a derived value over features of the group; null when none fit.</summary>
    public static (NaiveFeature Feature, ConfigNode Tree)? Computed(Random random, string name, IReadOnlyList<NaiveFeature> features)
    {
        NaiveFeature[] numbers = [.. features.Where(static f => f.IsNumber)];
        if (numbers.Length == 0)
        {
            return null;
        }

        NaiveFeature a = numbers[random.Next(numbers.Length)];
        NaiveFeature b = numbers[random.Next(numbers.Length)];
        string[] common = [.. WindowNames(a).Intersect(WindowNames(b))];
        if (common.Length == 0)
        {
            return null;
        }

        bool isRatio = a != b && random.Next(2) == 0;
        ConfigNode tree = isRatio
            ? Tree(("type", Text("ratio")), ("numerator", Text(a.Name)), ("denominator", Text(b.Name)))
            : Tree(("type", Text("derived")), ("expr", Text($"COALESCE({a.Name}, 0) + 2 * COALESCE({b.Name}, 0)")));
        return (new NaiveFeature(name, isRatio ? "ratio" : "derived", static _ => false, [.. common.Select(w => new NaivePlace($"{name}:{w}"))])
        {
            Reads = [a, b],
        }, tree);
    }

    public static (Func<SimulatedEvent, bool> Where, string? Text) Filter(Random random) => random.Next(8) switch
    {
        0 => (static e => e.Action == "buy", "a = 'buy'"),
        1 => (static e => e.Value > 3, "v > 3"),
        2 => (static e => e.Category is "x" or "y", "c IN ('x', 'y')"),
        _ => (static _ => true, null),
    };

    private static IEnumerable<string> WindowNames(NaiveFeature feature) => feature.Windows.Select(static w => w.Field.Split(':')[1]);

    private static NaiveFeature Settle(Random random, NaiveFeature feature, List<(string, ConfigNode)> settings)
    {
        switch (feature.Type)
        {
            case "sum" or "avg" or "min" or "max" or "variance" or "stddev" or "quantile":
                settings.Add(("of", Text("v")));
                return feature;
            case "histogram":
                settings.Add(("of", Text("v")));
                settings.Add(("bounds", List(NaiveValues.HistogramBounds.Select(static b => Number(b)))));
                return feature;
            case "first" or "latest" or "distinct" or "distinct-approx":
                settings.Add(("of", Text("c")));
                return feature;
            case "last":
                settings.Add(("of", Text("c")));
                return WithCount(feature, settings, "n", random.Next(2) == 0 ? 1 : random.Next(2, 5));
            case "count-map":
                settings.Add(("key", Text("c")));
                return feature;
            case "sum-map":
                settings.Add(("key", Text("c")));
                settings.Add(("of", Text("v")));
                return feature;
            case "map-of-lists":
                settings.Add(("key", Text("c")));
                settings.Add(("of", Text("v")));
                return WithCount(feature, settings, "n", random.Next(1, 4));
            case "top-k":
                settings.Add(("key", Text("c")));
                return WithCount(feature, settings, "k", random.Next(1, 4));
            case "convert":
                settings.Add(("expr", Text("v + 1")));
                return feature;
            case "decayed-sum":
                feature = feature with { HalfLifeMs = random.Next(2) == 0 ? 60_000 : 300_000 };
                settings.Add(("half-life", Ms(feature.HalfLifeMs)));
                return feature;
            case "session-count" or "session-duration":
                feature = feature with { GapMs = random.Next(1, 8) * 1_000, By = feature.Type == "session-count" ? "mean" : Durations[random.Next(Durations.Length)] };
                settings.Add(("gap", Ms(feature.GapMs)));
                if (feature.Type == "session-duration")
                {
                    settings.Add(("by", Text(feature.By)));
                }

                return feature;
            default:
                return feature;
        }
    }

    private static NaiveFeature WithCount(NaiveFeature feature, List<(string, ConfigNode)> settings, string setting, int count)
    {
        settings.Add((setting, Number(count)));
        return feature with { Count = count };
    }
}
