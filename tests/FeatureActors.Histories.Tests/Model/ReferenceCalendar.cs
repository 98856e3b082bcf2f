using System.Collections.Concurrent;

namespace FeatureActors.Histories.Tests.Model;

/// <summary>
/// Days, weeks and months of a zone found by walking the clock minute by minute: a period starts at the first minute whose local date
/// is its first date, or a later one when that date does not exist.
/// </summary>
internal static class ReferenceCalendar
{
    private const long Minute = 60_000;
    private const long Day = 86_400_000;

    // Local time is never further from UTC.
    private const long OffsetMax = 16 * 3_600_000;

    private static readonly ConcurrentDictionary<(string, DateOnly), long> Starts = new();

    /// <summary>The period that contains <paramref name="nowMs"/>, moved by <paramref name="back"/> periods.</summary>
    public static (long StartMs, long EndMs) Period(string zone, string unit, long nowMs, int back)
    {
        // One period too late is certain to start behind T; then go back to the one that does not.
        DateOnly first = FirstDate(unit, DateOf(nowMs + OffsetMax + Day));
        while (StartOf(zone, first) > nowMs)
        {
            first = Move(unit, first, -1);
        }

        // A date that the zone left out begins and ends when the next one begins: a period like any other, without rows.
        first = Move(unit, first, -back);
        return (StartOf(zone, first), StartOf(zone, Move(unit, first, 1)));
    }

    public static long StartOf(string zone, DateOnly date) => Starts.GetOrAdd((zone, date), static k =>
    {
        TimeZoneInfo info = TimeZoneInfo.FindSystemTimeZoneById(k.Item1);
        long at = ((long)(k.Item2.DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber) * Day) - OffsetMax;
        while (LocalDate(info, at) < k.Item2)
        {
            at += Minute;
        }

        return at;
    });

    private static DateOnly LocalDate(TimeZoneInfo zone, long atMs)
    {
        DateTime utc = DateTime.UnixEpoch.AddMilliseconds(atMs);
        return DateOnly.FromDateTime(utc + zone.GetUtcOffset(utc));
    }

    private static DateOnly DateOf(long atMs) => DateOnly.FromDateTime(DateTime.UnixEpoch.AddMilliseconds(atMs));

    private static DateOnly FirstDate(string unit, DateOnly date) => unit switch
    {
        "day" => date,
        "week" => date.AddDays(-(((int)date.DayOfWeek + 6) % 7)),
        _ => new DateOnly(date.Year, date.Month, 1),
    };

    private static DateOnly Move(string unit, DateOnly first, int periods) => unit switch
    {
        "day" => first.AddDays(periods),
        "week" => first.AddDays(7 * periods),
        _ => first.AddMonths(periods),
    };
}
