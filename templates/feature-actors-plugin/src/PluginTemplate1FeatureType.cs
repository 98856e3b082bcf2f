using System.Buffers.Binary;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace PluginTemplate1;

/// <summary>
/// <c>custom:plugin-template-1</c>: the largest value of a field less the smallest; absent without rows. Replace it by your own type.
/// </summary>
public sealed class PluginTemplate1FeatureType : IFeatureType
{
    /// <inheritdoc/>
    public string Name => "plugin-template-1";

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding) =>
        binding.RequiredColumn("of", FieldType.Double) is { } column ? new Aggregate(column.Index) : null;

    /// <summary>The arithmetic. The payload of a slot: smallest and largest value, 8 bytes each, little-endian.</summary>
    private sealed class Aggregate(int column) : FeatureAggregate
    {
        private const int Bytes = 16;

        // Raise it when the meaning of the bytes changes, and read the old ones in TryUpgrade.
        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FeatureTraits.Numeric;

        public override long PayloadBytesMax => Bytes;

        public override bool Accepts(in RowView row) => !row.IsNull(column);

        public override void Apply(in RowView row, ref FeatureSlot slot)
        {
            double value = row.GetDouble(column);
            Widen(value, value, ref slot);
        }

        // Slots are merged as they age: the result must not depend on which comes first.
        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
            if (!payload.IsEmpty)
            {
                Widen(Low(payload), High(payload), ref into);
            }
        }

        // The slots of one window, oldest first.
        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
            double low = double.PositiveInfinity;
            double high = double.NegativeInfinity;
            for (int i = 0; i < slots.Count; i++)
            {
                ReadOnlySpan<byte> payload = slots.Payload(i);
                if (!payload.IsEmpty)
                {
                    low = Math.Min(low, Low(payload));
                    high = Math.Max(high, High(payload));
                }
            }

            if (low <= high)
            {
                value.Write(high - low);
            }
        }

        private static double Low(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadDoubleLittleEndian(payload);

        private static double High(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadDoubleLittleEndian(payload[8..]);

        private static void Widen(double low, double high, ref FeatureSlot slot)
        {
            if (!slot.Payload.IsEmpty)
            {
                low = Math.Min(low, Low(slot.Payload));
                high = Math.Max(high, High(slot.Payload));
            }

            // Spans of a slot are void once it was resized: take them anew.
            slot.ResizePayload(Bytes);
            BinaryPrimitives.WriteDoubleLittleEndian(slot.Payload, low);
            BinaryPrimitives.WriteDoubleLittleEndian(slot.Payload[8..], high);
        }
    }
}
