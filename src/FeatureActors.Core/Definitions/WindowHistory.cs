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
    public static string New(FeatureDefinition feature, long sinceMs) =>
        Text(feature.Windows.Select(w => (WindowBinder.CanonicalText(w), sinceMs)));

    /// <summary>The text of a feature that keeps its number, and its windows that are warming from now on.</summary>
    public static (string Text, List<SlidingWindow> Added, List<SlidingWindow> Warming) Continue(
        string before, FeatureDefinition feature, long nowMs)
    {
        Dictionary<string, long> old = Parse(before);
        var added = new List<SlidingWindow>();
        var warming = new List<SlidingWindow>();
        var entries = new List<(string, long)>();
        foreach (SlidingWindow window in feature.Windows)
        {
            string name = WindowBinder.CanonicalText(window);
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
    public static long WarmAtMs(string history, SlidingWindow window)
    {
        long sinceMs = Parse(history).GetValueOrDefault(WindowBinder.CanonicalText(window));
        return sinceMs == 0 ? long.MinValue
            : window.IsLifetime ? long.MaxValue
            : sinceMs + window.ReachMs;
    }

    /// <summary>The windows that <paramref name="before"/> has and <paramref name="feature"/> has not.</summary>
    public static IEnumerable<string> Removed(string before, FeatureDefinition feature) =>
        Parse(before).Keys.Except(feature.Windows.Select(WindowBinder.CanonicalText));

    // While a slot is in a new window of reach R, every old window with O + W of at least R still holds it, however their
    // boundaries lie (a slot leaves O + W after its end at the earliest, and the new window at R after its start at the latest).
    // So the slot is no wider than the greatest common divisor of their widths; when that divides the new width, the new window
    // cuts exactly where it would have cut had it been there before.
    private static long? SinceFromOld(SlidingWindow window, Dictionary<string, long> old)
    {
        long width = SlotWidths.Unbounded;
        long sinceMs = 0;
        bool isCovered = false;
        foreach ((string name, long oldSinceMs) in old)
        {
            if (TryParseWindow(name) is { } kept && (kept.IsLifetime || kept.OffsetMs + kept.SizeMs >= window.ReachMs))
            {
                isCovered = true;
                width = SlotWidths.CommonDivisor(width, kept.SlotMs);
                sinceMs = Math.Max(sinceMs, oldSinceMs);
            }
        }

        bool cutsExactly = window.IsLifetime || (width != SlotWidths.Unbounded && window.SlotMs % width == 0);
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

    private static SlidingWindow? TryParseWindow(string text)
    {
        if (text == WindowBinder.LifetimeWord)
        {
            return SlidingWindow.Lifetime(text);
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
}
