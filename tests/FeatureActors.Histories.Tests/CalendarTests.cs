using System.Globalization;
using FeatureActors.Histories.Tests.Driving;
using FeatureActors.Histories.Tests.Generation;
using FeatureActors.Histories.Tests.Model;

namespace FeatureActors.Histories.Tests;

/// <summary>Days, weeks and months of zones whose clocks change, against a calendar found by walking the clock minute by minute.</summary>
public sealed class CalendarTests
{
    private const long Minute = 60_000;
    private const long Hour = 3_600_000;
    private const long Day = 86_400_000;

    /// <summary>Zones with changes by an hour, by half an hour, at midnight, and of the offset for good; with offsets of 30 and 45 minutes.</summary>
    public static TheoryData<string> Zones =>
    [
        "Europe/Berlin", "Europe/London", "America/New_York", "America/St_Johns", "America/Sao_Paulo", "America/Havana", "America/Caracas",
        "Australia/Lord_Howe", "Australia/Adelaide", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Pyongyang", "Asia/Tehran", "Asia/Amman",
        "Africa/Cairo", "Africa/Casablanca", "Pacific/Apia", "Pacific/Chatham", "Antarctica/Troll",
    ];

    [Theory]
    [InlineData("Europe/Berlin", "2024-03-31", "2024-03-30T23:00:00Z", 23 * 60)]
    [InlineData("Europe/Berlin", "2024-10-27", "2024-10-26T22:00:00Z", 25 * 60)]
    [InlineData("Australia/Lord_Howe", "2024-10-06", "2024-10-05T13:30:00Z", (23 * 60) + 30)]
    [InlineData("Australia/Lord_Howe", "2024-04-07", "2024-04-06T13:00:00Z", (24 * 60) + 30)]
    [InlineData("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", 23 * 60)]
    [InlineData("America/Havana", "2024-11-03", "2024-11-03T04:00:00Z", 25 * 60)]
    [InlineData("Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", 24 * 60)]
    [InlineData("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", 24 * 60)]
    [InlineData("Asia/Kolkata", "2024-06-01", "2024-05-31T18:30:00Z", 24 * 60)]
    public void The_reference_calendar_is_right_about_well_known_days(string zone, string date, string start, int minutes)
    {
        long startMs = DateTimeOffset.Parse(start, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
        Assert.Equal(startMs, ReferenceCalendar.StartOf(zone, DateOnly.Parse(date, CultureInfo.InvariantCulture)));
        Assert.Equal((startMs, startMs + (minutes * Minute)), ReferenceCalendar.Period(zone, "day", startMs, 0));
        Assert.Equal((startMs, startMs + (minutes * Minute)), ReferenceCalendar.Period(zone, "day", startMs + (minutes * Minute) - 1, 0));
    }

    [Theory]
    [MemberData(nameof(Zones))]
    public void Days_weeks_and_months_around_every_change_of_the_clock_hold_what_the_reference_calendar_says(string zone)
    {
        long comparisons = 0;
        foreach (long change in ChangesOf(zone))
        {
            foreach (string unit in new[] { "day", "week", "month" })
            {
                History history = Around(zone, unit, change);
                string? failure = HistoryBatch.Check(history, PlantedFault.None, ref comparisons);
                Assert.True(failure is null, $"{failure}\n{history.Group.Hocon()}");
            }
        }

        Assert.True(comparisons > 100);
    }

    /// <summary>Counts over this period and the two before it, with rows at every start, the millisecond before it, and around the change.</summary>
    private static History Around(string zone, string unit, long changeMs)
    {
        WindowSpec[] windows = [WindowForms.Calendar(unit, zone, 0), WindowForms.Calendar(unit, zone, 1), WindowForms.Calendar(unit, zone, 2)];
        FeatureSpec count = new() { Name = "n", Type = "count", Windows = windows };
        FeatureSpec newest = new() { Name = "l", Type = "last", Of = Column.V, N = 3, Windows = windows };
        var times = new SortedSet<long>();
        for (int back = -1; back <= 2; back++)
        {
            long start = ReferenceCalendar.Period(zone, unit, changeMs, back).StartMs;
            times.UnionWith([start - 1, start, start + 1]);
        }

        for (int i = -5; i <= 5; i++)
        {
            times.UnionWith([changeMs + (i * 30 * Minute), changeMs + (i * 30 * Minute) - 1]);
        }

        HistoryRow[] rows = [.. times.Select(static (t, i) => new HistoryRow { Id = i, StatedMs = t, ArrivalMs = t, V = i })];
        return new History(changeMs, new GroupSpec { Features = [count, newest], Trigger = TriggerSpec.Update(0) }, rows, Leaps: false);
    }

    /// <summary>Instants from 2011 to 2026 at which the offset of the zone changes; for a zone without any, new year.</summary>
    private static List<long> ChangesOf(string zone)
    {
        TimeZoneInfo info = TimeZoneInfo.FindSystemTimeZoneById(zone);
        var changes = new List<long>();
        long end = DateTimeOffset.Parse("2026-12-31T00:00:00Z", CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
        for (long at = DateTimeOffset.Parse("2011-01-01T00:00:00Z", CultureInfo.InvariantCulture).ToUnixTimeMilliseconds(); at < end; at += Day)
        {
            if (OffsetAt(info, at) == OffsetAt(info, at + Day))
            {
                continue;
            }

            long minute = at;
            while (OffsetAt(info, minute) == OffsetAt(info, minute + Minute))
            {
                minute += Minute;
            }

            changes.Add(minute + Minute);
        }

        return changes.Count > 0 ? changes : [DateTimeOffset.Parse("2024-01-01T00:00:00Z", CultureInfo.InvariantCulture).ToUnixTimeMilliseconds() - Hour];
    }

    private static TimeSpan OffsetAt(TimeZoneInfo zone, long atMs) => zone.GetUtcOffset(DateTime.UnixEpoch.AddMilliseconds(atMs));
}
