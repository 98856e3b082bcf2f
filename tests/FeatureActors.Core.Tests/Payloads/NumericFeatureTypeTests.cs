using System.Globalization;
using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Windows;
using FeatureActors.TestKit.Features;

namespace FeatureActors.Core.Tests.Payloads;

public sealed class NumericFeatureTypeTests
{
    private static SlotTimeline Timeline { get; } = new([SlidingWindow.Of("w", 10_000, 1_000)]);

    [Theory]
    [InlineData(1e9, 1e-3)]
    [InlineData(1e12, 1e-4)]
    [InlineData(-123456789.125, 0.5)]
    public void Variance_of_values_that_differ_little_from_a_large_mean_keeps_nine_digits(double mean, double spread)
    {
        var random = new Random(3);
        AggregateDriver driver = Driver("variance", ("of", "real"));
        var values = new List<decimal>();
        for (int i = 0; i < 1000; i++)
        {
            double value = mean + ((random.NextDouble() - 0.5) * spread);
            values.Add(Exact(value - mean));
            driver.Apply(new SampleRow(random.Next(10_000), null, null, value, null, null, null));
        }

        // value − mean is exact in double here, and shifting by the mean does not change the variance.
        decimal average = values.Average();
        decimal expected = values.Sum(v => (v - average) * (v - average)) / values.Count;
        Near((double)expected, driver.Evaluate(0, 9_999), 1e-9);
    }

    [Fact]
    public void Variance_of_longs_at_the_ends_of_their_range_is_exact()
    {
        AggregateDriver driver = Driver("variance", ("of", "whole"));
        driver.Apply(new SampleRow(0, null, long.MaxValue, null, null, null, null));
        driver.Apply(new SampleRow(0, null, long.MaxValue - 2, null, null, null, null));
        Assert.Equal("1", driver.Evaluate(0, 0));
        driver.Apply(new SampleRow(0, null, long.MinValue, null, null, null, null));
        driver.Apply(new SampleRow(0, null, long.MinValue, null, null, null, null).Retracted());
        Assert.Equal("1", driver.Evaluate(0, 0));
    }

    [Fact]
    public void Sample_variance_needs_two_rows_and_rows_that_cancel_out_leave_none()
    {
        AggregateDriver driver = Driver("variance", ("of", "real"), ("sample", true));
        var row = new SampleRow(0, null, null, 4.5, null, null, null);
        driver.Apply(row);
        Assert.Null(driver.Evaluate(0, 0));
        driver.Apply(row);
        Assert.Equal("0", driver.Evaluate(0, 0));
        driver.Apply(row.Retracted());
        driver.Apply(row.Retracted());
        Assert.Null(driver.Evaluate(0, 0));
        Assert.Equal(0, driver.PayloadBytes);
    }

    [Fact]
    public void Decayed_sum_halves_per_half_life_and_is_spent_at_the_time_it_foretells()
    {
        FeatureAggregate aggregate = FeatureCase.Bind("decayed-sum", ("of", "real"), ("half-life", 8_000), ("epsilon", 0.001));
        Assert.Equal(1_000, aggregate.AgeingStepMs);
        var storage = new ArraySlotStorage();
        storage.Open(0, []);
        var slot = new FeatureSlot(storage);
        aggregate.Apply(new SampleRow(1_000_000, null, null, 100.0, null, null, null).View, ref slot);
        aggregate.Apply(new SampleRow(1_008_000, null, null, -10.0, null, null, null).View, ref slot);
        Near(40, At(aggregate, storage, 1_008_000), 1e-12);
        Near(20, At(aggregate, storage, 1_016_000), 1e-12);

        // 40 · 2^(−x/8) < 0.001 from x = 122.301 s on, seen at the next whole second.
        Assert.Equal(1_131_000, aggregate.SpentAtMs(List(storage, 1_008_000)));
        Assert.False(aggregate.IsSpent(List(storage, 1_130_000)));
        Assert.NotNull(At(aggregate, storage, 1_130_000));
        Assert.True(aggregate.IsSpent(List(storage, 1_131_000)));
        Assert.Null(At(aggregate, storage, 1_131_000));
    }

    [Fact]
    public void Decayed_sum_keeps_1e9_relative_over_years_and_far_apart_rows()
    {
        FeatureAggregate aggregate = FeatureCase.Bind("decayed-sum", ("of", "real"), ("half-life", 86_400_000));
        var storage = new ArraySlotStorage();
        storage.Open(0, []);
        var slot = new FeatureSlot(storage);
        const long start = 1_700_000_000_000;
        const long hour = 3_600_000;
        var random = new Random(11);
        double expected = 0;
        double weight = 0;
        long now = start + (20_000 * hour);
        foreach (int i in Enumerable.Range(0, 20_000).OrderBy(_ => random.Next()))
        {
            double x = random.NextDouble() - 0.5;
            double factor = Math.Pow(2, -(now - (start + (i * hour))) / 86_400_000.0);
            expected += x * factor;
            weight += Math.Abs(x) * factor;
            aggregate.Apply(new SampleRow(start + (i * hour), null, null, x, null, null, null).View, ref slot);
        }

        double actual = double.Parse(At(aggregate, storage, now)!, CultureInfo.InvariantCulture);
        Assert.InRange(Math.Abs(actual - expected), 0, 1e-9 * weight);
        Assert.InRange(storage.Payload.Length, 1, 22);
    }

    [Fact]
    public void Quantiles_of_any_magnitude_are_within_the_stated_error()
    {
        var random = new Random(5);
        foreach (double error in new[] { 0.0001, 0.001, 0.01, 0.1, 0.5 })
        {
            AggregateDriver driver = Driver("quantile", ("of", "real"), ("q", "[0, 0.25, 0.5, 0.75, 1]"), ("error", error), ("max-bins", 65_536));
            double[] values = [.. Enumerable.Range(0, 501).Select(_ => (random.Next(2) - 0.5) * Math.ScaleB(1 + random.NextDouble(), random.Next(-1000, 1020)))];
            foreach (double value in values)
            {
                driver.Apply(new SampleRow(random.Next(10_000), null, null, value, null, null, null));
            }

            Array.Sort(values);
            string[] actual = driver.Evaluate(0, 9_999)!.Trim('[', ']').Split(',');
            for (int i = 0; i < actual.Length; i++)
            {
                Near(values[i * 125], actual[i], error);
            }

            Assert.Equal(ValueQuality.Approximate, driver.Quality);
        }
    }

    [Fact]
    public void Quantile_beyond_its_bins_joins_those_nearest_zero_whatever_the_order_and_says_so()
    {
        var random = new Random(9);
        double[] values = [.. Enumerable.Range(1, 400).Select(static i => Math.Pow(1.1, i) * (i % 3 == 0 ? -1 : 1))];
        var seen = new HashSet<string>();
        for (int round = 0; round < 20; round++)
        {
            AggregateDriver driver = Driver("quantile", ("of", "real"), ("q", "[0, 0.01, 0.33, 0.5, 0.99, 1]"), ("max-bins", 16));
            random.Shuffle(values);
            foreach (double value in values)
            {
                driver.Apply(new SampleRow(random.Next(round % 2 == 0 ? 1 : 10_000), null, null, value, null, null, null));
            }

            seen.Add(driver.Evaluate(0, 9_999)!);
            Assert.Equal(ValueQuality.Approximate | ValueQuality.Truncated, driver.Quality);
        }

        string[] found = Assert.Single(seen).Trim('[', ']').Split(',');
        Array.Sort(values);
        Near(values[0], found[0], 0.01);
        Near(values[3], found[1], 0.01);
        Near(values[395], found[4], 0.01);
        Near(values[399], found[5], 0.01);
    }

    [Fact]
    public void Histogram_bounds_are_exact_for_every_type()
    {
        AggregateDriver whole = Driver("histogram", ("of", "whole"), ("bounds", "[-1e19, -9223372036854775808, 0.5, 9007199254740993, 1e19]"));
        foreach (long value in new[] { long.MinValue, 0, 1, 9_007_199_254_740_991, 9_007_199_254_740_992, long.MaxValue })
        {
            whole.Apply(new SampleRow(0, null, value, null, null, null, null));
        }

        // The double nearest to 9007199254740993 is 9007199254740992.
        Assert.Equal("[0,0,2,2,2,0]", whole.Evaluate(0, 0));
        AggregateDriver exact = Driver("histogram", ("of", "exact"), ("bounds", "[-1e300, 0.1, 0.3, 1e300]"));
        foreach (decimal value in new[] { 0.1m, 0.0999999999999999999999999999m, 0.3m, 0.2999999999999999999999999999m, decimal.MinValue })
        {
            exact.Apply(new SampleRow(0, null, null, null, value, null, null));
        }

        Assert.Equal("[0,2,2,1,0]", exact.Evaluate(0, 0));
    }

    [Fact]
    public void Histogram_and_quantile_refuse_settings_that_mean_nothing()
    {
        Assert.Contains("stands behind", Refused("histogram", ("of", "real"), ("bounds", "[1, 1]")), StringComparison.Ordinal);
        Assert.Contains("not in 0..1", Refused("quantile", ("of", "real"), ("q", "[0.5, 1.5]")), StringComparison.Ordinal);
        Assert.Contains("expected 1 to", Refused("histogram", ("of", "real"), ("bounds", "[]")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(999, "1", "1998")]
    [InlineData(1_000, "3", "0")]
    public void Rows_exactly_a_gap_apart_are_two_sessions_and_less_is_one_across_slots(int step, string count, string total)
    {
        AggregateDriver sessions = Driver("session-count", ("gap", 1_000));
        AggregateDriver durations = Driver("session-duration", ("gap", 1_000), ("by", "total"));
        foreach (int i in new[] { 2, 0, 1 })
        {
            sessions.Apply(new SampleRow(i * step, null, null, null, null, null, null));
            durations.Apply(new SampleRow(i * step, null, null, null, null, null, null));
        }

        Assert.Equal(count, sessions.Evaluate(0, 5_000));
        Assert.Equal(total, durations.Evaluate(0, 5_000));
    }

    [Fact]
    public void A_late_row_bridges_two_sessions_of_a_slot()
    {
        AggregateDriver driver = Driver("session-count", ("gap", 300));
        foreach (int time in new[] { 0, 500, 900 })
        {
            driver.Apply(new SampleRow(time, null, null, null, null, null, null));
        }

        Assert.Equal("3", driver.Evaluate(0, 5_000));
        driver.Apply(new SampleRow(250, null, null, null, null, null, null));
        Assert.Equal("2", driver.Evaluate(0, 5_000));
        driver.Apply(new SampleRow(700, null, null, null, null, null, null));
        Assert.Equal("1", driver.Evaluate(0, 5_000));
    }

    [Fact]
    public void Sessions_of_a_slot_fit_their_stated_bound_and_a_lifetime_window_is_refused()
    {
        FeatureAggregate aggregate = new SampleBinding { WidestSlotMs = 10_000 }.Set("gap", 10).Bind(Type("session-count"));
        var storage = new ArraySlotStorage();
        storage.Open(0, []);
        var slot = new FeatureSlot(storage);
        for (int time = 0; time < 10_000; time += 10)
        {
            aggregate.Apply(new SampleRow(1_700_000_000_000 + time).View, ref slot);
        }

        Assert.InRange(storage.Payload.Length, 1_000, aggregate.PayloadBytesMax);
        var lifetime = new SampleBinding { WidestSlotMs = long.MaxValue }.Set("gap", 10);
        Assert.Null(Type("session-count").Bind(lifetime));
        Assert.Contains("a lifetime has no end", Assert.Single(lifetime.Errors), StringComparison.Ordinal);
    }

    private static IFeatureType Type(string name) => FeatureActors.Core.Payloads.BuiltInFeatureTypes.All.Single(t => t.Name == name);

    private static string Refused(string type, params (string Key, object Value)[] settings) =>
        Assert.Throws<InvalidOperationException>(() => FeatureCase.Bind(type, settings)).Message;

    private static decimal Exact(double value) => (decimal)(value * (1L << 40)) / (1L << 40);

    private static SlotList List(ArraySlotStorage storage, long nowMs) =>
        new(new[] { new SlotReference(0, 0, storage.Payload.Length) }, storage.Payload, storage.Shared, nowMs);

    private static string? At(FeatureAggregate aggregate, ArraySlotStorage storage, long nowMs)
    {
        var value = new FeatureValueWriter();
        aggregate.Evaluate(List(storage, nowMs), value);
        return value.Kind == FeatureValueKind.Absent ? null : System.Text.Encoding.UTF8.GetString(value.Value);
    }

    private static void Near(double expected, string? actual, double tolerance)
    {
        double found = double.Parse(actual!, CultureInfo.InvariantCulture);
        Assert.True(Math.Abs(found - expected) <= tolerance * Math.Abs(expected), $"expected {expected:R} within {tolerance}, got {found:R}");
    }

    private static AggregateDriver Driver(string type, params (string Key, object Value)[] settings) =>
        new(FeatureCase.Bind(type, settings), Timeline);
}
