using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// A list per sub-key. A row whose sub-key is new while max-keys are live on the entity is left out, and windows with its slot are
/// flagged as truncated; sub-keys already live stay exact.
/// <code>
/// per sub-key, by id: id (varint; that of <see cref="SubKeys"/> plus one), bytes of the list (varint), the list
/// </code>
/// A first entry with the id 0 and no list says that a row was left out. Lists are those of <see cref="OrderedList"/>.
/// </summary>
internal sealed class ListMapAggregate(SubKeyColumns key, EntryForm form, int n, bool distinct, int keysMax) : FeatureAggregate
{
    private const uint LeftOut = 0;

    private readonly OrderedList _list = new(form, newest: true, n, distinct);

    /// <inheritdoc/>
    public override byte CodecVersion => 1;

    /// <inheritdoc/>
    public override FeatureTraits Traits => FeatureTraits.None;

    /// <inheritdoc/>
    public override long PayloadBytesMax =>
        (keysMax + 1L) * (Packed.VarintLength((ulong)keysMax) + Packed.VarintLength((ulong)_list.BytesMax) + _list.BytesMax);

    /// <inheritdoc/>
    public override long SharedBytesMax => SubKeys.BytesMax(keysMax);

    /// <inheritdoc/>
    public override bool Accepts(in RowView row) => form.Accepts(row) && key.Accepts(row);

    /// <inheritdoc/>
    public override void Apply(in RowView row, ref FeatureSlot slot)
    {
        // Everything that can fail comes before the first change: the slot must stay as it was.
        Span<byte> keyScratch = stackalloc byte[SubKeyColumns.ScratchBytes];
        ReadOnlySpan<byte> text = key.TextOf(row, keyScratch);
        Span<byte> scratch = stackalloc byte[FieldValue.ScratchBytes];
        ReadOnlySpan<byte> entry = form.Encode(row, scratch);
        uint hash = BytesHash.Of(text);
        int found = SubKeys.Find(slot.Shared, hash, text);
        if (found < 0 && SubKeys.Live(slot.Shared) >= keysMax)
        {
            MarkLeftOut(ref slot);
            return;
        }

        bool isNew = found < 0;
        uint id = (uint)(isNew ? SubKeys.Insert(ref slot, hash, text) : found) + 1;
        var place = new ListMapCursor(slot.Payload, id);
        if (!place.IsFound)
        {
            if (!isNew)
            {
                SubKeys.AddReference(slot.Shared, found);
            }

            Insert(ref slot, place, id);
            place = new ListMapCursor(slot.Payload, id);
        }

        PayloadPart part = place.List;
        _list.Offer(row.EventTimeMs, entry, ref slot, ref part);
        KeepLength(ref slot, place, part.Length);
    }

    /// <inheritdoc/>
    public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
    {
        var entries = new ListMapCursor(MergeCopy.Of(payload));
        while (entries.MoveNext())
        {
            if (entries.Id == LeftOut)
            {
                MarkLeftOut(ref into);
                continue;
            }

            var place = new ListMapCursor(into.Payload, entries.Id);
            bool isShared = place.IsFound;
            if (!isShared)
            {
                Insert(ref into, place, entries.Id);
                place = new ListMapCursor(into.Payload, entries.Id);
            }

            PayloadPart part = place.List;
            _list.Merge(entries.ListBytes, ref into, ref part);
            KeepLength(ref into, place, part.Length);
            if (isShared)
            {
                // Both slots held a reference; the merged slot holds one.
                SubKeys.Release(ref into, (int)entries.Id - 1);
            }
        }
    }

    /// <inheritdoc/>
    public override void Release(ref FeatureSlot slot)
    {
        int at = 0;
        while (at < slot.Payload.Length)
        {
            // The view is taken anew: freeing sub-keys may move the bytes.
            ReadOnlySpan<byte> payload = slot.Payload;
            uint id = (uint)Packed.ReadVarint(payload, ref at);
            int length = (int)Packed.ReadVarint(payload, ref at);
            at += length;
            if (id != LeftOut)
            {
                SubKeys.Release(ref slot, (int)id - 1);
            }
        }
    }

    /// <inheritdoc/>
    public override void Evaluate(in SlotList slots, FeatureValueWriter value)
    {
        ListMapScratch lists = ListMapScratch.Open(SubKeys.IdsUsed(slots.Shared) + 1);
        for (int slot = 0; slot < slots.Count; slot++)
        {
            var entries = new ListMapCursor(slots.Payload(slot));
            while (entries.MoveNext())
            {
                if (entries.Id == LeftOut)
                {
                    value.Flag(ValueQuality.Truncated);
                }
                else
                {
                    lists.Add(entries.Id, slot, entries.List);
                }
            }
        }

        if (lists.Sort(slots.Shared) == 0)
        {
            return;
        }

        value.BeginObject();
        for (int i = 0; i < lists.Count; i++)
        {
            uint id = lists.Id(i);
            OrderedSelection best = OrderedSelection.Open(form, newest: true, distinct, n);
            int at = lists.First(id);
            while (at >= 0)
            {
                at = lists.Read(at, out int slot, out PayloadPart part);
                best.OfferAll(slots, slot, part.Start, _list.Read(slots.Payload(slot).Slice(part.Start, part.Length)));
            }

            value.WriteName(SubKeys.Text(slots.Shared, (int)id - 1));
            best.Write(slots, value, isScalar: false);
        }

        value.EndObject();
    }

    private static void MarkLeftOut(ref FeatureSlot slot)
    {
        if (slot.Payload.IsEmpty || slot.Payload[0] != LeftOut)
        {
            // Two zero bytes: the id 0 and an empty list.
            slot.SplicePayload(0, 2);
        }
    }

    /// <summary>Puts an empty list where the cursor stands.</summary>
    private static void Insert(ref FeatureSlot slot, in ListMapCursor place, uint id)
    {
        int at = place.Start;
        int idLength = Packed.VarintLength(id);
        slot.SplicePayload(at, idLength + 1);
        Packed.WriteVarint(slot.Payload[at..], id);
    }

    /// <summary>Writes the length of a list that changed in place.</summary>
    private static void KeepLength(ref FeatureSlot slot, in ListMapCursor place, int length)
    {
        int at = place.LengthAt;
        int room = place.List.Start - at;
        int needed = Packed.VarintLength((ulong)length);
        slot.SplicePayload(at, needed - room);
        Packed.WriteVarint(slot.Payload[at..], (ulong)length);
    }
}
