using FeatureActors.Core.Windows;
using FeatureActors.TestKit.Features;

namespace FeatureActors.Core.Tests.Payloads;

public sealed class ScalarFeatureTypeTests
{
    private static SlotTimeline Timeline { get; } = new([SlidingWindow.Of("w", 10_000, 1_000)]);

    [Theory]
    [InlineData(127, 1)]
    [InlineData(128, 2)]
    [InlineData(32_767, 2)]
    [InlineData(32_768, 4)]
    public void A_count_takes_the_fewest_bytes_that_hold_it(int rows, int bytes)
    {
        AggregateDriver driver = Driver("count");
        for (int i = 0; i < rows; i++)
        {
            driver.Apply(Row());
        }

        Assert.Equal(bytes, driver.PayloadBytes);
        driver.Apply(Row().Retracted());
        Assert.Equal((rows - 1).ToString(System.Globalization.CultureInfo.InvariantCulture), driver.Evaluate(0, 0));
    }

    [Fact]
    public void A_sum_of_longs_outgrows_64_bits_and_comes_back()
    {
        AggregateDriver driver = Driver("sum", ("of", "whole"));
        driver.Apply(Row(whole: long.MaxValue));
        driver.Apply(Row(whole: long.MaxValue));
        Assert.Equal("18446744073709551614", driver.Evaluate(0, 0));
        driver.Apply(Row(whole: long.MaxValue).Retracted());
        Assert.Equal(8, driver.PayloadBytes);
    }

    [Fact]
    public void A_sum_of_doubles_loses_nothing_to_large_values_in_between()
    {
        AggregateDriver driver = Driver("sum", ("of", "real"));
        driver.Apply(Row(real: 0.1));
        driver.Apply(Row(real: 1e15));
        driver.Apply(Row(real: 0.2));
        driver.Apply(Row(real: 1e15).Retracted());
        Assert.Equal("0.3", driver.Evaluate(0, 0)![..3]);
        driver.Apply(Row(real: 0.1).Retracted());
        driver.Apply(Row(real: 0.2).Retracted());
        Assert.Equal("0", driver.Evaluate(0, 0));
    }

    [Fact]
    public void A_sum_of_doubles_beyond_their_range_is_absent()
    {
        AggregateDriver driver = Driver("sum", ("of", "real"));
        driver.Apply(Row(real: double.MaxValue));
        driver.Apply(Row(real: double.MaxValue));
        Assert.Null(driver.Evaluate(0, 0));
    }

    [Fact]
    public void A_decimal_that_needs_more_than_38_digits_is_refused_and_changes_nothing()
    {
        AggregateDriver driver = Driver("sum", ("of", "exact"));
        driver.Apply(Row(exact: decimal.MaxValue));
        Assert.Throws<OverflowException>(() => driver.Apply(Row(exact: 0.0000000000000000000000000001m)));
        Assert.Equal("79228162514264337593543950335", driver.Evaluate(0, 0));
        driver.Apply(Row(exact: 0.5m));
        driver.Apply(Row(exact: decimal.MaxValue).Retracted());
        Assert.Equal("0.5", driver.Evaluate(0, 0));
    }

    [Fact]
    public void Null_says_nothing_to_a_feature_that_reads_the_field()
    {
        AggregateDriver driver = Driver("sum", ("of", "real"));
        Assert.False(driver.Apply(Row()));
        Assert.Equal(0, driver.SlotCount);
        Assert.Equal("0", driver.Evaluate(0, 0));
    }

    [Fact]
    public void An_empty_string_is_a_value_for_min_last_and_latest()
    {
        foreach (string type in new[] { "min", "max", "first", "last", "latest" })
        {
            AggregateDriver driver = Driver(type, ("of", "text"));
            driver.Apply(new SampleRow(0, string.Empty, null, null, null, null, null));
            Assert.Equal(string.Empty, driver.Evaluate(0, 0));
        }
    }

    [Fact]
    public void A_string_over_64_KiB_is_refused()
    {
        AggregateDriver driver = Driver("last", ("of", "text"));
        Assert.Throws<InvalidOperationException>(
            () => driver.Apply(new SampleRow(0, new string('x', 65_537), null, null, null, null, null)));
        Assert.Equal(0, driver.SlotCount);
    }

    private static SampleRow Row(long? whole = null, double? real = null, decimal? exact = null) =>
        new(0, null, whole, real, exact, null, null);

    private static AggregateDriver Driver(string type, params (string Key, object Value)[] settings) =>
        new(FeatureCase.Bind(type, settings), Timeline);
}
