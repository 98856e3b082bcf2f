using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.TestKit.Features;

namespace PluginTemplate1.Tests;

public sealed class PluginTemplate1Tests
{
    [Fact]
    public void It_keeps_the_laws()
    {
        // Random rows; a failure names the law and the seed. Try other values, NULL among them.
        var laws = new FeatureTypeLaws(Aggregate(), static (random, time) => new SampleRow(time, random.Next(8) == 0 ? null : random.NextDouble() * 100));
        for (int seed = 1; seed <= 100; seed++)
        {
            laws.Check(seed, rowCount: seed);
        }
    }

    [Fact]
    public void It_is_the_largest_value_less_the_smallest() => new OneEntity(Aggregate(), windowMs: 60_000)
        .Given(new SampleRow(1_000, 5.0), new SampleRow(2_000, 2.0), new SampleRow(3_000, 9.5))
        .WhenTimeIs(3_000).Then("7.5");

    [Fact]
    public void A_value_leaves_with_its_slot() => new OneEntity(Aggregate(), windowMs: 60_000)
        .Given(new SampleRow(1_000, 2.0), new SampleRow(30_000, 5.0), new SampleRow(31_000, 6.0))
        .WhenTimeIs(31_000).Then("4")
        .WhenTimeIs(62_000).Then("1")
        .WhenTimeIs(200_000).Then(null);

    private static FeatureAggregate Aggregate() =>
        new SampleBinding().Column("value", FieldType.Double).Set("of", "value").Bind(new PluginTemplate1FeatureType());
}
