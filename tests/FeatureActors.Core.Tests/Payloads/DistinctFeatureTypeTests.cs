using System.Globalization;
using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Windows;
using FeatureActors.TestKit.Features;

namespace FeatureActors.Core.Tests.Payloads;

public sealed class DistinctFeatureTypeTests
{
    private static SlotTimeline Timeline { get; } = new([SlidingWindow.Of("w", 10_000, 1_000)]);

    public static TheoryData<int, string> Streams
    {
        get
        {
            var data = new TheoryData<int, string>();
            for (int precision = 4; precision <= 16; precision++)
            {
                foreach (string kind in (string[])["random", "zipf", "sequential", "low-bits", "texts"])
                {
                    data.Add(precision, kind);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public void Estimates_stay_within_four_standard_errors_over_the_whole_range(int precision, string kind)
    {
        var sketch = new Sketch(precision, kind == "texts" ? "text" : "whole");
        var random = new Random(precision);
        var seen = new HashSet<long>();
        double bound = 4 * StandardError(precision);
        long next = 1;
        for (long i = 0; seen.Count < 50_000 && i < 1_000_000; i++)
        {
            long value = kind switch
            {
                "random" => random.NextInt64(),
                "zipf" => (long)Math.Pow(1 - random.NextDouble(), -2.5),
                "low-bits" => i << 44,
                _ => i,
            };
            if (!seen.Add(value))
            {
                continue;
            }

            sketch.Add(value);
            if (seen.Count == next)
            {
                next = (next * 5 / 4) + 1;
                double error = Math.Abs(sketch.Estimate - seen.Count) / (double)seen.Count;
                Assert.True(error <= bound, FormattableString.Invariant($"{kind}, {seen.Count} values: error {error:P2}, bound {bound:P2}"));
            }
        }

        Assert.True(seen.Count > 10_000);
    }

    [Fact]
    public void Sets_joined_in_any_order_are_byte_for_byte_the_set_of_all_their_members()
    {
        for (int seed = 1; seed <= 40; seed++)
        {
            var random = new Random(seed);
            int precision = random.Next(4, 13);
            var all = new Sketch(precision, "whole");
            Sketch[] parts = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => new Sketch(precision, "whole"))];
            int count = 1 << random.Next(0, 15);
            for (int i = 0; i < count; i++)
            {
                long value = random.Next(count * 2);
                all.Add(value);
                parts[random.Next(parts.Length)].Add(value);
            }

            random.Shuffle(parts);
            var joined = new Sketch(precision, "whole");
            foreach (Sketch part in parts)
            {
                joined.Merge(part);
            }

            Assert.True(all.Bytes.SequenceEqual(joined.Bytes), $"seed {seed}, precision {precision}, {count} values");
            Assert.True(all.Bytes.Length <= 1 + (1 << precision));
        }
    }

    [Fact]
    public void Few_values_take_four_bytes_each_and_are_counted_exactly()
    {
        AggregateDriver driver = Driver("distinct-approx", ("of", "whole"));
        for (int i = 0; i < 1_000; i++)
        {
            driver.Apply(Row(i % 10_000, i));
        }

        Assert.Equal("1000", driver.Evaluate(0, 9_000));
        Assert.Equal(ValueQuality.Approximate, driver.Quality);
        Assert.InRange(driver.PayloadBytes, 4_000, 4_010);
    }

    [Fact]
    public void Distinct_is_exact_up_to_its_bound_and_flagged_beyond()
    {
        AggregateDriver driver = Driver("distinct", ("of", "whole"), ("max-keys", 100));
        for (int i = 0; i < 100; i++)
        {
            driver.Apply(Row(i * 10, i));
            driver.Apply(Row(5_000, i));
        }

        Assert.Equal(("100", ValueQuality.None), (driver.Evaluate(0, 5_000), driver.Quality));
        driver.Apply(Row(2_000, 100));
        Assert.Equal(("101", ValueQuality.Approximate), (driver.Evaluate(0, 5_000), driver.Quality));
        driver.Fold(13_000);
        Assert.Equal(("100", ValueQuality.None), (driver.Evaluate(0, 13_000), driver.Quality));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Beyond_the_bound_values_that_come_and_go_are_not_counted_twice(int seed)
    {
        AggregateDriver driver = Driver("distinct", ("of", "whole"), ("max-keys", 300));
        var random = new Random(seed);
        var rows = new List<(long Slot, long Value)>();
        for (long slot = 0; slot < 40; slot++)
        {
            // Values drift through the dictionary, so that many are in sketches of old slots and in the dictionary by new ones.
            for (int i = 0; i < 200; i++)
            {
                long value = (slot * 40) + random.Next(1_200);
                driver.Apply(Row(slot * 1_000, value));
                rows.Add((slot, value));
            }

            driver.Fold(slot * 1_000);
            int expected = rows.Where(r => r.Slot >= slot - 10).Select(static r => r.Value).Distinct().Count();
            long actual = long.Parse(driver.Evaluate(0, slot * 1_000)!, CultureInfo.InvariantCulture);
            double bound = 4 * StandardError(11) * expected;
            Assert.True(Math.Abs(actual - expected) <= bound, $"seed {seed}, slot {slot}: {actual} for {expected}");
        }

        driver.Fold(1_000_000);
        Assert.Equal(0, driver.SharedBytes);
    }

    [Fact]
    public void A_value_over_1024_bytes_is_refused_and_changes_nothing()
    {
        AggregateDriver driver = Driver("distinct", ("of", "text"));
        driver.Apply(new SampleRow(0, new string('x', 1024)));
        int shared = driver.SharedBytes;
        Assert.Throws<InvalidOperationException>(() => driver.Apply(new SampleRow(0, new string('x', 1025))));
        Assert.Equal((shared, 2), (driver.SharedBytes, driver.PayloadBytes));
    }

    [Fact]
    public void Lists_of_sub_keys_above_the_bound_are_left_out_and_flagged_until_their_slot_leaves()
    {
        AggregateDriver driver = Driver("map-of-lists", ("key", "who"), ("of", "whole"), ("max-keys", 1), ("n", 2));
        driver.Apply(Row(0, 1, "a"));
        driver.Apply(Row(0, 2, "b"));
        driver.Apply(Row(4_000, 3, "a"));
        Assert.Equal(("""{"a":[3,1]}""", ValueQuality.Truncated), (driver.Evaluate(0, 4_000), driver.Quality));
        driver.Fold(12_000);
        Assert.Equal(("""{"a":[3]}""", ValueQuality.None), (driver.Evaluate(0, 12_000), driver.Quality));
    }

    private static SampleRow Row(long timeMs, long whole, string? who = null) => new(timeMs, null, whole, null, null, null, who);

    private static AggregateDriver Driver(string type, params (string Key, object Value)[] settings) =>
        new(FeatureCase.Bind(type, settings), Timeline);

    private static double StandardError(int precision) => 1.04 / Math.Sqrt(1 << precision);

    /// <summary>One slot of <c>distinct-approx</c>.</summary>
    private sealed class Sketch(int precision, string of)
    {
        private readonly FeatureAggregate _aggregate = FeatureCase.Bind("distinct-approx", ("of", of), ("precision", precision));
        private readonly ArraySlotStorage _storage = new();
        private readonly FeatureValueWriter _value = new();

        public ReadOnlySpan<byte> Bytes => _storage.Payload;

        public long Estimate
        {
            get
            {
                SlotReference[] slots = [new SlotReference(0, 0, _storage.Payload.Length)];
                _value.Clear();
                _aggregate.Evaluate(new SlotList(slots, _storage.Payload, default, 0), _value);
                return (long)_value.Numeric;
            }
        }

        public void Add(long value)
        {
            var slot = new FeatureSlot(_storage);
            SampleRow row = of == "text" ? new SampleRow(0, FormattableString.Invariant($"user-{value}")) : new SampleRow(0, null, value);
            _aggregate.Apply(row.View, ref slot);
        }

        public void Merge(Sketch other)
        {
            var slot = new FeatureSlot(_storage);
            _aggregate.Merge(other._storage.Payload, ref slot);
        }
    }
}
