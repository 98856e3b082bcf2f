namespace FeatureActors.Core.Windows;

/// <summary>
/// The Gregorian calendar on days since 1970-01-01, in both directions without end. The conversions are those of Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms" (days_from_civil, civil_from_days).
/// </summary>
internal static class CivilCalendar
{
    public const long DayMs = 86_400_000;

    private const long DaysInEra = 146_097;

    // 1970-01-01 was a Thursday.
    private const long DaysSinceMonday = 3;

    /// <summary>Number of the day, week (Monday first) or month that holds <paramref name="day"/>; 0 holds 1970-01-01.</summary>
    public static long PeriodOf(long day, CalendarUnit unit)
    {
        switch (unit)
        {
            case CalendarUnit.Day:
                return day;
            case CalendarUnit.Week:
                return SlotWidths.Floor(day + DaysSinceMonday, 7) / 7;
            default:
                (long year, int month) = MonthOf(day);
                return ((year - 1970) * 12) + month - 1;
        }
    }

    /// <summary>First day of a period of <see cref="PeriodOf"/>.</summary>
    public static long FirstDayOf(long period, CalendarUnit unit)
    {
        switch (unit)
        {
            case CalendarUnit.Day:
                return period;
            case CalendarUnit.Week:
                return (period * 7) - DaysSinceMonday;
            default:
                long year = SlotWidths.Floor(period, 12) / 12;
                return DayOf(1970 + year, (int)(period - (year * 12)) + 1, 1);
        }
    }

    /// <summary>Days from 1970-01-01 to the date.</summary>
    public static long DayOf(long year, int month, int dayOfMonth)
    {
        year -= month <= 2 ? 1 : 0;
        long era = SlotWidths.Floor(year, 400) / 400;
        long yearOfEra = year - (era * 400);
        long dayOfYear = (((153 * (month + (month > 2 ? -3 : 9))) + 2) / 5) + dayOfMonth - 1;
        long dayOfEra = (yearOfEra * 365) + (yearOfEra / 4) - (yearOfEra / 100) + dayOfYear;
        return (era * DaysInEra) + dayOfEra - 719_468;
    }

    /// <summary>The year of a day.</summary>
    public static long YearOf(long day) => MonthOf(day).Year;

    /// <summary>0 for Sunday to 6 for Saturday.</summary>
    public static int WeekdayOf(long day) => (int)(day + 4 - SlotWidths.Floor(day + 4, 7));

    private static (long Year, int Month) MonthOf(long day)
    {
        day += 719_468;
        long era = SlotWidths.Floor(day, DaysInEra) / DaysInEra;
        long dayOfEra = day - (era * DaysInEra);
        long yearOfEra = (dayOfEra - (dayOfEra / 1_460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        long dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        int monthFromMarch = (int)(((5 * dayOfYear) + 2) / 153);
        int month = monthFromMarch + (monthFromMarch < 10 ? 3 : -9);
        return (yearOfEra + (era * 400) + (month <= 2 ? 1 : 0), month);
    }
}
