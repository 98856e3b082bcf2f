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
internal sealed class ListOrderedAggregate(FeatureColumn column, bool newest, int n, bool distinct) : FeatureAggregate
{
    private readonly int _column = column.Index;
    private readonly FieldType _type = column.Type;

    /// <inheritdoc/>
    public override byte CodecVersion => 1;

    /// <inheritdoc/>
    public override FeatureTraits Traits => FeatureTraits.None;

    /// <inheritdoc/>
    public override long PayloadBytesMax =>
        (2 * Packed.VarintBytesMax) + ((long)n * (Packed.VarintBytesMax + 3 + FieldValue.BytesMax(_type)));

    /// <inheritdoc/>
    public override bool Accepts(in RowView row) => !row.IsNull(_column);

    /// <inheritdoc/>
    public override void Apply(in RowView row, ref FeatureSlot slot)
    {
        Span<byte> scratch = stackalloc byte[FieldValue.ScratchBytes];
        Offer(row.EventTimeMs, FieldValue.Encode(row, _column, _type, scratch), ref slot);
    }

    /// <inheritdoc/>
    public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
    {
        var entries = new OrderedEntries(MergeCopy.Of(payload), n, newest);
        while (entries.MoveNext())
        {
            if (!Offer(entries.TimeMs, entries.Value, ref into) && !distinct)
            {
                // Best first: what follows is not better than an entry that found no place. (A distinct entry may also be
                // refused for being a repetition, which says nothing about the next.)
                return;
            }
        }
    }

    /// <inheritdoc/>
    public override void Evaluate(in SlotList slots, FeatureValueWriter value)
    {
        OrderedSelection best = OrderedSelection.Open(_type, newest, distinct, n);
        for (int i = 0; i < slots.Count; i++)
        {
            // The slots likely to hold the best entries come first; the others then end at their first entry.
            int slot = newest ? slots.Count - 1 - i : i;
            var entries = new OrderedEntries(slots.Payload(slot), n, newest);
            while (entries.MoveNext() && best.Offer(slots, slot, entries.TimeMs, entries.ValueStart, entries.Value))
            {
            }
        }

        best.Write(slots, value);
    }

    private static void Replace(ref FeatureSlot slot, int at, int length, scoped ReadOnlySpan<byte> head, scoped ReadOnlySpan<byte> body, scoped ReadOnlySpan<byte> tail)
    {
        slot.SplicePayload(at, head.Length + body.Length + tail.Length - length);
        Span<byte> target = slot.Payload[at..];
        head.CopyTo(target);
        body.CopyTo(target[head.Length..]);
        tail.CopyTo(target[(head.Length + body.Length)..]);
    }

    private bool IsBetter(long timeMs, ReadOnlySpan<byte> value, long otherMs, ReadOnlySpan<byte> other)
    {
        if (timeMs != otherMs)
        {
            return timeMs > otherMs == newest;
        }

        int order = FieldValue.Compare(_type, value, other);
        return newest ? order > 0 : order < 0;
    }

    /// <summary>Inserts an entry at its place; false when it has none.</summary>
    private bool Offer(long timeMs, scoped ReadOnlySpan<byte> value, ref FeatureSlot slot)
    {
        var entries = new OrderedEntries(slot.Payload, n, newest);
        bool isFull = entries.Count == n;
        Place place = default;
        place.Index = -1;
        place.Removed = -1;
        while (entries.MoveNext())
        {
            if (entries.Index == 0)
            {
                place.FirstMs = entries.TimeMs;
                if (isFull && IsWorseThanAll(timeMs, entries.TimeMs, entries.SpanMs))
                {
                    return false;
                }
            }

            if (place.Removed >= 0 && place.Removed == entries.Index - 1)
            {
                place.AfterRemovedMs = entries.TimeMs;
            }

            if (place.Index < 0 && IsBetter(timeMs, value, entries.TimeMs, entries.Value))
            {
                place.Index = entries.Index;
                place.Start = entries.Start;
                place.NextMs = entries.TimeMs;
                place.PreviousMs = place.LastMs;
            }

            if (distinct && place.Removed < 0 && entries.Value.SequenceEqual(value))
            {
                if (place.Index < 0)
                {
                    return false;
                }

                place.Remove(entries);
            }

            if (isFull && place.Removed < 0 && entries.Index == n - 1)
            {
                place.Remove(entries);
            }

            place.BeforeLastMs = place.LastMs;
            place.LastMs = entries.TimeMs;
        }

        if (place.Index < 0)
        {
            if (isFull)
            {
                return false;
            }

            place.Index = entries.Count;
            place.Start = entries.Count == 0 ? entries.HeaderLength : entries.End;
            place.PreviousMs = place.LastMs;
        }

        Insert(timeMs, value, entries.Count, entries.HeaderLength, place, ref slot);
        return true;
    }

    private bool IsWorseThanAll(long timeMs, long firstMs, long spanMs) =>
        newest ? timeMs < firstMs - spanMs : timeMs > firstMs + spanMs;

    private void Insert(long timeMs, scoped ReadOnlySpan<byte> value, int count, int headerLength, in Place place, ref FeatureSlot slot)
    {
        Span<byte> head = stackalloc byte[2 * Packed.VarintBytesMax];
        Span<byte> tail = stackalloc byte[Packed.VarintBytesMax];
        bool removes = place.Removed >= 0;
        int countAfter = removes ? count : count + 1;
        long lastMs = LastAfter(timeMs, count, place);
        long nextMs = place.NextMs;
        bool hasNext = place.Index < countAfter - 1;

        // The later bytes first, so that offsets of the earlier ones hold.
        if (removes)
        {
            bool removesLast = place.Removed == count - 1;
            int length = place.RemovedEnd - place.RemovedStart;
            int tailLength = 0;
            if (!removesLast)
            {
                tailLength = WriteTime(tail, place.Removed, place.BeforeRemovedMs, place.AfterRemovedMs);
                int behind = place.RemovedEnd;
                Packed.ReadVarint(slot.Payload, ref behind);
                length = behind - place.RemovedStart;
            }

            Replace(ref slot, place.RemovedStart, length, default, default, tail[..tailLength]);
            nextMs = place.Removed == place.Index ? place.AfterRemovedMs : nextMs;
        }

        int oldTime = 0;
        int newTime = 0;
        if (hasNext)
        {
            int behind = place.Start;
            Packed.ReadVarint(slot.Payload, ref behind);
            oldTime = behind - place.Start;
            newTime = WriteTime(tail, place.Index + 1, timeMs, nextMs);
        }

        int headLength = WriteTime(head, place.Index, place.PreviousMs, timeMs);
        headLength += Packed.WriteVarint(head[headLength..], (ulong)value.Length);
        Replace(ref slot, place.Start, oldTime, head[..headLength], value, tail[..newTime]);

        long firstMs = place.Index == 0 ? timeMs : place.FirstMs;
        headLength = Packed.WriteVarint(head, (ulong)countAfter);
        if (countAfter == n)
        {
            headLength += Packed.WriteVarint(head[headLength..], (ulong)(newest ? firstMs - lastMs : lastMs - firstMs));
        }

        Replace(ref slot, 0, headerLength, head[..headLength], default, default);
    }

    private static long LastAfter(long timeMs, int count, in Place place)
    {
        int lastKept = place.Removed == count - 1 && count > 0 ? count - 2 : count - 1;
        return place.Index > lastKept ? timeMs
            : lastKept == count - 1 ? place.LastMs
            : place.BeforeLastMs;
    }

    private int WriteTime(Span<byte> target, int index, long previousMs, long timeMs) =>
        Packed.WriteVarint(
            target,
            index == 0 ? Packed.ZigZag(timeMs) : (ulong)(newest ? previousMs - timeMs : timeMs - previousMs));

    /// <summary>Where the new entry goes and which one leaves for it.</summary>
    private struct Place
    {
        public int Index;
        public int Start;
        public long PreviousMs;
        public long NextMs;
        public int Removed;
        public int RemovedStart;
        public int RemovedEnd;
        public long BeforeRemovedMs;
        public long AfterRemovedMs;
        public long FirstMs;
        public long LastMs;
        public long BeforeLastMs;

        public void Remove(in OrderedEntries entries)
        {
            Removed = entries.Index;
            RemovedStart = entries.Start;
            RemovedEnd = entries.End;
            BeforeRemovedMs = LastMs;
        }
    }
}
