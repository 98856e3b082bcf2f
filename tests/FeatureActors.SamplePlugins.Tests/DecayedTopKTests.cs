using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.TestKit.Features;
using Samples.Plugins.DecayedTopK;

namespace FeatureActors.SamplePlugins.Tests;

public sealed class DecayedTopKTests
{
    private const long HalfLifeMs = 10_000;

    [Fact]
    public void It_keeps_the_laws()
    {
        var laws = new FeatureTypeLaws(Aggregate(), static (random, time) => new SampleRow(time, random.Next(9) == 0 ? null : $"u{random.Next(12)}"));
        for (int seed = 1; seed <= 100; seed++)
        {
            laws.Check(seed, rowCount: 1 + (seed * 2));
        }
    }

    [Fact]
    public void A_row_is_worth_half_after_each_half_life() => new OneEntity(Aggregate())
        .Given(new SampleRow(0, "a"), new SampleRow(0, "a"), new SampleRow(0, "b"))
        .WhenTimeIs(0).Then("""[["a",2],["b",1]]""")
        .WhenTimeAdvances(TimeSpan.FromMilliseconds(HalfLifeMs)).Then("""[["a",1],["b",0.5]]""")
        .WhenTimeAdvances(TimeSpan.FromMilliseconds(HalfLifeMs)).Then("""[["a",0.5],["b",0.25]]""");

    [Fact]
    public void A_new_row_beats_old_ones_that_have_decayed() => new OneEntity(Aggregate())
        .Given(new SampleRow(0, "old"), new SampleRow(0, "old"), new SampleRow(0, "old"), new SampleRow(2 * HalfLifeMs, "new"))
        .WhenTimeIs(2 * HalfLifeMs).Then("""[["new",1],["old",0.75]]""");

    [Fact]
    public void Equal_scores_stand_in_order_of_their_keys_and_only_k_are_written() => new OneEntity(Aggregate(k: 2))
        .Given(new SampleRow(0, "c"), new SampleRow(0, "a"), new SampleRow(0, "b"))
        .WhenTimeIs(0).Then("""[["a",1],["b",1]]""");

    [Fact]
    public void A_sub_key_leaves_when_its_score_falls_below_epsilon()
    {
        // 0.125 after three half-lives, below 0.1 after four.
        OneEntity entity = new OneEntity(Aggregate(epsilon: 0.1)).Given(new SampleRow(0, "a"));

        entity.WhenTimeIs(3 * HalfLifeMs).Then("""[["a",0.125]]""").WhenTimeIs(4 * HalfLifeMs).Then(null);
    }

    [Fact]
    public void Sub_keys_above_the_bound_are_left_out_and_the_value_is_flagged()
    {
        OneEntity entity = new OneEntity(Aggregate(maxKeys: 2)).Given(new SampleRow(0, "a"), new SampleRow(0, "b"), new SampleRow(0, "c"), new SampleRow(0, "b"));

        entity.WhenTimeIs(0).Then("""[["b",2],["a",1]]""");
        Assert.Equal(ValueQuality.Truncated, entity.Quality);
    }

    [Fact]
    public void Scores_keep_to_the_formula_with_times_of_today_and_rows_in_any_order()
    {
        const long now = 1_795_000_000_000;
        var random = new Random(7);
        var rows = new List<SampleRow>();
        var expected = new SortedDictionary<string, double>(StringComparer.Ordinal);
        for (int i = 0; i < 500; i++)
        {
            string key = $"u{random.Next(20)}";
            long time = now - random.NextInt64(0, 20 * HalfLifeMs);
            rows.Add(new SampleRow(time, key));
            expected[key] = expected.GetValueOrDefault(key) + Math.Pow(2, -(double)(now - time) / HalfLifeMs);
        }

        string actual = new OneEntity(Aggregate(k: 20)).Given([.. rows]).WhenTimeIs(now).Value!;

        using var json = System.Text.Json.JsonDocument.Parse(actual);
        foreach (System.Text.Json.JsonElement entry in json.RootElement.EnumerateArray())
        {
            Assert.Equal(1, entry[1].GetDouble() / expected[entry[0].GetString()!], 1e-9);
        }
    }

    [Fact]
    public void State_written_by_version_1_is_read() =>
        new FeatureTypeLaws(Aggregate(), static (_, time) => new SampleRow(time, "a")).Reads(
            1,
            [
                2, 0, 0, 0, 0, // newest half-life 2, not truncated
                1, 2, (byte)'a', // a key of one byte with two cells
                1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, // half-life 1: 1.0
                2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, // half-life 2: 2.0
            ],
            [],
            2 * HalfLifeMs,
            """[["a",2.5]]""");

    private static FeatureAggregate Aggregate(int k = 10, double epsilon = 0.001, int maxKeys = 100) => new SampleBinding()
        .Column("user", FieldType.String)
        .Set("key", "user").Set("half-life", HalfLifeMs).Set("k", k).Set("epsilon", epsilon).Set("max-keys", maxKeys)
        .Bind(new DecayedTopKFeatureType());
}
