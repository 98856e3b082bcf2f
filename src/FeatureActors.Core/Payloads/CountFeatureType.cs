using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// <c>count</c>: number of rows, retractions subtracted. Payload: the count in the fewest of 1, 2, 4, 8 bytes.
/// </summary>
internal sealed class CountFeatureType : IFeatureType
{
    /// <inheritdoc/>
    public string Name => "count";

    /// <inheritdoc/>
    public FeatureAggregate Bind(FeatureBinding binding) => new Aggregate();

    private sealed class Aggregate : FeatureAggregate, IRowCounter
    {
        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FeatureTraits.Invertible | FeatureTraits.Numeric;

        public override long PayloadBytesMax => sizeof(long);

        public override ReadOnlySpan<byte> EmptyValue => "0"u8;

        public override void Apply(in RowView row, ref FeatureSlot slot) => Add(row.Sign, ref slot);

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into) => Add(Packed.Read(payload), ref into);

        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
            long count = 0;
            for (int i = 0; i < slots.Count; i++)
            {
                count += Packed.Read(slots.Payload(i));
            }

            value.Write(count);
        }

        public override void EvaluateNested(in SlotList slots, NestedWindows windows)
        {
            long count = 0;
            for (int end = slots.Count; windows.MoveNext(); end = windows.First)
            {
                for (int i = windows.First; i < end; i++)
                {
                    count += Packed.Read(slots.Payload(i));
                }

                windows.Value.Write(count);
            }
        }

        public void Add(long rows, ref FeatureSlot slot)
        {
            Span<byte> payload = slot.Payload;
            long count = Packed.Read(payload) + rows;
            int width = Packed.Width(count);
            if (width != payload.Length)
            {
                slot.ResizePayload(width);
                payload = slot.Payload;
            }

            Packed.Write(payload, count);
        }
    }
}
