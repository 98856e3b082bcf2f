using System.Text.Json.Nodes;

namespace FeatureActors.Node.Tests.Batch;

/// <summary>One event of the test's source.</summary>
internal sealed record ShopEvent(long TimeMs, string? User, string? Item, long Store, string Action, long? Quantity, double Price);

/// <summary>A window as the definitions state it: size, slot, offset, in ms.</summary>
internal sealed record NaiveWindow(string Name, long Size, long Slot, long Offset = 0);

/// <summary>
/// The formulas of the design's section on state and time over all events, recomputed from nothing: slots with
/// floor((T − W)/r)·r ≤ start ≤ floor(T/r)·r, T − O for T with an offset.
/// </summary>
internal static class NaiveEvaluator
{
    public static bool IsInside(ShopEvent e, NaiveWindow window, long at)
    {
        long t = at - window.Offset;
        long start = Floor(e.TimeMs, window.Slot);
        return Floor(t - window.Size, window.Slot) <= start && start <= Floor(t, window.Slot);
    }

    /// <summary>True while the event's slot is in the window or has not entered it yet.</summary>
    public static bool IsHeld(ShopEvent e, NaiveWindow window, long at) =>
        Floor(e.TimeMs, window.Slot) + window.Offset + window.Size + window.Slot > at;

    public static JsonNode Count(IEnumerable<ShopEvent> events) => JsonValue.Create((long)events.Count());

    public static JsonNode Sum(IEnumerable<ShopEvent> events) => JsonValue.Create(events.Sum(static e => e.Quantity ?? 0));

    public static JsonNode? Avg(IEnumerable<ShopEvent> events)
    {
        double[] prices = [.. events.Select(static e => e.Price)];
        return prices.Length == 0 ? null : JsonValue.Create(prices.Sum() / prices.Length);
    }

    public static JsonNode? Min(IEnumerable<ShopEvent> events) => Extreme([.. events.Select(static e => e.Price).Order()]);

    public static JsonNode? Max(IEnumerable<ShopEvent> events) => Extreme([.. events.Select(static e => e.Price).OrderDescending()]);

    /// <summary>Newest first by (event time, value ordinal); each value once when distinct.</summary>
    public static JsonNode? Last(IEnumerable<ShopEvent> events, int n)
    {
        string[] values = [.. events.Where(static e => e.Item is not null)
            .OrderByDescending(static e => e.TimeMs).ThenByDescending(static e => e.Item, StringComparer.Ordinal)
            .Select(static e => e.Item!).Distinct().Take(n)];
        return values.Length == 0 ? null : new JsonArray([.. values.Select(static v => (JsonNode)v)]);
    }

    public static JsonNode? LastOne(IEnumerable<ShopEvent> events) => Last(events, 1)?[0]!.DeepClone();

    public static JsonNode? CountMap(IEnumerable<ShopEvent> events) => Map(events, static e => e.Count());

    public static JsonNode? SumMap(IEnumerable<ShopEvent> events) => Map(events.Where(static e => e.Quantity is not null), static e => e.Sum(x => x.Quantity!.Value));

    /// <summary>By count, ties by key ordinal.</summary>
    public static JsonNode? Top(IEnumerable<ShopEvent> events, int k)
    {
        var groups = events.Where(static e => e.Item is not null).GroupBy(static e => e.Item!)
            .OrderByDescending(static g => g.Count()).ThenBy(static g => g.Key, StringComparer.Ordinal).Take(k).ToArray();
        return groups.Length == 0 ? null : new JsonArray([.. groups.Select(static g => (JsonNode)new JsonArray(g.Key, (long)g.Count()))]);
    }

    public static long Floor(long value, long width) => (value - (((value % width) + width) % width));

    private static JsonValue? Extreme(double[] sorted) => sorted.Length == 0 ? null : JsonValue.Create(sorted[0]);

    private static JsonObject? Map(IEnumerable<ShopEvent> events, Func<IEnumerable<ShopEvent>, long> value)
    {
        var groups = events.Where(static e => e.Item is not null).GroupBy(static e => e.Item!).ToArray();
        return groups.Length == 0 ? null : new JsonObject(groups.Select(g => KeyValuePair.Create(g.Key, (JsonNode?)value(g))));
    }
}
