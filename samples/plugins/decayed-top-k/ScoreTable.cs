using System.Buffers.Binary;
using FeatureActors.Abstractions.Features;

namespace Samples.Plugins.DecayedTopK;

/// <summary>
/// The payload: decayed counts per sub-key as whole numbers, so that neither the order of rows nor that of merges shows.
/// <code>
/// newest half-life i32 | is truncated u8 | per sub-key, ascending bytewise: key length u8 | cells u8 | key | cells
/// cell: half-life number e i32 | sum i64
/// </code>
/// A row of the time t = (e + f) · half-life adds 2^f, in units of 2^−32, to cell e, and cell e is worth 2^(e − T / half-life) of its
/// sum. Cells more than <c>depth</c> half-lives older than the newest are dropped: rows that old count for nothing.
/// </summary>
internal static class ScoreTable
{
    public const int HeaderBytes = 5;
    public const int CellBytes = 12;
    public const int KeyBytesMax = 255;
    public const double Unit = 1L << 32;

    /// <summary>Most bytes of a table.</summary>
    public static long BytesMax(int keysMax, int depth) => HeaderBytes + ((long)keysMax * (2 + KeyBytesMax + ((depth + 1) * CellBytes)));

    /// <summary>Adds to a cell of a sub-key.</summary>
    public static void Add(ReadOnlySpan<byte> key, int halfLife, long sum, int keysMax, int depth, ref FeatureSlot slot)
    {
        if (slot.Payload.IsEmpty)
        {
            slot.ResizePayload(HeaderBytes);
            BinaryPrimitives.WriteInt32LittleEndian(slot.Payload, halfLife);
        }

        RaiseNewest(halfLife, depth, ref slot);
        if (halfLife < Newest(slot.Payload) - depth)
        {
            return;
        }

        (int at, int keys, bool isThere) = Find(slot.Payload, key);
        if (!isThere)
        {
            if (keys >= keysMax)
            {
                slot.Payload[4] = 1;
                return;
            }

            slot.SplicePayload(at, 2 + key.Length);
            slot.Payload[at] = (byte)key.Length;
            key.CopyTo(slot.Payload[(at + 2)..]);
        }

        AddToCell(at, halfLife, sum, ref slot);
    }

    /// <summary>Number of the newest half-life with a row.</summary>
    public static int Newest(ReadOnlySpan<byte> table) => BinaryPrimitives.ReadInt32LittleEndian(table);

    /// <summary>Makes <paramref name="halfLife"/> the newest if it is newer, and drops what is too old then.</summary>
    public static void RaiseNewest(int halfLife, int depth, ref FeatureSlot slot)
    {
        if (halfLife <= Newest(slot.Payload))
        {
            return;
        }

        BinaryPrimitives.WriteInt32LittleEndian(slot.Payload, halfLife);
        int at = HeaderBytes;
        while (at < slot.Payload.Length)
        {
            int old = OldCells(slot.Payload[at..], halfLife - depth);
            int cells = slot.Payload[at + 1];
            if (old == cells)
            {
                slot.SplicePayload(at, -EntryBytes(slot.Payload[at..]));
                continue;
            }

            slot.Payload[at + 1] = (byte)(cells - old);
            slot.SplicePayload(at + 2 + slot.Payload[at], -old * CellBytes);
            at += EntryBytes(slot.Payload[at..]);
        }
    }

    /// <summary>Bytes of the entry at the start of <paramref name="entries"/>.</summary>
    public static int EntryBytes(ReadOnlySpan<byte> entries) => 2 + entries[0] + (entries[1] * CellBytes);

    /// <summary>The cells of the entry at the start of <paramref name="entries"/>, oldest first.</summary>
    public static ReadOnlySpan<byte> Cells(ReadOnlySpan<byte> entries) => entries.Slice(2 + entries[0], entries[1] * CellBytes);

    /// <summary>Half-life number of a cell.</summary>
    public static int HalfLifeOf(ReadOnlySpan<byte> cell) => BinaryPrimitives.ReadInt32LittleEndian(cell);

    /// <summary>Sum of a cell.</summary>
    public static long SumOf(ReadOnlySpan<byte> cell) => BinaryPrimitives.ReadInt64LittleEndian(cell[4..]);

    private static int OldCells(ReadOnlySpan<byte> entry, int oldest)
    {
        ReadOnlySpan<byte> cells = Cells(entry);
        int count = 0;
        while (count < entry[1] && HalfLifeOf(cells[(count * CellBytes)..]) < oldest)
        {
            count++;
        }

        return count;
    }

    private static (int At, int Keys, bool IsThere) Find(ReadOnlySpan<byte> table, ReadOnlySpan<byte> key)
    {
        int keys = 0;
        int place = -1;
        for (int at = HeaderBytes; at < table.Length; at += EntryBytes(table[at..]))
        {
            keys++;
            int order = place >= 0 ? 1 : table.Slice(at + 2, table[at]).SequenceCompareTo(key);
            if (order == 0)
            {
                return (at, keys, true);
            }

            if (order > 0 && place < 0)
            {
                place = at;
            }
        }

        return (place < 0 ? table.Length : place, keys, false);
    }

    private static void AddToCell(int entry, int halfLife, long sum, ref FeatureSlot slot)
    {
        int first = entry + 2 + slot.Payload[entry];
        int cells = slot.Payload[entry + 1];
        int i = 0;
        while (i < cells && HalfLifeOf(slot.Payload[(first + (i * CellBytes))..]) < halfLife)
        {
            i++;
        }

        int at = first + (i * CellBytes);
        if (i == cells || HalfLifeOf(slot.Payload[at..]) != halfLife)
        {
            slot.SplicePayload(at, CellBytes);
            slot.Payload[entry + 1]++;
            BinaryPrimitives.WriteInt32LittleEndian(slot.Payload[at..], halfLife);
        }

        BinaryPrimitives.WriteInt64LittleEndian(slot.Payload[(at + 4)..], SumOf(slot.Payload[at..]) + sum);
    }
}
