using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// One slot of a map feature: entries (id, row count, sum) ordered by id, each column of its own width. Ids are those of
/// <see cref="SubKeys"/> plus one; 0 is <c>other</c>, which takes what comes above max-keys.
/// <code>
/// byte 0   id width (1, 2, 4) in the low half, count width (1, 2, 4, 8) in the high half
/// byte 1   width of a sum: up to 31 as it is, then in steps of 8 from 32 on; missing in maps of counts
/// then     all ids, all counts, all sums
/// </code>
/// Empty when there is no entry. Widths only grow while a slot lives.
/// </summary>
/// <typeparam name="TSum">The sum kept per sub-key; <see cref="NoSum"/> for none.</typeparam>
internal readonly ref struct KeyedPayload<TSum>
    where TSum : struct, ISum<TSum>
{
    private readonly ReadOnlySpan<byte> _payload;
    private readonly Layout _layout;

    /// <summary>Reads a payload.</summary>
    public KeyedPayload(ReadOnlySpan<byte> payload)
    {
        _payload = payload;
        _layout = payload.IsEmpty
            ? new Layout(1, 1, 0)
            : new Layout(payload[0] & 15, payload[0] >> 4, HeaderBytes == 2 ? SumWidth(payload[1]) : 0);
        Count = payload.IsEmpty ? 0 : (payload.Length - HeaderBytes) / _layout.EntryBytes;
    }

    /// <summary>Number of entries.</summary>
    public int Count { get; }

    private static int HeaderBytes => typeof(TSum) == typeof(NoSum) ? 1 : 2;

    /// <summary>Bound of the payload for at most <paramref name="keysMax"/> sub-keys and <c>other</c>.</summary>
    public static long BytesMax(int keysMax) =>
        HeaderBytes + ((keysMax + 1L) * (SubKeyIds.WidthOf((uint)keysMax) + sizeof(long) + TSum.EncodedLengthMax));

    /// <summary>Writes a whole payload.</summary>
    public static void Write(ref FeatureSlot slot, ReadOnlySpan<uint> ids, ReadOnlySpan<long> counts, ReadOnlySpan<TSum> sums)
    {
        if (ids.IsEmpty)
        {
            slot.ResizePayload(0);
            return;
        }

        var layout = new Layout(SubKeyIds.WidthOf(ids[^1]), 1, 0);
        for (int i = 0; i < ids.Length; i++)
        {
            layout = layout.Widened(1, Packed.Width(counts[i]), sums[i].EncodedLength);
        }

        slot.ResizePayload(HeaderBytes + (ids.Length * layout.EntryBytes));
        Span<byte> payload = slot.Payload;
        WriteHeader(payload, layout);
        for (int i = 0; i < ids.Length; i++)
        {
            WriteEntry(payload, layout, ids.Length, i, ids[i], counts[i], sums[i]);
        }
    }

    /// <summary>Id of an entry.</summary>
    public uint Id(int index) => SubKeyIds.Read(_payload[HeaderBytes..], _layout.Id, index);

    /// <summary>Row count of an entry.</summary>
    public long Amount(int index) =>
        Packed.Read(_payload.Slice(HeaderBytes + (Count * _layout.Id) + (index * _layout.Count), _layout.Count));

    /// <summary>Encoded sum of an entry.</summary>
    public ReadOnlySpan<byte> Sum(int index) =>
        _payload.Slice(HeaderBytes + (Count * (_layout.Id + _layout.Count)) + (index * _layout.Sum), _layout.Sum);

    /// <summary>Index of an id, or the complement of the index at which it would stand.</summary>
    public int IndexOf(uint id) => SubKeyIds.IndexOf(_payload.IsEmpty ? default : _payload[HeaderBytes..], _layout.Id, Count, id);

    /// <summary>Sets the entry at <paramref name="index"/>; a negative one is the complement of where it is inserted.</summary>
    public void Put(ref FeatureSlot slot, int index, uint id, long amount, in TSum sum)
    {
        int count = Count;
        Layout layout = _layout;
        Layout wanted = layout.Widened(SubKeyIds.WidthOf(id), Packed.Width(amount), sum.EncodedLength);
        if (_payload.IsEmpty)
        {
            slot.ResizePayload(HeaderBytes);
            WriteHeader(slot.Payload, wanted);
        }
        else if (wanted != layout)
        {
            Widen(ref slot, layout, wanted, count);
        }

        if (index < 0)
        {
            index = ~index;
            slot.ResizePayload(HeaderBytes + ((count + 1) * wanted.EntryBytes));
            MoveColumns(slot.Payload, wanted, count, index);
            count++;
        }

        WriteEntry(slot.Payload, wanted, count, index, id, amount, sum);
    }

    /// <summary>Removes the entry at <paramref name="index"/>.</summary>
    public void RemoveAt(ref FeatureSlot slot, int index)
    {
        if (Count == 1)
        {
            slot.ResizePayload(0);
            return;
        }

        Span<byte> payload = slot.Payload;
        int from = HeaderBytes;
        int to = HeaderBytes;
        foreach (int width in (ReadOnlySpan<int>)[_layout.Id, _layout.Count, _layout.Sum])
        {
            int before = index * width;
            int behind = (Count - 1 - index) * width;
            payload.Slice(from, before).CopyTo(payload[to..]);
            payload.Slice(from + before + width, behind).CopyTo(payload[(to + before)..]);
            from += Count * width;
            to += before + behind;
        }

        slot.ResizePayload(to);
    }

    private static int SumWidth(byte code) => code < 32 ? code : 32 + ((code - 32) * 8);

    private static byte SumCode(int width) => (byte)(width < 32 ? width : 32 + ((width - 32) / 8));

    private static void WriteHeader(Span<byte> payload, Layout layout)
    {
        payload[0] = (byte)(layout.Id | (layout.Count << 4));
        if (HeaderBytes == 2)
        {
            payload[1] = SumCode(layout.Sum);
        }
    }

    private static void WriteEntry(Span<byte> payload, Layout layout, int count, int index, uint id, long amount, in TSum sum)
    {
        int countsAt = HeaderBytes + (count * layout.Id);
        int sumsAt = countsAt + (count * layout.Count);
        SubKeyIds.Write(payload.Slice(HeaderBytes + (index * layout.Id), layout.Id), id);
        Packed.Write(payload.Slice(countsAt + (index * layout.Count), layout.Count), amount);
        sum.Encode(payload.Slice(sumsAt + (index * layout.Sum), layout.Sum));
    }

    /// <summary>Makes a gap at <paramref name="index"/> in each column; the payload already has its new length. Last bytes first.</summary>
    private static void MoveColumns(Span<byte> payload, Layout layout, int count, int index)
    {
        int idsAt = HeaderBytes;
        int countsAt = idsAt + (count * layout.Id);
        int sumsAt = countsAt + (count * layout.Count);
        Move(payload, sumsAt, layout.Sum, count, index, layout.Id + layout.Count);
        Move(payload, countsAt, layout.Count, count, index, layout.Id);
        Move(payload, idsAt, layout.Id, count, index, 0);
    }

    private static void Move(Span<byte> payload, int at, int width, int count, int index, int by)
    {
        int split = at + (index * width);
        payload.Slice(split, (count - index) * width).CopyTo(payload[(split + by + width)..]);
        payload.Slice(at, index * width).CopyTo(payload[(at + by)..]);
    }

    /// <summary>
    /// Spreads the columns to their new widths in place. Every value moves up or stays, so going from the last to the first never
    /// overwrites one that is still to be read.
    /// </summary>
    private static void Widen(ref FeatureSlot slot, Layout old, Layout wanted, int count)
    {
        slot.ResizePayload(HeaderBytes + (count * wanted.EntryBytes));
        Span<byte> payload = slot.Payload;
        int oldSums = HeaderBytes + (count * (old.Id + old.Count));
        int newSums = HeaderBytes + (count * (wanted.Id + wanted.Count));
        for (int i = count - 1; i >= 0; i--)
        {
            TSum sum = default;
            sum.Add(payload.Slice(oldSums + (i * old.Sum), old.Sum));
            sum.Encode(payload.Slice(newSums + (i * wanted.Sum), wanted.Sum));
        }

        int oldCounts = HeaderBytes + (count * old.Id);
        int newCounts = HeaderBytes + (count * wanted.Id);
        for (int i = count - 1; i >= 0; i--)
        {
            long amount = Packed.Read(payload.Slice(oldCounts + (i * old.Count), old.Count));
            Packed.Write(payload.Slice(newCounts + (i * wanted.Count), wanted.Count), amount);
        }

        for (int i = count - 1; i >= 0; i--)
        {
            uint id = SubKeyIds.Read(payload[HeaderBytes..], old.Id, i);
            SubKeyIds.Write(payload.Slice(HeaderBytes + (i * wanted.Id), wanted.Id), id);
        }

        WriteHeader(payload, wanted);
    }

    /// <summary>Widths of the columns in bytes.</summary>
    private readonly record struct Layout(int Id, int Count, int Sum)
    {
        public int EntryBytes => Id + Count + Sum;

        public Layout Widened(int id, int count, int sum) =>
            new(Math.Max(Id, id), Math.Max(Count, count), Math.Max(Sum, sum));
    }
}
