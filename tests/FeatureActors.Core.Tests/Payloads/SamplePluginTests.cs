using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Windows;
using FeatureActors.SamplePlugin;
using FeatureActors.TestKit.Features;

namespace FeatureActors.Core.Tests.Payloads;

public sealed class SamplePluginTests
{
    private static FeatureAggregate Aggregate { get; } =
        new SampleBinding().Column("price", FieldType.Double).Set("of", "price").Bind(new GeoMeanFeatureType());

    [Fact]
    public void A_plug_in_keeps_the_laws_of_the_built_in_types()
    {
        var laws = new FeatureTypeLaws(
            Aggregate, static (random, time) => new SampleRow(time, random.Next(8) == 0 ? null : 0.01 + (random.NextDouble() * 100)));
        for (int seed = 1; seed <= 50; seed++)
        {
            laws.Check(seed, rowCount: seed * 4);
        }
    }

    [Fact]
    public void A_plug_in_gives_its_value_and_refuses_rows_it_cannot_take()
    {
        var driver = new AggregateDriver(Aggregate, new SlotTimeline([SlidingWindow.Of("w", 10_000, 1_000)]));
        driver.Apply(new SampleRow(0, 2.0));
        driver.Apply(new SampleRow(5_000, 8.0));
        Assert.Throws<InvalidOperationException>(() => driver.Apply(new SampleRow(0, 0.0)));
        Assert.Equal(4.0, double.Parse(driver.Evaluate(0, 5_000)!, System.Globalization.CultureInfo.InvariantCulture), 9);
    }

    [Fact]
    public void The_plug_in_refers_to_nothing_of_ours_but_the_abstractions() =>
        Assert.Equal(
            ["FeatureActors.Abstractions"],
            typeof(GeoMeanFeatureType).Assembly.GetReferencedAssemblies().Select(static a => a.Name!)
                .Where(static n => n.StartsWith("FeatureActors", StringComparison.Ordinal)));

    [Fact]
    public void The_laws_notice_a_type_whose_order_of_rows_shows()
    {
        var laws = new FeatureTypeLaws(new NewestArrival(), static (random, time) => new SampleRow(time, random.NextDouble()));
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => laws.Check(seed: 5, rowCount: 50));
        Assert.Contains("the order of rows shows (seed 5)", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A type that is wrong on purpose: it keeps whatever arrived last.</summary>
    private sealed class NewestArrival : FeatureAggregate
    {
        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FeatureTraits.None;

        public override long PayloadBytesMax => 8;

        public override void Apply(in RowView row, ref FeatureSlot slot)
        {
            slot.ResizePayload(8);
            BitConverter.TryWriteBytes(slot.Payload, row.GetDouble(0));
        }

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
            into.ResizePayload(8);
            payload.CopyTo(into.Payload);
        }

        public override void Evaluate(in SlotList slots, FeatureValueWriter value) =>
            value.Write(BitConverter.ToDouble(slots.Payload(slots.Count - 1)));
    }
}
