using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// The n newest or oldest values by (event time, value), as a list; payload as <see cref="OrderedEntries"/> says.
/// <para>
/// Why n entries per slot are enough, for any union of slots and any arrival order. Not distinct: an entry among the n best of
/// the union has fewer than n better ones there, so fewer than n in its slot. Distinct: each value counts once, at its best
/// occurrence. If a value is among the n best of the union, its best occurrence stands in some slot; every value that beats it
/// within that slot also beats it in the union, so there are fewer than n and the slot keeps it. A value outside the n best cannot
/// slip in: what a slot keeps of it is never better than its best occurrence, and n better values are all there. Arrival order
/// does not matter because what a slot drops is beaten by n values whose entries only ever get better.
/// </para>
/// </summary>
internal sealed class ListOrderedAggregate(EntryForm form, bool newest, int n, bool distinct) : FeatureAggregate
{
    private readonly OrderedList _list = new(form, newest, n, distinct);

    /// <inheritdoc/>
    public override byte CodecVersion => 1;

    /// <inheritdoc/>
    public override FeatureTraits Traits => FeatureTraits.None;

    /// <inheritdoc/>
    public override long PayloadBytesMax => _list.BytesMax;

    /// <inheritdoc/>
    public override bool Accepts(in RowView row) => form.Accepts(row);

    /// <inheritdoc/>
    public override void Apply(in RowView row, ref FeatureSlot slot)
    {
        Span<byte> scratch = stackalloc byte[FieldValue.ScratchBytes];
        PayloadPart all = PayloadPart.All(slot);
        _list.Offer(row.EventTimeMs, form.Encode(row, scratch), ref slot, ref all);
    }

    /// <inheritdoc/>
    public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
    {
        PayloadPart all = PayloadPart.All(into);
        _list.Merge(MergeCopy.Of(payload), ref into, ref all);
    }

    /// <inheritdoc/>
    public override void Evaluate(in SlotList slots, FeatureValueWriter value)
    {
        OrderedSelection best = OrderedSelection.Open(form, newest, distinct, n);
        for (int i = 0; i < slots.Count; i++)
        {
            // From the end where the best stand: once there are n, the slots behind hold only entries on the far side of their starts.
            int slot = newest ? slots.Count - 1 - i : i;
            if (i > 0 && best.IsFullOf(newest ? slots.StartMs(slot + 1) : slots.StartMs(slot)))
            {
                break;
            }

            best.OfferAll(slots, slot, 0, _list.Read(slots.Payload(slot)));
        }

        best.Write(slots, value, isScalar: false);
    }
}
