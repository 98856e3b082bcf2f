using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary><c>sum</c> of a long, double or decimal field. Payload: the encoded sum. Absent when it cannot be represented.</summary>
internal sealed class SumFeatureType : IFeatureType
{
    /// <inheritdoc/>
    public string Name => "sum";

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding) =>
        binding.RequiredColumn("of", FieldType.Long, FieldType.Double, FieldType.Decimal) switch
        {
            { Type: FieldType.Long } column => new Aggregate<LongSum>(column.Index),
            { Type: FieldType.Double } column => new Aggregate<DoubleSum>(column.Index),
            { Type: FieldType.Decimal } column => new Aggregate<DecimalSum>(column.Index),
            _ => null,
        };

    private sealed class Aggregate<TSum>(int column) : FeatureAggregate
        where TSum : struct, ISum<TSum>
    {
        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FeatureTraits.Invertible | FeatureTraits.Numeric;

        public override long PayloadBytesMax => TSum.EncodedLengthMax;

        public override ReadOnlySpan<byte> EmptyValue => "0"u8;

        public override bool Accepts(in RowView row) => !row.IsNull(column);

        public override void Apply(in RowView row, ref FeatureSlot slot)
        {
            TSum sum = default;
            sum.Add(slot.Payload);
            sum.Add(row, column);
            Store(sum, ref slot);
        }

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
            TSum sum = default;
            sum.Add(into.Payload);
            sum.Add(payload);
            Store(sum, ref into);
        }

        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
            TSum sum = default;
            for (int i = 0; i < slots.Count; i++)
            {
                sum.Add(slots.Payload(i));
            }

            sum.Write(value);
        }

        private static void Store(in TSum sum, ref FeatureSlot slot)
        {
            int length = sum.EncodedLength;
            if (slot.Payload.Length != length)
            {
                slot.ResizePayload(length);
            }

            sum.Encode(slot.Payload);
        }
    }
}
