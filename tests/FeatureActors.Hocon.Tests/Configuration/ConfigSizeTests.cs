using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Hocon.Tests.Configuration;

public sealed class ConfigSizeTests
{
    [Theory]
    [InlineData("512", 512)]
    [InlineData("0", 0)]
    [InlineData("1 B", 1)]
    [InlineData("64KiB", 65_536)]
    [InlineData("64K", 65_536)]
    [InlineData("64k", 65_536)]
    [InlineData("10kB", 10_000)]
    [InlineData("10MB", 10_000_000)]
    [InlineData("10 MiB", 10_485_760)]
    [InlineData("1.5 megabytes", 1_500_000)]
    [InlineData("2 gibibytes", 2_147_483_648)]
    [InlineData("7EiB", 8_070_450_532_247_928_832)]
    public void Sizes_are_read_in_powers_of_ten_and_of_two(string text, long expected)
    {
        Assert.True(ConfigSize.TryParse(text, out long bytes));
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("KiB")]
    [InlineData("10KB")]
    [InlineData("10 mb")]
    [InlineData("-1")]
    [InlineData("0.5")]
    [InlineData("8EiB")]
    [InlineData("1e20EB")]
    public void Texts_that_are_no_size_are_refused(string? text) => Assert.False(ConfigSize.TryParse(text, out _));
}
