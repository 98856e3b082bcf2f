using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// The n newest or oldest entries by (event time, entry) in a part of a slot's payload, laid out as <see cref="OrderedEntries"/> says.
/// Shared by all shards.
/// </summary>
internal sealed class OrderedList(EntryForm form, bool newest, int n, bool distinct)
{
    /// <summary>Most bytes of a list.</summary>
    public long BytesMax =>
        (2 * Packed.VarintBytesMax)
        + (n * (Packed.VarintBytesMax + Packed.VarintLength((ulong)form.BytesMax) + form.BytesMax));

    /// <summary>Walks a list.</summary>
    public OrderedEntries Read(ReadOnlySpan<byte> list) => new(list, n, newest);

    /// <summary>Inserts all entries of <paramref name="list"/>, which must not stand in the same block.</summary>
    /// <param name="list">Another list of this form.</param>
    /// <param name="slot">The slot of the receiving list.</param>
    /// <param name="part">Where the receiving list stands in the payload; its length is kept right.</param>
    public void Merge(ReadOnlySpan<byte> list, ref FeatureSlot slot, ref PayloadPart part)
    {
        OrderedEntries entries = Read(list);
        while (entries.MoveNext())
        {
            if (!Offer(entries.TimeMs, entries.Value, ref slot, ref part) && !distinct)
            {
                // Best first: what follows is not better than an entry that found no place. (A distinct entry may also be
                // refused for being a repetition, which says nothing about the next.)
                return;
            }
        }
    }

    /// <summary>Inserts an entry at its place; false when it has none.</summary>
    public bool Offer(long timeMs, scoped ReadOnlySpan<byte> value, ref FeatureSlot slot, ref PayloadPart part)
    {
        OrderedEntries entries = Read(part.Of(slot));
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

            if (distinct && place.Removed < 0 && form.Identity(entries.Value).SequenceEqual(form.Identity(value)))
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

        Insert(timeMs, value, entries.Count, entries.HeaderLength, place, ref slot, ref part);
        return true;
    }

    private static void Replace(
        ref FeatureSlot slot,
        ref PayloadPart part,
        int at,
        int length,
        scoped ReadOnlySpan<byte> head,
        scoped ReadOnlySpan<byte> body,
        scoped ReadOnlySpan<byte> tail)
    {
        int change = head.Length + body.Length + tail.Length - length;
        slot.SplicePayload(part.Start + at, change);
        part.Length += change;
        Span<byte> target = slot.Payload[(part.Start + at)..];
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

        int order = form.Compare(value, other);
        return newest ? order > 0 : order < 0;
    }

    private bool IsWorseThanAll(long timeMs, long firstMs, long spanMs) =>
        newest ? timeMs < firstMs - spanMs : timeMs > firstMs + spanMs;

    private void Insert(
        long timeMs, scoped ReadOnlySpan<byte> value, int count, int headerLength, in Place place, ref FeatureSlot slot, ref PayloadPart part)
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
                Packed.ReadVarint(part.Of(slot), ref behind);
                length = behind - place.RemovedStart;
            }

            Replace(ref slot, ref part, place.RemovedStart, length, default, default, tail[..tailLength]);
            nextMs = place.Removed == place.Index ? place.AfterRemovedMs : nextMs;
        }

        int oldTime = 0;
        int newTime = 0;
        if (hasNext)
        {
            int behind = place.Start;
            Packed.ReadVarint(part.Of(slot), ref behind);
            oldTime = behind - place.Start;
            newTime = WriteTime(tail, place.Index + 1, timeMs, nextMs);
        }

        int headLength = WriteTime(head, place.Index, place.PreviousMs, timeMs);
        headLength += Packed.WriteVarint(head[headLength..], (ulong)value.Length);
        Replace(ref slot, ref part, place.Start, oldTime, head[..headLength], value, tail[..newTime]);

        long firstMs = place.Index == 0 ? timeMs : place.FirstMs;
        headLength = Packed.WriteVarint(head, (ulong)countAfter);
        if (countAfter == n)
        {
            headLength += Packed.WriteVarint(head[headLength..], (ulong)(newest ? firstMs - lastMs : lastMs - firstMs));
        }

        Replace(ref slot, ref part, 0, headerLength, head[..headLength], default, default);
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
