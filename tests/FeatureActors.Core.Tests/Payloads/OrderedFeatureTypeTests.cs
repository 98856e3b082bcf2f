using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Windows;
using FeatureActors.TestKit.Features;

namespace FeatureActors.Core.Tests.Payloads;

public sealed class OrderedFeatureTypeTests
{
    private static SlotTimeline Timeline { get; } = new([SlidingWindow.Of("w", 10_000, 1_000)]);

    [Fact]
    public void Entries_with_sides_are_arrays_with_null_for_missing_sides()
    {
        AggregateDriver driver = Driver("last", ("of", "text"), ("n", 2), ("with", "[real, flag]"));
        driver.Apply(Row(1_000, "i1", 9.5, true));
        driver.Apply(Row(2_000, "i2", null, null));
        Assert.Equal("""[["i2",null,null],["i1",9.5,true]]""", driver.Evaluate(0, 2_000));
    }

    [Fact]
    public void One_entry_with_sides_is_one_array() =>
        Assert.Equal("""["i1",9.5,null]""", Value("last", Row(1_000, "i1", 9.5, null), ("of", "text"), ("with", "[real, flag]")));

    [Fact]
    public void Last_with_distinct_first_lists_the_values_that_appeared_most_recently_for_the_first_time()
    {
        AggregateDriver driver = Driver("last", ("of", "text"), ("n", 2), ("distinct", "first"));
        driver.Apply(Row(1_000, "old", null, null));
        driver.Apply(Row(3_000, "new", null, null));
        driver.Apply(Row(2_000, "mid", null, null));
        driver.Apply(Row(4_000, "old", null, null));
        Assert.Equal("""["new","mid"]""", driver.Evaluate(0, 4_000));
    }

    [Fact]
    public void Above_max_keys_the_worst_values_are_left_out_and_the_window_is_flagged_until_their_slot_leaves()
    {
        AggregateDriver driver = Driver("last", ("of", "text"), ("n", 2), ("distinct", "first"), ("max-keys", 2));
        driver.Apply(Row(100, "b", null, null));
        driver.Apply(Row(200, "c", null, null));
        Assert.Equal(("""["c","b"]""", ValueQuality.None), (driver.Evaluate(0, 0), driver.Quality));
        driver.Apply(Row(50, "a", null, null));
        Assert.Equal(("""["c","b"]""", ValueQuality.Truncated), (driver.Evaluate(0, 0), driver.Quality));
        driver.Apply(Row(5_000, "c", null, null));
        driver.Fold(11_000);
        Assert.Equal(("""["c"]""", ValueQuality.None), (driver.Evaluate(0, 11_000), driver.Quality));
    }

    [Fact]
    public void Unknown_word_for_distinct_is_refused() =>
        Assert.Contains(
            "distinct: unknown word newest",
            Assert.Throws<InvalidOperationException>(() => FeatureCase.Bind("last", ("of", "text"), ("distinct", "newest"))).Message,
            StringComparison.Ordinal);

    private static SampleRow Row(long timeMs, string text, double? real, bool? flag) => new(timeMs, text, null, real, null, flag, null);

    private static string? Value(string type, SampleRow row, params (string Key, object Value)[] settings)
    {
        AggregateDriver driver = Driver(type, settings);
        driver.Apply(row);
        return driver.Evaluate(0, row.EventTimeMs);
    }

    private static AggregateDriver Driver(string type, params (string Key, object Value)[] settings) =>
        new(FeatureCase.Bind(type, settings), Timeline);
}
