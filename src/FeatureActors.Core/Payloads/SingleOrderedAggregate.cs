using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// The newest or oldest entry by (event time, entry). Payload: event time (zig-zag varint of Unix milliseconds) and the entry's
/// bytes.
/// </summary>
internal sealed class SingleOrderedAggregate(EntryForm form, bool newest, FeatureTraits traits) : FeatureAggregate
{
    /// <inheritdoc/>
    public override byte CodecVersion => 1;

    /// <inheritdoc/>
    public override FeatureTraits Traits { get; } = traits | form.ScalarTraits;

    /// <inheritdoc/>
    public override long PayloadBytesMax => Packed.VarintBytesMax + form.BytesMax;

    /// <inheritdoc/>
    public override bool Accepts(in RowView row) => form.Accepts(row);

    /// <inheritdoc/>
    public override void Apply(in RowView row, ref FeatureSlot slot)
    {
        Span<byte> scratch = stackalloc byte[FieldValue.ScratchBytes];
        Offer(row.EventTimeMs, form.Encode(row, scratch), ref slot);
    }

    /// <inheritdoc/>
    public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
    {
        if (!payload.IsEmpty)
        {
            long timeMs = Read(MergeCopy.Of(payload), out ReadOnlySpan<byte> value);
            Offer(timeMs, value, ref into);
        }
    }

    /// <inheritdoc/>
    public override void Evaluate(in SlotList slots, FeatureValueWriter value)
    {
        long bestMs = 0;
        ReadOnlySpan<byte> best = default;
        bool any = false;
        int count = slots.Count;
        for (int i = 0; i < count; i++)
        {
            // From the end where the best stands: the slots behind it hold only entries on the far side of their starts.
            int slot = newest ? count - 1 - i : i;
            if (any && (newest ? bestMs > slots.StartMs(slot + 1) : bestMs < slots.StartMs(slot)))
            {
                break;
            }

            ReadOnlySpan<byte> payload = slots.Payload(slot);
            if (payload.IsEmpty)
            {
                continue;
            }

            long timeMs = Read(payload, out ReadOnlySpan<byte> candidate);
            if (!any || IsBetter(timeMs, candidate, bestMs, best))
            {
                any = true;
                bestMs = timeMs;
                best = candidate;
            }
        }

        if (any)
        {
            form.Write(best, value);
        }
    }

    private static long Read(ReadOnlySpan<byte> payload, out ReadOnlySpan<byte> value)
    {
        int at = 0;
        long timeMs = Packed.UnZigZag(Packed.ReadVarint(payload, ref at));
        value = payload[at..];
        return timeMs;
    }

    private bool IsBetter(long timeMs, ReadOnlySpan<byte> value, long bestMs, ReadOnlySpan<byte> best)
    {
        if (timeMs != bestMs)
        {
            return timeMs > bestMs == newest;
        }

        int order = form.Compare(value, best);
        return newest ? order > 0 : order < 0;
    }

    private void Offer(long timeMs, scoped ReadOnlySpan<byte> candidate, ref FeatureSlot slot)
    {
        Span<byte> payload = slot.Payload;
        if (!payload.IsEmpty)
        {
            long bestMs = Read(payload, out ReadOnlySpan<byte> best);
            if (!IsBetter(timeMs, candidate, bestMs, best))
            {
                return;
            }
        }

        ulong time = Packed.ZigZag(timeMs);
        int length = Packed.VarintLength(time) + candidate.Length;
        if (payload.Length != length)
        {
            slot.ResizePayload(length);
            payload = slot.Payload;
        }

        candidate.CopyTo(payload[Packed.WriteVarint(payload, time)..]);
    }
}
