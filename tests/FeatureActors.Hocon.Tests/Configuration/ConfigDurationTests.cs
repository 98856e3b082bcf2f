using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Hocon.Tests.Configuration;

public sealed class ConfigDurationTests
{
    [Theory]
    [InlineData("200ms", 200)]
    [InlineData("10", 10)]
    [InlineData("  10 s ", 10_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("7d", 604_800_000)]
    [InlineData("7 days", 604_800_000)]
    [InlineData("1.5 minutes", 90_000)]
    [InlineData("2000us", 2)]
    [InlineData("3000000 nanos", 3)]
    [InlineData("-10s", -10_000)]
    [InlineData("0", 0)]
    [InlineData("9223372036854775807ms", long.MaxValue)]
    [InlineData("106751991167d", 9_223_372_036_828_800_000)]
    public void Durations_are_read_in_every_unit(string text, long expectedMs)
    {
        Assert.True(ConfigDuration.TryParseMs(text, out long ms));
        Assert.Equal(expectedMs, ms);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("s")]
    [InlineData("10 S")]
    [InlineData("10x")]
    [InlineData("1 0s")]
    [InlineData("10s 5ms")]
    [InlineData("1,5s")]
    [InlineData("NaN")]
    [InlineData("1e30d")]
    [InlineData("106751991168d")]
    [InlineData("999999999999999999999999999999999999d")]
    public void Texts_that_are_no_duration_are_refused(string? text)
    {
        Assert.False(ConfigDuration.TryParseMs(text, out _));
        Assert.False(ConfigDuration.TryParse(text, out _));
    }

    [Fact]
    public void Nothing_is_rounded_to_the_wanted_precision()
    {
        Assert.False(ConfigDuration.TryParseMs("500us", out _));
        Assert.True(ConfigDuration.TryParse("500us", out TimeSpan halfMs));
        Assert.Equal(TimeSpan.FromMicroseconds(500), halfMs);
        Assert.True(ConfigDuration.TryParse("100ns", out TimeSpan tick));
        Assert.Equal(1, tick.Ticks);
        Assert.False(ConfigDuration.TryParse("50ns", out _));
    }

    [Theory]
    [InlineData(0, "0ms")]
    [InlineData(200, "200ms")]
    [InlineData(90_000, "90s")]
    [InlineData(5_400_000, "90m")]
    [InlineData(3_600_000, "1h")]
    [InlineData(604_800_000, "7d")]
    [InlineData(-60_000, "-1m")]
    public void Durations_are_written_in_their_largest_whole_unit_and_read_back(long ms, string expected)
    {
        Assert.Equal(expected, ConfigDuration.Format(ms));
        Assert.True(ConfigDuration.TryParseMs(expected, out long back));
        Assert.Equal(ms, back);
    }
}
