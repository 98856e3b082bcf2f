using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// The dictionary of a map feature's sub-keys in the part that all its slots share: text to a small dense id, with the number of
/// slots that hold it. Ids are reused, so slots spend one or two bytes per entry however long the texts are.
/// <code>
/// header   20 bytes: ids in use, free list head (id + 1), live ids, heap bytes used, heap bytes that no id uses
/// entries  12 bytes each: hash; offset in the heap (of a free id: next free id + 1); length (11 bits) and slot count (21 bits)
/// index    only above 8 entries: open addressing with linear probing, id + 1 in 2 or 4 bytes, 2 cells per entry
/// heap     the texts
/// </code>
/// Room for entries is the next power of two of the ids in use, so that no capacity is stored; the heap is what remains.
/// Empty when no slot holds any sub-key.
/// </summary>
internal static class SubKeys
{
    /// <summary>Longest sub-key in bytes; a longer one is bad data.</summary>
    public const int TextBytesMax = 1024;

    private const int HeaderBytes = 20;
    private const int EntryBytes = 12;
    private const int LengthBits = 11;
    private const int LinearMax = 8;
    private const int ReferencesMax = (1 << (32 - LengthBits)) - 1;
    private const int HeapBytesMax = 1 << 30;
    private const int CompactMinBytes = 64;

    [ThreadStatic]
    private static byte[]? Copy;

    /// <summary>Number of sub-keys that some slot holds.</summary>
    public static int Live(ReadOnlySpan<byte> shared) => shared.IsEmpty ? 0 : ReadInt(shared, 8);

    /// <summary>All ids are below this.</summary>
    public static int IdsUsed(ReadOnlySpan<byte> shared) => shared.IsEmpty ? 0 : ReadInt(shared, 0);

    /// <summary>Bound of the shared bytes for at most <paramref name="keysMax"/> sub-keys.</summary>
    public static long BytesMax(int keysMax)
    {
        // Garbage stays below half of the heap and the heap grows by half: three times the live texts.
        long heap = Math.Min(HeapBytesMax, (3L * TextBytesMax * keysMax) + (4 * TextBytesMax));
        return HeapStart(keysMax) + heap;
    }

    /// <summary>The text of a live id.</summary>
    public static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> shared, int id)
    {
        int at = EntryAt(id);
        int length = ReadInt(shared, at + 8) & ((1 << LengthBits) - 1);
        return shared.Slice(HeapStart(ReadInt(shared, 0)) + ReadInt(shared, at + 4), length);
    }

    /// <summary>The id of a text, or −1.</summary>
    public static int Find(ReadOnlySpan<byte> shared, uint hash, ReadOnlySpan<byte> text)
    {
        if (shared.IsEmpty)
        {
            return -1;
        }

        int idsUsed = ReadInt(shared, 0);
        int room = RoomFor(idsUsed);
        if (room <= LinearMax)
        {
            for (int id = 0; id < idsUsed; id++)
            {
                if (IsAt(shared, id, hash, text))
                {
                    return id;
                }
            }

            return -1;
        }

        int mask = (room * 2) - 1;
        for (int cell = (int)hash & mask; ; cell = (cell + 1) & mask)
        {
            int id = ReadCell(shared, room, cell) - 1;
            if (id < 0 || IsAt(shared, id, hash, text))
            {
                return id;
            }
        }
    }

    /// <summary>Adds a text that is not there, held by one slot, and returns its id.</summary>
    /// <exception cref="InvalidOperationException">The texts of one entity would take more than 1 GiB; nothing is changed.</exception>
    public static int Insert(ref FeatureSlot slot, uint hash, scoped ReadOnlySpan<byte> text)
    {
        ReserveHeap(ref slot, text.Length);
        Span<byte> shared = slot.Shared;
        int id = ReadInt(shared, 4) - 1;
        if (id >= 0)
        {
            WriteInt(shared, 4, ReadInt(shared, EntryAt(id) + 4));
        }
        else
        {
            id = ReadInt(shared, 0);
            if (id == RoomFor(id))
            {
                Rebuild(ref slot, text.Length, addsId: true);
                shared = slot.Shared;
                id = ReadInt(shared, 0) - 1;
            }
            else
            {
                WriteInt(shared, 0, id + 1);
            }
        }

        int idsUsed = ReadInt(shared, 0);
        int heapUsed = ReadInt(shared, 12);
        text.CopyTo(shared[(HeapStart(idsUsed) + heapUsed)..]);
        int at = EntryAt(id);
        WriteInt(shared, at, (int)hash);
        WriteInt(shared, at + 4, heapUsed);
        WriteInt(shared, at + 8, text.Length | (1 << LengthBits));
        WriteInt(shared, 12, heapUsed + text.Length);
        WriteInt(shared, 8, ReadInt(shared, 8) + 1);
        Link(shared, RoomFor(idsUsed), id);
        return id;
    }

    /// <summary>Counts one more slot that holds the id.</summary>
    /// <exception cref="InvalidOperationException">More than two million slots hold it; nothing is changed.</exception>
    public static void AddReference(Span<byte> shared, int id)
    {
        int at = EntryAt(id) + 8;
        uint packed = (uint)ReadInt(shared, at);
        if (packed >> LengthBits == ReferencesMax)
        {
            throw new InvalidOperationException($"more than {ReferencesMax} slots hold the same sub-key; use wider slots");
        }

        WriteInt(shared, at, (int)(packed + (1u << LengthBits)));
    }

    /// <summary>Counts one slot less; the last one frees the id.</summary>
    public static void Release(ref FeatureSlot slot, int id)
    {
        Span<byte> shared = slot.Shared;
        int at = EntryAt(id);
        uint packed = (uint)ReadInt(shared, at + 8) - (1u << LengthBits);
        if (packed >> LengthBits != 0)
        {
            WriteInt(shared, at + 8, (int)packed);
            return;
        }

        int live = ReadInt(shared, 8) - 1;
        if (live == 0)
        {
            slot.ResizeShared(0);
            return;
        }

        Unlink(shared, RoomFor(ReadInt(shared, 0)), id);
        int garbage = ReadInt(shared, 16) + (int)packed;
        WriteInt(shared, at + 4, ReadInt(shared, 4));
        WriteInt(shared, at + 8, 0);
        WriteInt(shared, 4, id + 1);
        WriteInt(shared, 8, live);
        WriteInt(shared, 16, garbage);
        if (garbage > CompactMinBytes && garbage > ReadInt(shared, 12) / 2)
        {
            Rebuild(ref slot, 0, addsId: false);
        }
    }

    private static void ReserveHeap(ref FeatureSlot slot, int bytes)
    {
        Span<byte> shared = slot.Shared;
        if (shared.IsEmpty)
        {
            slot.ResizeShared(HeaderBytes);
            return;
        }

        int heapStart = HeapStart(ReadInt(shared, 0));
        int used = ReadInt(shared, 12);
        int room = shared.Length - heapStart;
        if (used + bytes <= room)
        {
            return;
        }

        if (ReadInt(shared, 16) > used / 4)
        {
            Rebuild(ref slot, bytes, addsId: false);
            return;
        }

        if (used + bytes > HeapBytesMax)
        {
            throw new InvalidOperationException("the sub-keys of one entity take more than 1 GiB; lower max-keys");
        }

        slot.ResizeShared(heapStart + (int)Math.Min(HeapBytesMax, Math.Max(used + bytes, room + (room / 2L))));
    }

    /// <summary>
    /// Writes everything anew: drops garbage and trailing free ids, sizes entries and index, orders the free list by id, and
    /// leaves room for <paramref name="heapFree"/> bytes. Amortised over the growth or the garbage that made it necessary.
    /// </summary>
    private static void Rebuild(ref FeatureSlot slot, int heapFree, bool addsId)
    {
        int length = slot.Shared.Length;
        if (Copy is null || Copy.Length < length)
        {
            Copy = new byte[Math.Max(1024, length * 2)];
        }

        slot.Shared.CopyTo(Copy);
        ReadOnlySpan<byte> old = Copy.AsSpan(0, length);
        int idsUsed = ReadInt(old, 0);
        while (idsUsed > 0 && References(old, idsUsed - 1) == 0)
        {
            idsUsed--;
        }

        int idsAfter = addsId ? idsUsed + 1 : idsUsed;
        int room = RoomFor(idsAfter);
        int heapStart = HeapStart(idsAfter);
        int heapLive = ReadInt(old, 12) - ReadInt(old, 16);
        slot.ResizeShared(heapStart + heapLive + heapFree);
        Span<byte> shared = slot.Shared;
        shared[..heapStart].Clear();
        WriteInt(shared, 0, idsAfter);
        WriteInt(shared, 8, ReadInt(old, 8));
        WriteInt(shared, 12, heapLive);
        int heapUsed = 0;
        for (int id = idsUsed - 1; id >= 0; id--)
        {
            int at = EntryAt(id);
            if (References(old, id) == 0)
            {
                WriteInt(shared, at + 4, ReadInt(shared, 4));
                WriteInt(shared, 4, id + 1);
                continue;
            }

            old.Slice(at, EntryBytes).CopyTo(shared[at..]);
            ReadOnlySpan<byte> text = Text(old, id);
            text.CopyTo(shared[(heapStart + heapUsed)..]);
            WriteInt(shared, at + 4, heapUsed);
            heapUsed += text.Length;
            Link(shared, room, id);
        }
    }

    private static void Link(Span<byte> shared, int room, int id)
    {
        if (room > LinearMax)
        {
            int mask = (room * 2) - 1;
            int cell = ReadInt(shared, EntryAt(id)) & mask;
            while (ReadCell(shared, room, cell) != 0)
            {
                cell = (cell + 1) & mask;
            }

            WriteCell(shared, room, cell, id + 1);
        }
    }

    /// <summary>Removes an id from the index and moves later cells of the run back, so that no tombstone is needed (Knuth 6.4 R).</summary>
    private static void Unlink(Span<byte> shared, int room, int id)
    {
        if (room <= LinearMax)
        {
            return;
        }

        int mask = (room * 2) - 1;
        int hole = ReadInt(shared, EntryAt(id)) & mask;
        while (ReadCell(shared, room, hole) != id + 1)
        {
            hole = (hole + 1) & mask;
        }

        int cell = hole;
        while (true)
        {
            cell = (cell + 1) & mask;
            int other = ReadCell(shared, room, cell);
            if (other == 0)
            {
                break;
            }

            int home = ReadInt(shared, EntryAt(other - 1)) & mask;
            if (((cell - home) & mask) >= ((cell - hole) & mask))
            {
                WriteCell(shared, room, hole, other);
                hole = cell;
            }
        }

        WriteCell(shared, room, hole, 0);
    }

    private static bool IsAt(ReadOnlySpan<byte> shared, int id, uint hash, ReadOnlySpan<byte> text) =>
        (uint)ReadInt(shared, EntryAt(id)) == hash && References(shared, id) != 0 && Text(shared, id).SequenceEqual(text);

    private static int References(ReadOnlySpan<byte> shared, int id) =>
        (int)((uint)ReadInt(shared, EntryAt(id) + 8) >> LengthBits);

    private static int EntryAt(int id) => HeaderBytes + (id * EntryBytes);

    private static int RoomFor(int ids) => (int)BitOperations.RoundUpToPowerOf2((uint)ids);

    private static int HeapStart(int ids)
    {
        int room = RoomFor(ids);
        return HeaderBytes + (room * EntryBytes) + (room > LinearMax ? room * 2 * CellBytes(room) : 0);
    }

    private static int CellBytes(int room) => room <= 1 << 15 ? 2 : 4;

    private static int ReadCell(ReadOnlySpan<byte> shared, int room, int cell)
    {
        ReadOnlySpan<byte> index = shared[(HeaderBytes + (room * EntryBytes))..];
        return CellBytes(room) == 2
            ? BinaryPrimitives.ReadUInt16LittleEndian(index[(cell * 2)..])
            : BinaryPrimitives.ReadInt32LittleEndian(index[(cell * 4)..]);
    }

    private static void WriteCell(Span<byte> shared, int room, int cell, int value)
    {
        Span<byte> index = shared[(HeaderBytes + (room * EntryBytes))..];
        if (CellBytes(room) == 2)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(index[(cell * 2)..], (ushort)value);
        }
        else
        {
            BinaryPrimitives.WriteInt32LittleEndian(index[(cell * 4)..], value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ReadInt(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteInt(Span<byte> bytes, int at, int value) =>
        BinaryPrimitives.WriteInt32LittleEndian(bytes[at..], value);
}
