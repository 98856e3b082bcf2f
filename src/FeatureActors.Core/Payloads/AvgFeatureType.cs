using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// <c>avg</c> of a long, double or decimal field, as a double; absent when no row is left. Payload: one byte with the width of
/// the row count, the count, the encoded sum.
/// </summary>
internal sealed class AvgFeatureType : IFeatureType
{
    /// <inheritdoc/>
    public string Name => "avg";

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
        public override byte CodecVersion => TSum.CodecVersion;

        public override FeatureTraits Traits => FeatureTraits.Invertible | FeatureTraits.Numeric;

        public override long PayloadBytesMax => 1 + sizeof(long) + TSum.EncodedLengthMax;

        public override bool Accepts(in RowView row) => !row.IsNull(column);

        public override void Apply(in RowView row, ref FeatureSlot slot)
        {
            long count = 0;
            TSum sum = default;
            Add(slot.Payload, ref count, ref sum);
            sum.Add(row, column);
            Store(count + row.Sign, sum, ref slot);
        }

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
            long count = 0;
            TSum sum = default;
            Add(into.Payload, ref count, ref sum);
            Add(payload, ref count, ref sum);
            Store(count, sum, ref into);
        }

        public override bool TryUpgrade(byte fromVersion, ref FeatureSlot slot) => fromVersion < CodecVersion;

        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
            long count = 0;
            TSum sum = default;
            for (int i = 0; i < slots.Count; i++)
            {
                Add(slots.Payload(i), ref count, ref sum);
            }

            Write(count, sum, value);
        }

        public override void EvaluateNested(in SlotList slots, NestedWindows windows)
        {
            long count = 0;
            TSum sum = default;
            for (int end = slots.Count; windows.MoveNext(); end = windows.First)
            {
                for (int i = windows.First; i < end; i++)
                {
                    Add(slots.Payload(i), ref count, ref sum);
                }

                Write(count, sum, windows.Value);
            }
        }

        private static void Write(long count, in TSum sum, FeatureValueWriter value)
        {
            if (count != 0)
            {
                value.Write(sum.Value / count);
            }
        }

        private static void Add(ReadOnlySpan<byte> payload, ref long count, ref TSum sum)
        {
            if (!payload.IsEmpty)
            {
                count += Packed.Read(payload.Slice(1, payload[0]));
                sum.Add(payload[(1 + payload[0])..]);
            }
        }

        private static void Store(long count, in TSum sum, ref FeatureSlot slot)
        {
            int countWidth = Packed.Width(count);
            int length = 1 + countWidth + sum.EncodedLength;
            if (slot.Payload.Length != length)
            {
                slot.ResizePayload(length);
            }

            Span<byte> payload = slot.Payload;
            payload[0] = (byte)countWidth;
            Packed.Write(payload.Slice(1, countWidth), count);
            sum.Encode(payload[(1 + countWidth)..]);
        }
    }
}
