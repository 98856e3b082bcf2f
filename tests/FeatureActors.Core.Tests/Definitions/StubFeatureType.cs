using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Definitions;

namespace FeatureActors.Core.Tests.Definitions;

/// <summary>A feature type that reads settings like a real one and computes nothing: definitions are tested without payloads.</summary>
internal sealed class StubFeatureType(string name, FeatureTraits traits, Action<FeatureBinding> read) : IFeatureType
{
    private static readonly FieldType[] Numbers = [FieldType.Long, FieldType.Double, FieldType.Decimal];

    public static FeatureTypeRegistry Registry { get; } = new(
    [
        new StubFeatureType("count", FeatureTraits.Invertible | FeatureTraits.Numeric, static _ => { }),
        new StubFeatureType("sum", FeatureTraits.Numeric, static b => b.RequiredColumn("of", Numbers)),
        new StubFeatureType("avg", FeatureTraits.Numeric, static b => b.RequiredColumn("of", Numbers)),
        new StubFeatureType("last", FeatureTraits.None, static b =>
        {
            b.RequiredColumn("of");
            b.Integer("n", 1, 1, 1000);
            b.Flag("distinct", false);
        }),
        new StubFeatureType("latest", FeatureTraits.Unwindowed | FeatureTraits.Numeric, static b => b.RequiredColumn("of")),
        new StubFeatureType("count-map", FeatureTraits.None, static b =>
        {
            b.RequiredColumn("key", FieldType.String);
            b.Integer("max-keys", 10_000, 1, long.MaxValue);
        }),
        new StubFeatureType("top-k", FeatureTraits.None, static b =>
        {
            b.RequiredColumn("key", FieldType.String);
            if (b.Word("by", "count", "count", "sum") == "sum")
            {
                b.RequiredColumn("of", Numbers);
            }

            b.Integer("k", 10, 1, 1000);
            b.Integer("max-keys", 10_000, 1, long.MaxValue);
        }),
        new StubFeatureType("custom:decay", FeatureTraits.Numeric, static b =>
        {
            b.RequiredColumn("of", Numbers);
            b.DurationMs("half-life", null, 1, 1_000_000_000);
            b.Number("scale", 1.5, 0, 10);
        }),
    ]);

    public string Name => name;

    public FeatureAggregate? Bind(FeatureBinding binding)
    {
        read(binding);
        return new Aggregate(traits);
    }

    private sealed class Aggregate(FeatureTraits traits) : FeatureAggregate
    {
        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => traits;

        public override long PayloadBytesMax => 8;

        public override void Apply(in RowView row, ref FeatureSlot slot)
        {
        }

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
        }

        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
        }
    }
}
