using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Tests.Windows;

public sealed class CalendarPeriodsTests
{
    private const long Hour = 3_600_000;

    public static TheoryData<string> Zones() => [.. ReferenceCalendar.Zones.Keys];

    [Theory]
    [MemberData(nameof(Zones))]
    public void Days_weeks_and_months_start_where_the_published_rules_of_the_zone_say(string zone)
    {
        ReferenceCalendar reference = ReferenceCalendar.Zones[zone];
        var from = new DateOnly(reference.FirstYear, 1, 1);
        var to = new DateOnly(reference.LastYear, 12, 31);
        if (zone == "Pacific/Apia")
        {
            (from, to) = (new DateOnly(2011, 5, 1), new DateOnly(2011, 12, 31));
        }

        CalendarPeriods days = CalendarPeriods.Find(zone, CalendarUnit.Day)!;
        CalendarPeriods weeks = CalendarPeriods.Find(zone, CalendarUnit.Week)!;
        CalendarPeriods months = CalendarPeriods.Find(zone, CalendarUnit.Month)!;
        for (DateOnly date = from; date < to; date = date.AddDays(1))
        {
            long start = reference.StartOf(date);
            long end = reference.StartOf(date.AddDays(1));
            if (start == end)
            {
                continue;
            }

            long index = days.IndexOf(start);
            Assert.True(start == days.StartOf(index), $"{zone} {date}: {days.StartOf(index)} instead of {start}");
            Assert.True(end == days.StartOf(index + 1), $"{zone} {date}: ends at {days.StartOf(index + 1)} instead of {end}");
            Assert.Equal(index, days.IndexOf(end - 1));
            Assert.Equal(days.StartOf(index - 1) == start ? index - 2 : index - 1, days.IndexOf(start - 1));
            Assert.Equal(date.DayOfWeek == DayOfWeek.Monday, weeks.CellStart(start) == start);
            Assert.Equal(weeks.CellStart(start), weeks.CellStart(end - 1));
            Assert.Equal(date.Day == 1, months.CellStart(start) == start);
            Assert.Equal(months.CellStart(start), months.CellStart(end - 1));
        }
    }

    [Theory]
    [InlineData("Europe/Paris", "2024-03-31", 23)]
    [InlineData("Europe/Paris", "2024-10-27", 25)]
    [InlineData("America/New_York", "2024-03-10", 23)]
    [InlineData("America/New_York", "2024-11-03", 25)]
    [InlineData("Australia/Lord_Howe", "2024-04-07", 24.5)]
    [InlineData("Australia/Lord_Howe", "2024-10-06", 23.5)]
    [InlineData("Asia/Kolkata", "2024-03-31", 24)]
    [InlineData("America/Havana", "2024-03-10", 23)]
    [InlineData("America/Havana", "2024-11-03", 25)]
    [InlineData("Pacific/Apia", "2011-12-29", 24)]
    [InlineData("Pacific/Apia", "2011-12-31", 24)]
    [InlineData("UTC", "2010-06-15", 24)]
    public void Day_of_a_clock_change_has_as_many_hours_as_its_clocks_show(string zone, string date, double hours)
    {
        CalendarPeriods days = CalendarPeriods.Find(zone, CalendarUnit.Day)!;
        long midnight = ReferenceCalendar.Zones[zone].StartOf(DateOnly.Parse(date, System.Globalization.CultureInfo.InvariantCulture));
        long index = days.IndexOf(midnight);
        Assert.Equal(hours * Hour, days.StartOf(index + 1) - days.StartOf(index));
    }

    [Fact]
    public void A_date_that_the_zone_left_out_is_a_period_without_any_instant()
    {
        CalendarPeriods days = CalendarPeriods.Find("Pacific/Apia", CalendarUnit.Day)!;
        long last = days.IndexOf(Ms(2011, 12, 30, 9));
        Assert.Equal(Ms(2011, 12, 30, 10), days.StartOf(last + 1));
        Assert.Equal(Ms(2011, 12, 30, 10), days.StartOf(last + 2));
        Assert.Equal(Ms(2011, 12, 31, 10), days.StartOf(last + 3));
        Assert.Equal(last + 2, days.IndexOf(Ms(2011, 12, 30, 10)));
        Assert.Equal(23 * Hour, days.LengthMsMin);
    }

    [Theory]
    [InlineData("Pacific/Apia", 1, 0)]
    [InlineData("Pacific/Apia", 2, 23)]
    [InlineData("Europe/Berlin", 2, 46)]
    public void Days_back_hold_a_slot_no_longer_for_sure_than_without_the_date_that_was_left_out(string zone, int back, int hours)
    {
        var window = new TumblingWindow("w", CalendarPeriods.Find(zone, CalendarUnit.Day)!, back);
        Assert.Equal(hours * Hour, new SlotTimeline([window]).HoldsMs);
    }

    [Theory]
    [InlineData(CalendarUnit.Day)]
    [InlineData(CalendarUnit.Week)]
    [InlineData(CalendarUnit.Month)]
    public void Periods_follow_each_other_without_a_gap_before_in_and_behind_the_table(CalendarUnit unit)
    {
        foreach (string zone in ReferenceCalendar.Zones.Keys)
        {
            CalendarPeriods periods = CalendarPeriods.Find(zone, unit)!;
            foreach (long around in (long[])[Ms(1970, 1, 1, 0), Ms(2101, 1, 1, 0), Ms(1850, 1, 1, 0), Ms(2400, 1, 1, 0)])
            {
                long middle = periods.IndexOf(around);
                for (long i = middle - 100; i < middle + 100; i++)
                {
                    long start = periods.StartOf(i);
                    long next = periods.StartOf(i + 1);
                    Assert.True(start < next, $"{zone} {unit} {i}");
                    Assert.Equal(i, periods.IndexOf(start));
                    Assert.Equal(i, periods.IndexOf(next - 1));
                }
            }
        }
    }

    [Fact]
    public void Unknown_zone_has_no_periods()
    {
        Assert.Null(CalendarPeriods.Find("Europe/Lutetia", CalendarUnit.Day));
        Assert.Same(CalendarPeriods.Find("Europe/Paris", CalendarUnit.Day), CalendarPeriods.Find("Europe/Paris", CalendarUnit.Day));
    }

    private static long Ms(int year, int month, int day, int hour) =>
        (long)(new DateTime(year, month, day, hour, 0, 0) - DateTime.UnixEpoch).TotalMilliseconds;
}
