using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Decoding;

/// <summary>
/// Converts the text of an event-time field to Unix milliseconds, rounded down. Numbers may have a fraction (double seconds) and may
/// stand in a string; arithmetic is on decimal digits, so nothing is lost on the way.
/// </summary>
internal static class EventTimeText
{
    /// <summary>False when the text is not a time in <paramref name="unit"/> between the years 0001 and 9999.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, EventTimeUnit unit, bool isLenient, out long unixMs)
    {
        unixMs = 0;
        if (unit == EventTimeUnit.Iso8601)
        {
            return IsoTime.TryParse(text, out unixMs);
        }

        int shift = unit switch { EventTimeUnit.Seconds => 3, EventTimeUnit.Microseconds => -3, _ => 0 };
        return NumberText.TryParse(text, isLenient, out NumberText number)
            && number.TryFloorScaled(shift, out unixMs)
            && unixMs is >= IsoTime.MillisecondsMin and <= IsoTime.MillisecondsMax;
    }
}
