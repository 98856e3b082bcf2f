namespace FeatureActors.Core.Tests.Windows;

/// <summary>
/// Local dates of some zones, from their published rules, minute by minute: slow, simple, and without the zone database or any code of
/// the engine. A zone is right only in the years its rule holds.
/// </summary>
internal sealed class ReferenceCalendar
{
    public static readonly IReadOnlyDictionary<string, ReferenceCalendar> Zones = new Dictionary<string, ReferenceCalendar>
    {
        ["UTC"] = new(1970, 2100, static _ => 0),
        ["Asia/Kolkata"] = new(1970, 2100, static _ => 330),

        // Summer time between 01:00 UTC of the last Sundays of March and October.
        ["Europe/Paris"] = new(1997, 2100, static u => Between(u, Last(u, 3, DayOfWeek.Sunday, 60), Last(u, 10, DayOfWeek.Sunday, 60)) ? 120 : 60),

        // 02:00 local of the second Sunday of March to 02:00 local of the first Sunday of November.
        ["America/New_York"] = new(2008, 2100, static u => Between(u, Nth(u, 3, 2, 420), Nth(u, 11, 1, 360)) ? -240 : -300),

        // By half an hour: from 02:00 local of the first Sunday of April (clocks back) to that of October (clocks on).
        ["Australia/Lord_Howe"] = new(2009, 2100, static u => Between(u, Nth(u, 4, 1, 120 - 660), Nth(u, 10, 1, 120 - 630)) ? 630 : 660),

        // Midnight is skipped in March, and shown twice in November.
        ["America/Havana"] = new(2014, 2100, static u => Between(u, Nth(u, 3, 2, 300), Nth(u, 11, 1, 300)) ? -240 : -300),

        // At one minute past midnight, so that a date begins, ends and begins again.
        ["America/St_Johns"] = new(2008, 2010, static u => Between(u, Nth(u, 3, 2, 211), Nth(u, 11, 1, 151)) ? -150 : -210),

        // The second half of 2011: a day of the west, then one of the east, and 30 December is left out.
        ["Pacific/Apia"] = new(2011, 2011, static u => u >= new DateTime(2011, 12, 30, 10, 0, 0) ? 840 : u >= new DateTime(2011, 9, 24, 14, 0, 0) ? -600 : u >= new DateTime(2011, 4, 2, 14, 0, 0) ? -660 : -600),
    };

    private readonly Func<DateTime, int> _offsetMinutes;

    private ReferenceCalendar(int firstYear, int lastYear, Func<DateTime, int> offsetMinutes)
    {
        FirstYear = firstYear;
        LastYear = lastYear;
        _offsetMinutes = offsetMinutes;
    }

    public int FirstYear { get; }

    public int LastYear { get; }

    /// <summary>The first instant whose local date is <paramref name="date"/> or later, in Unix milliseconds.</summary>
    public long StartOf(DateOnly date)
    {
        DateTime midnight = date.ToDateTime(TimeOnly.MinValue);
        DateTime utc = midnight.AddHours(-15);
        while (Local(utc) < midnight.AddHours(-2))
        {
            utc = utc.AddHours(1);
        }

        // No clock goes back by more than two hours, so the first midnight still lies ahead.
        while (Local(utc) < midnight)
        {
            utc = utc.AddMinutes(1);
        }

        return (long)(utc - DateTime.UnixEpoch).TotalMilliseconds;
    }

    public DateOnly DateAt(long timeMs) => DateOnly.FromDateTime(Local(DateTime.UnixEpoch.AddMilliseconds(timeMs)));

    private static DateTime Nth(DateTime year, int month, int nth, int utcMinutes)
    {
        var first = new DateTime(year.Year, month, 1);
        int days = (((int)DayOfWeek.Sunday - (int)first.DayOfWeek + 7) % 7) + ((nth - 1) * 7);
        return first.AddDays(days).AddMinutes(utcMinutes);
    }

    private static DateTime Last(DateTime year, int month, DayOfWeek day, int utcMinutes)
    {
        DateTime last = new DateTime(year.Year, month, 1).AddMonths(1).AddDays(-1);
        return last.AddDays(-(((int)last.DayOfWeek - (int)day + 7) % 7)).AddMinutes(utcMinutes);
    }

    private static bool Between(DateTime utc, DateTime from, DateTime to) => from <= utc && utc < to;

    private DateTime Local(DateTime utc) => utc.AddMinutes(_offsetMinutes(utc));
}
