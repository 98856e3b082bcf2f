using System.Buffers.Binary;

namespace FeatureActors.Core.Slots;

/// <content>Event ids that were seen: 64-bit stable hashes with their event time, ordered by hash, in a section of their own.</content>
public sealed partial class EntityBlock
{
    private const byte EventIdsVersion = 1;
    private const int EventIdBytes = 16;

    /// <summary>
    /// Largest event time of an id that gave way before it was old enough; a repetition of that event may have been counted.
    /// <see cref="long.MinValue"/> when none did.
    /// </summary>
    public long IdsGivenUpMs
    {
        get
        {
            // Event ids have no slots: their number says that an id was given up, the first start says up to which event time.
            int section = SectionOf(_layout.EventIdsIndex);
            return section == 0 || ReadInt(section + Slots) == 0 ? long.MinValue : ReadLong(section + FirstStart);
        }
    }

    /// <summary>True when the event id is remembered.</summary>
    public bool IsRemembered(ulong idHash)
    {
        int section = SectionOf(_layout.EventIdsIndex);
        if (section == 0)
        {
            return false;
        }

        FindEventId(section, idHash, out bool isFound);
        return isFound;
    }

    /// <summary>Remembers an event id.</summary>
    /// <param name="idHash">Stable hash of source and id.</param>
    /// <param name="eventTimeMs">Its event time.</param>
    /// <param name="forgetBeforeMs">Ids of older events may be forgotten.</param>
    /// <param name="idsMax">Most ids remembered; the oldest gives way.</param>
    /// <param name="isTruncated">True when an id gave way that was not old enough to be forgotten.</param>
    /// <returns>False when the id is already remembered: the row is a repetition.</returns>
    public bool TryRemember(ulong idHash, long eventTimeMs, long forgetBeforeMs, int idsMax, out bool isTruncated)
    {
        isTruncated = false;
        int section = SectionOf(_layout.EventIdsIndex);
        if (section == 0)
        {
            section = CreateSection(_layout.EventIdsIndex);
        }

        int at = FindEventId(section, idHash, out bool isFound);
        if (isFound)
        {
            return false;
        }

        int length = ReadInt(section + SharedLength);
        int count = length / EventIdBytes;

        // Old ids are swept out when the number has doubled since the last sweep, or at the bound.
        if (count >= idsMax || (count >= 16 && (count & (count - 1)) == 0))
        {
            ForgetEventIds(section, forgetBeforeMs, idsMax, out isTruncated);
            at = FindEventId(section, idHash, out _);
        }

        Splice(section, SectionHeader + at, EventIdBytes);
        WriteInt(section + SharedLength, ReadInt(section + SharedLength) + EventIdBytes);
        Span<byte> entry = _memory.Bytes.Slice(section + SectionHeader + at, EventIdBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(entry, idHash);
        BinaryPrimitives.WriteInt64LittleEndian(entry[8..], eventTimeMs);
        return true;
    }

    private Span<byte> EventIds(int section) => _memory.Bytes.Slice(section + SectionHeader, ReadInt(section + SharedLength));

    private int FindEventId(int section, ulong idHash, out bool isFound)
    {
        ReadOnlySpan<byte> ids = EventIds(section);
        int low = 0;
        int high = ids.Length / EventIdBytes;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            ulong found = BinaryPrimitives.ReadUInt64LittleEndian(ids[(middle * EventIdBytes)..]);
            if (found == idHash)
            {
                isFound = true;
                return middle * EventIdBytes;
            }

            if (found < idHash)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        isFound = false;
        return low * EventIdBytes;
    }

    private void ForgetEventIds(int section, long forgetBeforeMs, int idsMax, out bool isTruncated)
    {
        Span<byte> ids = EventIds(section);
        int kept = 0;
        long oldest = long.MaxValue;
        int oldestAt = 0;
        for (int at = 0; at < ids.Length; at += EventIdBytes)
        {
            long time = BinaryPrimitives.ReadInt64LittleEndian(ids[(at + 8)..]);
            if (time < forgetBeforeMs)
            {
                continue;
            }

            ids.Slice(at, EventIdBytes).CopyTo(ids[kept..]);
            if (time < oldest)
            {
                oldest = time;
                oldestAt = kept;
            }

            kept += EventIdBytes;
        }

        isTruncated = kept / EventIdBytes >= idsMax;
        if (isTruncated)
        {
            WriteLong(section + FirstStart, Math.Max(oldest, IdsGivenUpMs));
            WriteInt(section + Slots, 1);
            ids[(oldestAt + EventIdBytes)..kept].CopyTo(ids[oldestAt..]);
            kept -= EventIdBytes;
        }

        Splice(section, SectionHeader + kept, kept - ids.Length);
        WriteInt(section + SharedLength, kept);
    }
}
