using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.TestKit.Features;
using Samples.Plugins.Geohash;

namespace FeatureActors.SamplePlugins.Tests;

public sealed class GeohashTests
{
    // Places and cells as geohash.org gives them.
    [Theory]
    [InlineData(57.64911, 10.40744, 11, "u4pruydqqvj")]
    [InlineData(57.64911, 10.40744, 5, "u4pru")]
    [InlineData(51.5074, -0.1278, 6, "gcpvj0")]
    [InlineData(-25.382708, -49.265506, 8, "6gkzwgjz")]
    [InlineData(42.6, -5.6, 5, "ezs42")]
    [InlineData(90, 180, 3, "zzz")]
    [InlineData(-90, -180, 3, "000")]
    public void A_place_has_the_cell_of_the_known_tables(double lat, double lon, long precision, string expected) =>
        Assert.Equal(expected, Evaluate(lat, lon, precision));

    [Theory]
    [InlineData(90.1, 0, 5)]
    [InlineData(0, -180.1, 5)]
    [InlineData(0, 0, 0)]
    [InlineData(0, 0, 13)]
    public void What_is_no_place_or_no_precision_is_NULL(double lat, double lon, long precision) => Assert.Null(Evaluate(lat, lon, precision));

    [Fact]
    public void A_constant_precision_that_cannot_be_is_a_mistake_of_the_definitions()
    {
        ScalarArgument place = new(FieldType.Double, false, null);

        ScalarBinding binding = new GeohashFunction().Bind(0, [place, place, new ScalarArgument(FieldType.Long, true, 13L)]);

        Assert.Equal((2, "precision is 1 to 12, not 13"), (binding.ErrorArgument, binding.Error));
    }

    private static string? Evaluate(double lat, double lon, long precision)
    {
        IScalarEvaluator evaluator = new GeohashFunction()
            .Bind(0, [new ScalarArgument(FieldType.Double, false, null), new ScalarArgument(FieldType.Double, false, null), new ScalarArgument(FieldType.Long, false, null)])
            .Evaluator!;
        var result = new ScalarResult(new ByteArena());
        evaluator.Evaluate(new SampleRow(0, lat, lon, precision).View, ref result);
        return result.IsNull ? null : System.Text.Encoding.UTF8.GetString(result.Utf8);
    }
}
