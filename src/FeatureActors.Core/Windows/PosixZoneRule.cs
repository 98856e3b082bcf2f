using System.Globalization;

namespace FeatureActors.Core.Windows;

/// <summary>
/// The rule of a zone for all years, as POSIX spells it (<c>TZ</c>) with the hours from −167 to 167 of RFC 8536, such as
/// <c>CET-1CEST,M3.5.0,M10.5.0/3</c> or <c>&lt;-04&gt;4&lt;-03&gt;,M9.1.6/24,M4.1.6/24</c>.
/// </summary>
public sealed class PosixZoneRule
{
    private const int HourSeconds = 3_600;
    private const int DaySeconds = 86_400;

    private readonly int _standard;
    private readonly int _summer;
    private readonly Day? _begin;
    private readonly Day? _end;

    private PosixZoneRule(int standard, int summer, Day? begin, Day? end)
    {
        _standard = standard;
        _summer = summer;
        _begin = begin;
        _end = end;
    }

    /// <summary>The rule; null when <paramref name="text"/> is empty or none.</summary>
    public static PosixZoneRule? TryParse(string text)
    {
        int at = 0;
        if (!TrySkipName(text, ref at) || !TryReadTime(text, ref at, out int west))
        {
            return null;
        }

        if (at == text.Length)
        {
            return new PosixZoneRule(-west, -west, null, null);
        }

        if (!TrySkipName(text, ref at))
        {
            return null;
        }

        int summerWest = west - HourSeconds;
        if (at < text.Length && text[at] != ',' && !TryReadTime(text, ref at, out summerWest))
        {
            return null;
        }

        return Day.TryRead(text, ref at) is { } begin && Day.TryRead(text, ref at) is { } end && at == text.Length
            ? new PosixZoneRule(-west, -summerWest, begin, end)
            : null;
    }

    /// <summary>Local time less UTC at <paramref name="unixSeconds"/>, in seconds.</summary>
    public int OffsetAt(long unixSeconds)
    {
        if (_begin is not { } begin || _end is not { } end)
        {
            return _standard;
        }

        // A change may lie days before or behind its date, so the years around are asked too: the latest change decides.
        long year = CivilCalendar.YearOf(SlotWidths.Floor(unixSeconds, DaySeconds) / DaySeconds);
        long latest = long.MinValue;
        int offset = _standard;
        for (long y = year - 1; y <= year + 1; y++)
        {
            Consider(begin.SecondsIn(y) - _standard, _summer);
            Consider(end.SecondsIn(y) - _summer, _standard);
        }

        return offset;

        void Consider(long changeSeconds, int offsetBehind)
        {
            if (changeSeconds <= unixSeconds && changeSeconds > latest)
            {
                latest = changeSeconds;
                offset = offsetBehind;
            }
        }
    }

    private static bool TrySkipName(string text, ref int at)
    {
        int start = at;
        if (at < text.Length && text[at] == '<')
        {
            at = text.IndexOf('>', at) + 1;
            return at > start;
        }

        while (at < text.Length && char.IsAsciiLetter(text[at]))
        {
            at++;
        }

        return at - start >= 3;
    }

    private static bool TryReadTime(string text, ref int at, out int seconds)
    {
        int sign = 1;
        if (at < text.Length && text[at] is '-' or '+')
        {
            sign = text[at++] == '-' ? -1 : 1;
        }

        seconds = 0;
        int unit = HourSeconds;
        do
        {
            if (!TryReadNumber(text, ref at, out int number))
            {
                return false;
            }

            seconds += sign * number * unit;
            unit /= 60;
        }
        while (unit > 0 && at < text.Length && text[at] == ':' && at++ >= 0);
        return true;
    }

    private static bool TryReadNumber(string text, ref int at, out int number)
    {
        int start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }

        return int.TryParse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>A day of a year and a local time on it: the n-th weekday of a month (5: the last), or a number of days from 1 January.</summary>
    private readonly record struct Day(int Month, int Week, int Weekday, bool SkipsLeapDay, int TimeSeconds)
    {
        public static Day? TryRead(string text, ref int at)
        {
            if (at >= text.Length || text[at++] != ',')
            {
                return null;
            }

            int month = 0;
            int week = 0;
            bool isJulian = at < text.Length && text[at] == 'J';
            bool isMonth = at < text.Length && text[at] == 'M';
            at += isJulian || isMonth ? 1 : 0;
            if (isMonth && !(TryReadNumber(text, ref at, out month) && Skip(text, ref at, '.') && TryReadNumber(text, ref at, out week) && Skip(text, ref at, '.')))
            {
                return null;
            }

            if (!TryReadNumber(text, ref at, out int day))
            {
                return null;
            }

            int time = 2 * HourSeconds;
            return Skip(text, ref at, '/') && !TryReadTime(text, ref at, out time) ? null : new Day(month, week, day, isJulian, time);
        }

        /// <summary>Local seconds since 1970-01-01 00:00 local time in <paramref name="year"/>.</summary>
        public long SecondsIn(long year)
        {
            long day;
            if (Month == 0)
            {
                bool isPastLeapDay = SkipsLeapDay && Weekday > 59 && CivilCalendar.DayOf(year, 3, 1) - CivilCalendar.DayOf(year, 2, 1) == 29;
                day = CivilCalendar.DayOf(year, 1, 1) + Weekday - (SkipsLeapDay ? 1 : 0) + (isPastLeapDay ? 1 : 0);
            }
            else
            {
                long first = CivilCalendar.DayOf(year, Month, 1);
                long next = Month == 12 ? CivilCalendar.DayOf(year + 1, 1, 1) : CivilCalendar.DayOf(year, Month + 1, 1);
                day = first + (((Weekday - CivilCalendar.WeekdayOf(first)) + 7) % 7) + ((Week - 1) * 7);
                day -= day >= next ? 7 : 0;
            }

            return (day * DaySeconds) + TimeSeconds;
        }

        private static bool Skip(string text, ref int at, char character)
        {
            bool isThere = at < text.Length && text[at] == character;
            at += isThere ? 1 : 0;
            return isThere;
        }
    }
}
