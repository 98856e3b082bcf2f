using System.Globalization;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Sharding;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// <c>distinct-approx</c>: the number of distinct values of a field of any type, estimated from a <see cref="HyperLogLog"/> per slot. A set
/// does not know how often a value came, so a retraction cannot be applied.
/// </summary>
internal sealed class DistinctApproxFeatureType : IFeatureType
{
    private const int PrecisionDefault = 12;

    /// <inheritdoc/>
    public string Name => "distinct-approx";

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding)
    {
        FeatureColumn? column = binding.RequiredColumn("of");
        int precision = (int)binding.Integer("precision", PrecisionDefault, HyperLogLog.PrecisionMin, HyperLogLog.PrecisionMax);
        return column is { } of ? new Aggregate(of, precision) : null;
    }

    private sealed class Aggregate(FeatureColumn of, int precision) : FeatureAggregate
    {
        private readonly int _column = of.Index;

        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FeatureTraits.Approximate | FeatureTraits.Numeric;

        public override long PayloadBytesMax => HyperLogLog.BytesMax(precision);

        public override ReadOnlySpan<byte> EmptyValue => "0"u8;

        public override string Accuracy { get; } = string.Create(
            CultureInfo.InvariantCulture, $"standard error {100 * HyperLogLog.StandardError(precision):0.##} %");

        public override bool Accepts(in RowView row) => !row.IsNull(_column);

        public override void Apply(in RowView row, ref FeatureSlot slot)
        {
            Span<byte> scratch = stackalloc byte[FieldValue.ScratchBytes];
            PayloadPart all = PayloadPart.All(slot);
            HyperLogLog.Add(StableHash.Of(FieldValue.Encode(row, _column, of.Type, scratch)), precision, ref slot, ref all);
        }

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
            PayloadPart all = PayloadPart.All(into);
            HyperLogLog.Merge(MergeCopy.Of(payload), precision, ref into, ref all);
        }

        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
            HyperLogLogUnion union = HyperLogLogUnion.Open(precision);
            for (int i = 0; i < slots.Count; i++)
            {
                union.Add(slots.Payload(i));
            }

            Write(union, value);
        }

        public override void EvaluateNested(in SlotList slots, NestedWindows windows)
        {
            HyperLogLogUnion union = HyperLogLogUnion.Open(precision);
            for (int end = slots.Count; windows.MoveNext(); end = windows.First)
            {
                for (int i = windows.First; i < end; i++)
                {
                    union.Add(slots.Payload(i));
                }

                Write(union, windows.Value);
            }
        }

        private static void Write(HyperLogLogUnion union, FeatureValueWriter value)
        {
            value.Flag(ValueQuality.Approximate);
            value.Write((long)Math.Round(union.Estimate));
        }
    }
}
