using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Windows;
using FeatureActors.TestKit.Features;

namespace FeatureActors.Core.Tests.Payloads;

public sealed class KeyedFeatureTypeTests
{
    private static SlotTimeline Timeline { get; } = new([SlidingWindow.Of("w", 10_000, 1_000)]);

    [Fact]
    public void One_sub_key_of_six_bytes_takes_at_most_forty_shared_bytes_and_three_in_its_slot()
    {
        AggregateDriver driver = Driver("count-map", ("key", "who"));
        driver.Apply(Row(0, "user-1"));
        Assert.InRange(driver.SharedBytes, 1, 40);
        Assert.Equal(3, driver.PayloadBytes);
    }

    [Fact]
    public void New_sub_keys_above_the_bound_go_to_other_and_known_ones_stay_exact()
    {
        AggregateDriver driver = Driver("count-map", ("key", "who"), ("max-keys", 2));
        foreach (string who in new[] { "b", "a", "c", "a", "d", "b", "a" })
        {
            driver.Apply(Row(0, who));
        }

        Assert.Equal("""{"a":3,"b":2,"other":2}""", driver.Evaluate(0, 0));
        Assert.Equal(ValueQuality.Truncated, driver.Quality);
    }

    [Fact]
    public void A_window_without_overflow_is_not_flagged_and_a_freed_place_is_used_again()
    {
        AggregateDriver driver = Driver("count-map", ("key", "who"), ("max-keys", 1));
        driver.Apply(Row(0, "a"));
        driver.Apply(Row(0, "b"));
        driver.Fold(20_000);
        driver.Apply(Row(20_000, "b"));
        Assert.Equal("""{"b":1}""", driver.Evaluate(0, 20_000));
        Assert.Equal(ValueQuality.None, driver.Quality);
    }

    [Fact]
    public void A_sub_key_named_other_and_the_overflow_are_one_name()
    {
        AggregateDriver driver = Driver("sum-map", ("key", "who"), ("of", "whole"), ("max-keys", 2));
        driver.Apply(Row(0, "other", 5));
        driver.Apply(Row(0, "z", 1));
        Assert.Equal("""{"other":5,"z":1}""", driver.Evaluate(0, 0));
        driver.Apply(Row(0, "a", 10));
        Assert.Equal("""{"z":1,"other":15}""", driver.Evaluate(0, 0));
    }

    [Fact]
    public void A_retracted_overflow_leaves_other_and_the_flag()
    {
        AggregateDriver driver = Driver("count-map", ("key", "who"), ("max-keys", 1));
        driver.Apply(Row(0, "a"));
        driver.Apply(Row(0, "b"));
        driver.Apply(Row(0, "b").Retracted());
        Assert.Equal("""{"a":1}""", driver.Evaluate(0, 0));
        Assert.Equal(ValueQuality.None, driver.Quality);
    }

    [Fact]
    public void Overflow_has_no_rank_in_top_k_but_is_flagged()
    {
        AggregateDriver driver = Driver("top-k", ("key", "who"), ("k", 5), ("max-keys", 1));
        driver.Apply(Row(0, "a"));
        driver.Apply(Row(0, "b"));
        driver.Apply(Row(0, "c"));
        Assert.Equal("""[["a",1]]""", driver.Evaluate(0, 0));
        Assert.Equal(ValueQuality.Truncated, driver.Quality);
    }

    [Fact]
    public void A_sub_key_over_1024_bytes_is_refused_and_changes_nothing()
    {
        AggregateDriver driver = Driver("count-map", ("key", "who"));
        driver.Apply(Row(0, new string('x', 1024)));
        int shared = driver.SharedBytes;
        Assert.Throws<InvalidOperationException>(() => driver.Apply(Row(0, new string('x', 1025))));
        Assert.Equal(shared, driver.SharedBytes);
        Assert.Equal(3, driver.PayloadBytes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Thousands_of_sub_keys_coming_and_going_over_many_slots_stay_exact(int seed)
    {
        AggregateDriver driver = Driver("count-map", ("key", "who"));
        var random = new Random(seed);
        var rows = new List<(long Slot, string Who)>();
        for (long slot = 0; slot < 60; slot++)
        {
            for (int i = 0; i < 150; i++)
            {
                // Sub-keys drift, so that old ones are freed while new ones come; some texts are long.
                int number = (int)(slot * 40) + random.Next(600);
                string who = "user-" + number + new string('x', number % 7 == 0 ? 80 : 0);
                driver.Apply(Row(slot * 1_000, who));
                rows.Add((slot, who));
            }

            driver.Fold(slot * 1_000);
            var expected = rows.Where(r => r.Slot >= slot - 10).GroupBy(static r => r.Who)
                .OrderBy(static g => g.Key, StringComparer.Ordinal).Select(static g => $"\"{g.Key}\":{g.Count()}");
            Assert.True("{" + string.Join(",", expected) + "}" == driver.Evaluate(0, slot * 1_000), $"seed {seed}, slot {slot}");
        }

        // At most about 1,000 sub-keys are live at a time: 12 + 8 bytes each with room to double, and their texts.
        Assert.InRange(driver.SharedBytes, 1, 140_000);
        driver.Fold(1_000_000);
        Assert.Equal(0, driver.SharedBytes);
    }

    [Fact]
    public void Parts_of_a_composite_sub_key_are_escaped_so_that_no_two_of_them_meet()
    {
        AggregateDriver driver = Driver("count-map", ("by", "[who, text, whole]"));
        driver.Apply(new SampleRow(0, "b", -7L, null, null, null, "a|"));
        driver.Apply(new SampleRow(0, "|b", -7L, null, null, null, "a"));
        driver.Apply(new SampleRow(0, "", -7L, null, null, null, "ü"));
        Assert.False(driver.Apply(new SampleRow(0, "b", null, null, null, null, "a")));
        Assert.Equal("""{"%C3%BC||-7":1,"a%7C|b|-7":1,"a|%7Cb|-7":1}""", driver.Evaluate(0, 0));
    }

    [Fact]
    public void A_composite_sub_key_of_1024_bytes_is_the_longest()
    {
        AggregateDriver driver = Driver("count-map", ("key", "[who, whole]"));
        driver.Apply(Row(0, new string('x', 1022), 1));
        Assert.Throws<InvalidOperationException>(() => driver.Apply(Row(0, new string('x', 1023), 1)));
        Assert.Throws<InvalidOperationException>(() => driver.Apply(Row(0, new string('x', 1025), 1)));
        Assert.Equal(3, driver.PayloadBytes);
    }

    [Fact]
    public void A_map_with_key_and_by_is_refused()
    {
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(
            () => FeatureCase.Bind("count-map", ("key", "who"), ("by", "text")));
        Assert.Contains("by: means the same as 'key'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Top_k_without_sums_refuses_the_field_of_sums()
    {
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(
            () => FeatureCase.Bind("top-k", ("key", "who"), ("k", 3), ("of", "whole")));
        Assert.Contains("of: is used only when ranked by sums", error.Message, StringComparison.Ordinal);
    }

    private static SampleRow Row(long timeMs, string who, long whole = 0) => new(timeMs, null, whole, null, null, null, who);

    private static AggregateDriver Driver(string type, params (string Key, object Value)[] settings) =>
        new(FeatureCase.Bind(type, settings), Timeline);
}
