using System.Buffers.Binary;

namespace FeatureActors.Core.Slots;

/// <content>Sections: creating, growing, moving and removing them.</content>
public sealed partial class EntityBlock
{
    private const int UnknownOffset = 8;
    private const int UsedBytes = 4;
    private const int SharedLength = 8;
    private const int Slots = 12;
    private const int FirstStart = 16;
    private const int NewestStart = 24;
    private const int NewestEntry = 32;
    private const int SectionHeader = 36;
    private const int LifetimeBit = int.MinValue;

    // Room for three or four slots of a counter before the first growth.
    private const int InitialSlack = 12;

    // The section is created for an entry, which mostly is no longer.
    private const int FirstEntryBytes = 4;

    // From here on growth copies much: it must be rare.
    private const int LargeSection = 256;

    private int SectionOf(int feature) => ReadInt(_layout.DirectoryOffset + (feature * sizeof(int)));

    private int SlotCount(int section) => ReadInt(section + Slots) & ~LifetimeBit;

    private int CreateSection(int feature)
    {
        // New sections stand before the unknown ones, which stay at the end.
        int at = ReadInt(UnknownOffset) is var unknown and not 0 ? unknown : Used;
        int reserved = ReservedFor(at, SectionHeader + FirstEntryBytes, SectionHeader + InitialSlack, at == Used);
        OpenGap(at, reserved);
        _memory.Bytes.Slice(at, reserved).Clear();
        WriteInt(at, reserved);
        WriteInt(at + UsedBytes, SectionHeader);
        WriteInt(_layout.DirectoryOffset + (feature * sizeof(int)), at);
        return at;
    }

    private void RemoveSection(int feature, int section)
    {
        int reserved = ReadInt(section);
        WriteInt(_layout.DirectoryOffset + (feature * sizeof(int)), 0);
        CloseGap(section, reserved);
    }

    /// <summary>Inserts zero bytes into a section at <paramref name="at"/> (from its start), or removes −count bytes from there on.</summary>
    private void Splice(int section, int at, int count)
    {
        _changes++;
        int used = ReadInt(section + UsedBytes);
        if (used + count > ReadInt(section))
        {
            GrowSection(section, used + count);
        }

        Span<byte> bytes = _memory.Bytes.Slice(section, Math.Max(used, used + count));
        if (count > 0)
        {
            bytes[at..used].CopyTo(bytes[(at + count)..]);
            bytes.Slice(at, count).Clear();
        }
        else
        {
            bytes[(at - count)..used].CopyTo(bytes[at..]);
        }

        WriteInt(section + UsedBytes, used + count);
        int newest = ReadInt(section + NewestEntry);
        if (newest >= at && newest < used)
        {
            WriteInt(section + NewestEntry, newest + count);
        }
    }

    private void GrowSection(int section, int needed)
    {
        // A quarter of slack on large sections makes the moving of what stands behind them amortised O(1) per byte.
        int old = ReadInt(section);
        int wanted = needed + (needed < LargeSection ? 8 + (needed / 8) : needed / 4);
        int reserved = ReservedFor(section, needed < LargeSection ? needed : wanted, wanted, section + old == Used);
        OpenGap(section + old, reserved - old);
        WriteInt(section, reserved);
    }

    /// <summary>
    /// Bytes to reserve. The last section takes what is left of the block's memory instead of slack of its own: with a million entities
    /// of one feature that slack would be ten megabytes.
    /// </summary>
    private int ReservedFor(int section, int least, int wanted, bool isLast)
    {
        if (!isLast)
        {
            return wanted;
        }

        _memory.EnsureCapacity(section + least);
        return Math.Clamp(_memory.Capacity - section, least, wanted);
    }

    private void OpenGap(int at, int count)
    {
        _changes++;
        int used = Used;
        _memory.EnsureCapacity(used + count);
        Span<byte> bytes = _memory.Bytes;
        bytes[at..used].CopyTo(bytes[(at + count)..]);
        WriteInt(0, used + count);
        ShiftOffsets(at, count);
    }

    private void CloseGap(int at, int count)
    {
        _changes++;
        int used = Used;
        Span<byte> bytes = _memory.Bytes;
        bytes[(at + count)..used].CopyTo(bytes[at..]);
        WriteInt(0, used - count);
        ShiftOffsets(at + count, -count);
    }

    /// <summary>Moves the offsets of everything that stands at or behind <paramref name="from"/>.</summary>
    private void ShiftOffsets(int from, int by)
    {
        Span<byte> directory = _memory.Bytes[_layout.DirectoryOffset.._layout.KeyOffset];
        for (int i = 0; i < directory.Length; i += sizeof(int))
        {
            int offset = BinaryPrimitives.ReadInt32LittleEndian(directory[i..]);
            if (offset >= from)
            {
                BinaryPrimitives.WriteInt32LittleEndian(directory[i..], offset + by);
            }
        }

        int unknown = ReadInt(UnknownOffset);
        if (unknown >= from)
        {
            WriteInt(UnknownOffset, unknown + by);
        }
    }
}
