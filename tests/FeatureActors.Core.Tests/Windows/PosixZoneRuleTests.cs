using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Tests.Windows;

public sealed class PosixZoneRuleTests
{
    [Theory]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3", "2050-03-27T00:59:59", 3600)]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3", "2050-03-27T01:00:00", 7200)]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3", "2050-10-30T00:59:59", 7200)]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3", "2050-10-30T01:00:00", 3600)]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3", "2050-12-31T23:59:59", 3600)]
    [InlineData("<-04>4<-03>,M9.1.6/24,M4.1.6/24", "2038-04-04T02:59:59", -10800)]
    [InlineData("<-04>4<-03>,M9.1.6/24,M4.1.6/24", "2038-04-04T03:00:00", -14400)]
    [InlineData("<-04>4<-03>,M9.1.6/24,M4.1.6/24", "2038-09-05T03:59:59", -14400)]
    [InlineData("<-04>4<-03>,M9.1.6/24,M4.1.6/24", "2038-09-05T04:00:00", -10800)]
    [InlineData("IST-2IDT,M3.4.4/26,M10.5.0", "2038-03-25T23:59:59", 7200)]
    [InlineData("IST-2IDT,M3.4.4/26,M10.5.0", "2038-03-26T00:00:00", 10800)]
    [InlineData("IST-1GMT0,M10.5.0,M3.5.0/1", "2040-07-01T00:00:00", 3600)]
    [InlineData("IST-1GMT0,M10.5.0,M3.5.0/1", "2040-01-01T00:00:00", 0)]
    [InlineData("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2040-01-01T00:00:00", 39600)]
    [InlineData("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2040-07-01T00:00:00", 37800)]
    [InlineData("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2040-03-25T00:59:59", -7200)]
    [InlineData("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2040-03-25T01:00:00", -3600)]
    [InlineData("EST5EDT4,J60/0,J300/0", "2096-03-01T04:59:59", -18000)]
    [InlineData("EST5EDT4,J60/0,J300/0", "2096-03-01T05:00:00", -14400)]
    [InlineData("EST5EDT4,59/0,299/0", "2096-02-29T05:00:00", -14400)]
    [InlineData("IST-5:30", "2096-02-29T05:00:00", 19800)]
    public void Rule_gives_the_offset_on_both_sides_of_its_changes(string rule, string utc, int offset)
    {
        var time = DateTime.Parse(utc, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(offset, PosixZoneRule.TryParse(rule)!.OffsetAt((long)(time - DateTime.UnixEpoch).TotalSeconds));
    }

    [Theory]
    [InlineData("")]
    [InlineData("CET")]
    [InlineData("CET-1CEST")]
    [InlineData("CET-1CEST,M3.5.0")]
    [InlineData("CET-1CEST,M3.5.0,M10.5.0/3,")]
    [InlineData("CET-1CEST,M3.5,M10.5.0")]
    [InlineData("<+03-3")]
    public void Text_that_is_no_rule_is_none(string text) => Assert.Null(PosixZoneRule.TryParse(text));

    [Theory]
    [InlineData("Asia/Jerusalem", "2038-03-25T22:00:00", 23)]
    [InlineData("America/Santiago", "2038-04-03T03:00:00", 25)]
    [InlineData("America/Santiago", "2099-09-06T04:00:00", 23)]
    public void Days_far_ahead_follow_the_rule_of_the_zone(string zone, string start, int hours)
    {
        long startMs = (long)(DateTime.Parse(start, System.Globalization.CultureInfo.InvariantCulture) - DateTime.UnixEpoch).TotalMilliseconds;
        CalendarPeriods days = CalendarPeriods.Find(zone, CalendarUnit.Day)!;
        long index = days.IndexOf(startMs);
        Assert.Equal(startMs, days.StartOf(index));
        Assert.Equal(hours * 3_600_000L, days.StartOf(index + 1) - startMs);
    }
}
