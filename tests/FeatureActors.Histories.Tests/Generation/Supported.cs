using System.Collections.Concurrent;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Histories.Tests.Driving;
using FeatureActors.Histories.Tests.Model;

namespace FeatureActors.Histories.Tests.Generation;

/// <summary>What the definitions promise, and which of it this build of the engine takes.</summary>
internal static class Supported
{
    public static readonly string[] Types =
    [
        "count", "sum", "avg", "min", "max", "first", "last", "latest", "count-map", "sum-map", "top-k", "ratio", "variance", "stddev", "rate",
        "decayed-sum", "quantile", "histogram", "session-count", "session-duration", "distinct", "distinct-approx", "map-of-lists", "convert",
        "derived", "custom:pair",
    ];

    public static readonly string[] WindowKinds = ["sliding", "sliding+offset", "tumbling", "calendar", "session", "last-n", "lifetime"];

    private static readonly ConcurrentDictionary<string, bool> Known = new();

    /// <summary>True when the definitions allow windows of the kind for the type.</summary>
    public static bool IsPromised(string type, string kind) => type switch
    {
        "latest" or "convert" or "decayed-sum" => kind == "no window",
        "rate" => kind is "sliding" or "sliding+offset" or "tumbling",
        "derived" or "ratio" => true,
        "session-count" or "session-duration" => kind is not ("lifetime" or "no window"),
        _ => kind != "no window",
    };

    public static bool Takes(GroupSpec group) => Known.GetOrAdd(group.Hocon(), static text =>
    {
        try
        {
            EngineUnderTest.Compile(text);
            return true;
        }
        catch (FeatureActorsException)
        {
            return false;
        }
    });

    public static bool TakesType(string type) => Takes(GroupOf(FeatureForms.Simple(type, "f0", [WindowForms.Sliding(3_600_000, null, 0)])));

    /// <summary>True when the engine takes windows of the kind at all.</summary>
    public static bool TakesKind(string kind) => kind == "no window" || TakesWindow(kind switch
    {
        "sliding" => WindowForms.Sliding(60_000, null, 0),
        "sliding+offset" => WindowForms.Sliding(60_000, null, 60_000),
        "tumbling" => WindowForms.Tumbling(60_000, 0),
        "calendar" => WindowForms.Calendar("day", null, 0),
        "session" => WindowForms.Session(60_000, null),
        "last-n" => WindowForms.Last(3),
        _ => WindowForms.Lifetime(),
    });

    public static bool TakesWindow(WindowSpec window) => Takes(GroupOf(FeatureForms.Simple("count", "f0", [window])));

    /// <summary>True when the whole feature compiles; asked once per text.</summary>
    public static bool TakesFeature(FeatureSpec feature) => Takes(GroupOf([feature]));

    private static GroupSpec GroupOf(IReadOnlyList<FeatureSpec> features) => new()
    {
        Features = features,
        IdleMs = long.MaxValue,
        Trigger = TriggerSpec.Expiry,
    };
}
