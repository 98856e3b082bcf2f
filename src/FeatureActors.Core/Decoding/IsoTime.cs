namespace FeatureActors.Core.Decoding;

/// <summary>Reads ISO 8601 times from UTF-8 without allocating.</summary>
internal static class IsoTime
{
    /// <summary>0001-01-01T00:00:00.000Z in Unix milliseconds.</summary>
    public const long MillisecondsMin = -62_135_596_800_000;

    /// <summary>9999-12-31T23:59:59.999Z in Unix milliseconds.</summary>
    public const long MillisecondsMax = 253_402_300_799_999;

    private static readonly DateTime UnixStart = DateTime.UnixEpoch;

    /// <summary>
    /// Reads <c>yyyy-MM-dd</c>, optionally followed by <c>T</c>, <c>t</c> or a space, <c>HH:mm[:ss[.fraction]]</c> (a comma counts as a
    /// point) and <c>Z</c>, <c>±HH</c>, <c>±HHmm</c> or <c>±HH:mm</c>. No zone means UTC, no time means midnight; digits below
    /// milliseconds are dropped, which rounds down. False when the text has another form or the time is outside 0001 to 9999.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long unixMs)
    {
        unixMs = 0;
        int at = 0;
        if (!TryDigits(text, ref at, 4, out int year) || !TryByte(text, ref at, '-') || !TryDigits(text, ref at, 2, out int month)
            || !TryByte(text, ref at, '-') || !TryDigits(text, ref at, 2, out int day)
            || year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month))
        {
            return false;
        }

        long ms = (new DateTime(year, month, day, 0, 0, 0, DateTimeKind.Utc) - UnixStart).Ticks / TimeSpan.TicksPerMillisecond;
        if (at < text.Length)
        {
            if (text[at] is not ((byte)'T' or (byte)'t' or (byte)' '))
            {
                return false;
            }

            at++;
            if (!TryTimeOfDay(text, ref at, out long timeMs) || !TryZone(text, ref at, out long offsetMs) || at != text.Length)
            {
                return false;
            }

            ms += timeMs - offsetMs;
        }

        unixMs = ms;
        return ms is >= MillisecondsMin and <= MillisecondsMax;
    }

    private static bool TryTimeOfDay(ReadOnlySpan<byte> text, ref int at, out long ms)
    {
        ms = 0;
        if (!TryDigits(text, ref at, 2, out int hour) || !TryByte(text, ref at, ':') || !TryDigits(text, ref at, 2, out int minute)
            || hour > 23 || minute > 59)
        {
            return false;
        }

        ms = ((hour * 60L) + minute) * 60_000;
        if (!TryByte(text, ref at, ':'))
        {
            return true;
        }

        if (!TryDigits(text, ref at, 2, out int second) || second > 59)
        {
            return false;
        }

        ms += second * 1_000L;
        return !(TryByte(text, ref at, '.') || TryByte(text, ref at, ',')) || TryFraction(text, ref at, ref ms);
    }

    private static bool TryFraction(ReadOnlySpan<byte> text, ref int at, ref long ms)
    {
        int start = at;
        for (int unit = 100; at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9'; unit /= 10)
        {
            ms += (text[at++] - '0') * unit;
        }

        return at > start;
    }

    private static bool TryZone(ReadOnlySpan<byte> text, ref int at, out long offsetMs)
    {
        offsetMs = 0;
        if (at == text.Length || TryByte(text, ref at, 'Z') || TryByte(text, ref at, 'z'))
        {
            return true;
        }

        bool isNegative = text[at] == '-';
        if (!isNegative && text[at] != '+')
        {
            return false;
        }

        at++;
        if (!TryDigits(text, ref at, 2, out int hours) || hours > 23)
        {
            return false;
        }

        int minutes = 0;
        if (at < text.Length)
        {
            TryByte(text, ref at, ':');
            if (!TryDigits(text, ref at, 2, out minutes) || minutes > 59)
            {
                return false;
            }
        }

        offsetMs = ((hours * 60L) + minutes) * (isNegative ? -60_000 : 60_000);
        return true;
    }

    private static bool TryByte(ReadOnlySpan<byte> text, ref int at, char wanted)
    {
        bool isThere = at < text.Length && text[at] == wanted;
        at += isThere ? 1 : 0;
        return isThere;
    }

    private static bool TryDigits(ReadOnlySpan<byte> text, ref int at, int count, out int value)
    {
        value = 0;
        for (int end = at + count; at < end; at++)
        {
            if (at >= text.Length || text[at] is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            value = (value * 10) + (text[at] - '0');
        }

        return true;
    }
}
