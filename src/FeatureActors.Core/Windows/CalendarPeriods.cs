using System.Collections.Concurrent;

namespace FeatureActors.Core.Windows;

/// <summary>A calendar period.</summary>
public enum CalendarUnit
{
    /// <summary>A day.</summary>
    Day = 1,

    /// <summary>Monday to Sunday.</summary>
    Week = 2,

    /// <summary>A month.</summary>
    Month = 3,
}

/// <summary>
/// Days, weeks or months of a time zone. A period starts at the first instant whose local date is its first date or a later one:
/// when clocks skip midnight that is the change, when they show midnight twice it is the first time. A date that a zone left out
/// is a period without any instant: it starts and ends where the next one starts. The starts from 1970 to 2100 stand in a table that is built once for each zone and unit; beyond it every day has 24 hours.
/// </summary>
public sealed class CalendarPeriods : Periods
{
    private const int FirstYear = 1970;
    private const int LastYear = 2100;

    private static readonly ConcurrentDictionary<(string Zone, CalendarUnit Unit), CalendarPeriods> Known = new();

    private readonly CalendarUnit _unit;
    private readonly long[] _starts;
    private readonly long _firstOffsetMs;
    private readonly long _lastOffsetMs;
    private readonly long _firstPeriod;
    private readonly long _lastPeriod;
    private readonly long _meanMs;

    private CalendarPeriods(TimeZoneInfo zone, CalendarUnit unit)
    {
        _unit = unit;
        Zone = zone.Id;
        Word = WordOf(unit);
        _firstPeriod = CivilCalendar.PeriodOf(CivilCalendar.DayOf(FirstYear, 1, 1), unit) - 1;
        _lastPeriod = CivilCalendar.PeriodOf(CivilCalendar.DayOf(LastYear + 1, 1, 1), unit) + 1;
        var clock = new DayStarts(ZoneOffsets.Of(zone));
        _starts = new long[_lastPeriod - _firstPeriod + 1];
        for (int i = 0; i < _starts.Length; i++)
        {
            _starts[i] = clock.Of(CivilCalendar.FirstDayOf(_firstPeriod + i, unit));
        }

        _firstOffsetMs = clock.OffsetMsAt(_starts[0]);
        _lastOffsetMs = clock.OffsetMsAt(_starts[^1]);
        _meanMs = (_starts[^1] - _starts[0]) / (_starts.Length - 1);
        LengthMsMin = long.MaxValue;
        long divisor = _starts[0] == 0 ? SlotWidths.Unbounded : Math.Abs(_starts[0]);
        for (int i = 1; i < _starts.Length; i++)
        {
            long length = _starts[i] - _starts[i - 1];
            LengthMsMin = length == 0 ? LengthMsMin : Math.Min(LengthMsMin, length);
            EmptyCount += length == 0 ? 1 : 0;
            LengthMsMax = Math.Max(LengthMsMax, length);
            divisor = SlotWidths.CommonDivisor(divisor, length);
        }

        DivisorMs = divisor;
    }

    /// <summary>The zone's name.</summary>
    public string Zone { get; }

    /// <summary>Day, week or month.</summary>
    public CalendarUnit Unit => _unit;

    /// <inheritdoc/>
    public override string Word { get; }

    /// <inheritdoc/>
    public override string Text => $"{Word} {Zone}";

    /// <inheritdoc/>
    public override long UniformMs => SlotWidths.Unbounded;

    /// <inheritdoc/>
    public override long LengthMsMax { get; }

    /// <summary>Length of the shortest period that has any instant, in milliseconds.</summary>
    public override long LengthMsMin { get; }

    /// <inheritdoc/>
    public override int EmptyCount { get; }

    /// <inheritdoc/>
    public override long DivisorMs { get; }

    /// <summary>The periods of a zone by its IANA name; null when there is no such zone.</summary>
    public static CalendarPeriods? Find(string zone, CalendarUnit unit)
    {
        TimeZoneInfo? found = zone == "UTC" ? TimeZoneInfo.Utc : null;
        return found is not null || TimeZoneInfo.TryFindSystemTimeZoneById(zone, out found)
            ? Known.GetOrAdd((found.Id, unit), static (key, info) => new CalendarPeriods(info, key.Unit), found)
            : null;
    }

    /// <summary>The word of definitions for <paramref name="unit"/>.</summary>
    public static string WordOf(CalendarUnit unit) => unit switch
    {
        CalendarUnit.Day => "day",
        CalendarUnit.Week => "week",
        _ => "month",
    };

    /// <inheritdoc/>
    public override long IndexOf(long timeMs)
    {
        long[] starts = _starts;
        if (timeMs < starts[0])
        {
            return PeriodAt(timeMs, _firstOffsetMs) - _firstPeriod;
        }

        if (timeMs >= starts[^1])
        {
            return starts.Length - 1 + PeriodAt(timeMs, _lastOffsetMs) - _lastPeriod;
        }

        // Periods differ little from their mean, so the guess is off by two at most.
        int i = Math.Min((int)((timeMs - starts[0]) / _meanMs), starts.Length - 2);
        while (starts[i] > timeMs)
        {
            i--;
        }

        while (starts[i + 1] <= timeMs)
        {
            i++;
        }

        return i;
    }

    /// <inheritdoc/>
    public override long StartOf(long index) =>
        index < 0 ? StartOf(_firstPeriod + index, _firstOffsetMs)
        : index < _starts.Length ? _starts[index]
        : StartOf(_lastPeriod + index - (_starts.Length - 1), _lastOffsetMs);

    /// <inheritdoc/>
    public override bool Refines(Periods other) =>
        other is CalendarPeriods calendar && Zone == calendar.Zone && (_unit == calendar._unit || _unit == CalendarUnit.Day);

    private long PeriodAt(long timeMs, long offsetMs) =>
        CivilCalendar.PeriodOf(SlotWidths.Floor(timeMs + offsetMs, CivilCalendar.DayMs) / CivilCalendar.DayMs, _unit);

    private long StartOf(long period, long offsetMs) => (CivilCalendar.FirstDayOf(period, _unit) * CivilCalendar.DayMs) - offsetMs;

    /// <summary>Finds the first instant of local dates.</summary>
    private sealed class DayStarts(ZoneOffsets zone)
    {
        // No zone is further from UTC than this.
        private const long OffsetMsMax = 16 * 3_600_000L;

        /// <summary>First instant whose local date is <paramref name="day"/> (days since 1970-01-01) or later.</summary>
        public long Of(long day)
        {
            long midnight = day * CivilCalendar.DayMs;
            long low = midnight - OffsetMsMax;
            long high = midnight + OffsetMsMax;
            long before = OffsetMsAt(low);
            long after = OffsetMsAt(high);
            if (before == after)
            {
                return midnight - before;
            }

            long change = ChangeBetween(low, high, before);
            return midnight - before < change ? midnight - before : Math.Max(change, midnight - after);
        }

        public long OffsetMsAt(long timeMs) => zone.At(timeMs);

        private long ChangeBetween(long low, long high, long before)
        {
            while (high - low > 1)
            {
                long middle = low + ((high - low) / 2);
                if (OffsetMsAt(middle) == before)
                {
                    low = middle;
                }
                else
                {
                    high = middle;
                }
            }

            return high;
        }
    }
}
