using System.Globalization;
using FeatureActors.Histories.Tests.Model;

namespace FeatureActors.Histories.Tests.Generation;

/// <summary>Windows as definitions write them, with the names they then have.</summary>
internal static class WindowForms
{
    public static SlidingSpec Sliding(long sizeMs, long? slotMs, long offsetMs, string? name = null)
    {
        string canonical = Duration(sizeMs) + (offsetMs == 0 ? "" : $"@{Duration(offsetMs)}");
        string text = slotMs is null && offsetMs == 0 && name is null
            ? canonical
            : $"{{ size = {Duration(sizeMs)}{(slotMs is { } slot ? $", slot = {slot}ms" : "")}{(offsetMs == 0 ? "" : $", offset = {Duration(offsetMs)}")}{Named(name)} }}";
        return new SlidingSpec(name ?? canonical, text, sizeMs, slotMs ?? SlidingSpec.StandardSlot(sizeMs), offsetMs);
    }

    /// <summary>Windows one behind the other; only the first has a text.</summary>
    public static IReadOnlyList<WindowSpec> Series(long sizeMs, int count, string? name = null)
    {
        string text = $"{{ size = {Duration(sizeMs)}, series = {count}{Named(name)} }}";
        return
        [
            .. Enumerable.Range(0, count).Select(i => Sliding(sizeMs, null, i * sizeMs) with
            {
                Hocon = i == 0 ? text : "",
                Name = i == 0 ? name ?? Duration(sizeMs) : name is null ? $"{Duration(sizeMs)}@{Duration(i * sizeMs)}" : $"{name}@{i}",
            }),
        ];
    }

    public static TumblingSpec Tumbling(long periodMs, int back, string? name = null) => new(
        name ?? $"tumbling-{Duration(periodMs)}{Back(back)}",
        $"{{ tumbling = {Duration(periodMs)}{(back == 0 ? "" : $", back = {back}")}{Named(name)} }}",
        periodMs,
        back);

    public static CalendarSpec Calendar(string unit, string? zone, int back, string? name = null) => new(
        name ?? $"tumbling-{unit}{Back(back)}",
        $"{{ tumbling = {unit}{(zone is null ? "" : $", zone = \"{zone}\"")}{(back == 0 ? "" : $", back = {back}")}{Named(name)} }}",
        zone ?? "UTC",
        unit switch { "1d" => "day", "7d" => "week", _ => unit },
        back);

    public static IReadOnlyList<WindowSpec> CalendarSeries(string unit, string? zone, int count)
    {
        string text = $"{{ tumbling = {unit}{(zone is null ? "" : $", zone = \"{zone}\"")}, series = {count} }}";
        return [.. Enumerable.Range(0, count).Select(i => Calendar(unit, zone, i) with { Hocon = i == 0 ? text : "" })];
    }

    public static SessionSpec Session(long gapMs, long? latenessMs, string? name = null) => new(
        name ?? $"session-{Duration(gapMs)}",
        $"{{ session = {Duration(gapMs)}{(latenessMs is { } l ? $", lateness = {Duration(l)}" : "")}{Named(name)} }}",
        gapMs,
        latenessMs ?? gapMs);

    public static LastRowsSpec Last(int count, string? name = null) => new(
        name ?? $"last-{count}", $"{{ last = {count}{Named(name)} }}", count);

    public static LifetimeSpec Lifetime() => new("lifetime", "lifetime");

    /// <summary>The same window with a bound that is one slot, period, second or a few rows off, under the same name.</summary>
    public static WindowSpec Wrong(WindowSpec window) => window switch
    {
        SlidingSpec s => Sliding(s.SizeMs + s.SlotMs, s.SlotMs, s.OffsetMs, s.Name),
        TumblingSpec t => Tumbling(t.PeriodMs, t.Back + 1, t.Name),
        CalendarSpec c => Calendar(c.Unit, c.Zone, c.Back + 1, c.Name),
        SessionSpec s => Session(s.GapMs + 1_000, Math.Max(s.LatenessMs, s.GapMs + 1_000), s.Name),
        LastRowsSpec l => Last((l.Count * 2) + 2, l.Name),
        _ => window,
    };

    /// <summary>With the largest unit that divides.</summary>
    public static string Duration(long ms)
    {
        foreach ((string unit, long length) in new[] { ("d", 86_400_000L), ("h", 3_600_000L), ("m", 60_000L), ("s", 1_000L) })
        {
            if (ms % length == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{ms / length}{unit}");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{ms}ms");
    }

    private static string Back(int back) => back == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"@{back}");

    private static string Named(string? name) => name is null ? "" : $", name = \"{name}\"";
}
