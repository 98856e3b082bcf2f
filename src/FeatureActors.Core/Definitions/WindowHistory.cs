using System.Globalization;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Definitions;

/// <summary>
/// Since when the windows of a feature see everything: the text <c>1h/1m=0,7d/3h=1700000000000</c> beside its number. A time
/// of 0 means: from the first version on, when a source is read from its beginning, so nothing is missing.
/// </summary>
internal static class WindowHistory
{
    /// <summary>The text of a feature whose number is new.</summary>
    public static string New(IEnumerable<FeatureWindow> windows, long sinceMs) =>
        Text(windows.Select(w => (w.Text, sinceMs)));

    /// <summary>The text of a feature that keeps its number, and its windows that are warming from now on.</summary>
    public static (string Text, List<FeatureWindow> Added, List<FeatureWindow> Warming) Continue(
        string before, IReadOnlyList<FeatureWindow> windows, long nowMs)
    {
        Dictionary<string, long> old = Parse(before);
        var added = new List<FeatureWindow>();
        var warming = new List<FeatureWindow>();
        var entries = new List<(string, long)>();
        foreach (FeatureWindow window in windows)
        {
            string name = window.Text;
            if (!old.TryGetValue(name, out long sinceMs))
            {
                added.Add(window);
                if (SinceFromOld(window, old) is { } covered)
                {
                    sinceMs = covered;
                }
                else
                {
                    warming.Add(window);
                    sinceMs = nowMs;
                }
            }

            entries.Add((name, sinceMs));
        }

        return (Text(entries), added, warming);
    }

    /// <summary>Time T from which <paramref name="window"/> is full; <see cref="long.MinValue"/> when it always was.</summary>
    public static long WarmAtMs(string history, FeatureWindow window)
    {
        long sinceMs = Parse(history).GetValueOrDefault(window.Text);
        return sinceMs == 0 ? long.MinValue
            : window.WarmAt(sinceMs);
    }

    /// <summary>The windows that <paramref name="before"/> has and <paramref name="windows"/> have not.</summary>
    public static IEnumerable<string> Removed(string before, IEnumerable<FeatureWindow> windows) =>
        Parse(before).Keys.Except(windows.Select(static w => w.Text));

    // While a slot is in a new window of reach R, every old window that holds slots for at least R after their end still holds it,
    // however their boundaries lie (the slot leaves the new window at R after its start at the latest).
    // So the slot is no wider than the greatest common divisor of their widths; when that divides the new width, the new window
    // cuts exactly where it would have cut had it been there before.
    private static long? SinceFromOld(FeatureWindow window, Dictionary<string, long> old)
    {
        long width = SlotWidths.Unbounded;
        long sinceMs = 0;
        bool isCovered = false;
        foreach ((string name, long oldSinceMs) in old)
        {
            if (TryParseWindow(name) is { } kept && kept.HoldsMs >= window.ReachMs)
            {
                isCovered = true;
                width = SlotWidths.CommonDivisor(width, kept.Cells.UniformMs);
                sinceMs = Math.Max(sinceMs, oldSinceMs);
            }
        }

        bool cutsExactly = window.IsLifetime || (width != SlotWidths.Unbounded && window.Cells.DivisorMs % width == 0);
        return isCovered && cutsExactly ? sinceMs : null;
    }

    private static string Text(IEnumerable<(string Name, long SinceMs)> entries) =>
        string.Join(',', entries.DistinctBy(e => e.Name).Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.Name}={e.SinceMs}")));

    private static Dictionary<string, long> Parse(string history)
    {
        var entries = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (string entry in history.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = entry.LastIndexOf('=');
            entries[entry[..equals]] = long.Parse(entry.AsSpan(equals + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        }

        return entries;
    }

    private static FeatureWindow? TryParseWindow(string text)
    {
        if (text == SlidingWindow.LifetimeWord)
        {
            return SlidingWindow.Lifetime(text);
        }

        if (text.StartsWith(TumblingWindow.TextPrefix, StringComparison.Ordinal))
        {
            return TryParseTumbling(text);
        }

        int slash = text.IndexOf('/', StringComparison.Ordinal);
        int at = text.IndexOf('@', StringComparison.Ordinal);
        string slot = text[(slash + 1)..(at < 0 ? text.Length : at)];
        long offset = 0;
        return slash > 0
            && ConfigDuration.TryParseMs(text[..slash], out long sizeMs)
            && ConfigDuration.TryParseMs(slot, out long slotMs)
            && (at < 0 || ConfigDuration.TryParseMs(text[(at + 1)..], out offset))
            ? SlidingWindow.Of(text, sizeMs, slotMs, offset)
            : null;
    }

    // Slots that calendar periods may cut are not looked into: a window over them warms.
    private static TumblingWindow? TryParseTumbling(string text)
    {
        string rest = text[TumblingWindow.TextPrefix.Length..];
        int at = rest.IndexOf('@', StringComparison.Ordinal);
        int back = at < 0 ? 0 : int.Parse(rest.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture);
        return ConfigDuration.TryParseMs(at < 0 ? rest : rest[..at], out long lengthMs)
            ? new TumblingWindow(text, new UniformPeriods(lengthMs), back)
            : null;
    }
}
