using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Slots;

/// <content>The entries of a section, one for each slot: finding, inserting, reading.</content>
public sealed partial class EntityBlock
{
    private void AppendEntry(int feature, int section, long startMs, int count, long newest)
    {
        bool isFirstFinite = startMs != SlotWidths.UnboundedStart && (count == 0 || newest == SlotWidths.UnboundedStart);
        ulong delta = startMs == SlotWidths.UnboundedStart || isFirstFinite
            ? 0
            : (ulong)((startMs - newest) / UnitOf(feature));
        int at = ReadInt(section + UsedBytes);
        InsertEntry(section, at, delta);
        if (isFirstFinite)
        {
            WriteLong(section + FirstStart, startMs);
        }
        else if (startMs == SlotWidths.UnboundedStart)
        {
            WriteInt(section + Slots, ReadInt(section + Slots) | LifetimeBit);
        }

        WriteLong(section + NewestStart, startMs);
        WriteInt(section + NewestEntry, at);
    }

    private void FindOrInsert(int feature, int section, long startMs, int count)
    {
        long width = UnitOf(feature);
        var cursor = new EntryCursor(this, section, width);
        long before = SlotWidths.UnboundedStart;
        for (int i = 0; i < count; i++)
        {
            cursor.MoveNext();
            if (cursor.Start == startMs)
            {
                OpenEntry(feature, section, cursor);
                return;
            }

            if (cursor.Start > startMs)
            {
                break;
            }

            before = cursor.Start;
        }

        int at = cursor.Entry - section;
        if (startMs == SlotWidths.UnboundedStart)
        {
            InsertEntry(section, at, 0);
            WriteInt(section + Slots, ReadInt(section + Slots) | LifetimeBit);
            return;
        }

        // The entry behind counts its start from the new one from now on.
        SetDelta(section, at, (ulong)((cursor.Start - startMs) / width));
        bool isFirstFinite = before == SlotWidths.UnboundedStart;
        InsertEntry(section, at, isFirstFinite ? 0 : (ulong)((startMs - before) / width));
        if (isFirstFinite)
        {
            WriteLong(section + FirstStart, startMs);
        }
    }

    /// <summary>Puts an entry with an empty payload at <paramref name="at"/> and opens it.</summary>
    private void InsertEntry(int section, int at, ulong delta)
    {
        int size = Varint.SizeOf(delta) + 1 + _hidden;
        Splice(section, at, size);
        int written = Varint.Write(_memory.Bytes[(section + at)..], delta);
        _memory.Bytes[section + at + written] = (byte)_hidden;
        WriteInt(section + Slots, ReadInt(section + Slots) + 1);
        _payload = section + at + size;
        _payloadLength = 0;
    }

    /// <summary>Opens the slot at a place in the order of <see cref="ListSlots"/>.</summary>
    private void OpenAt(int feature, int place)
    {
        int section = SectionOf(feature);
        var cursor = new EntryCursor(this, section, UnitOf(feature));
        for (int i = 0; i <= place; i++)
        {
            cursor.MoveNext();
        }

        OpenEntry(feature, section, cursor);
    }

    private void OpenEntry(int feature, int section, in EntryCursor entry)
    {
        _payloadBytesMax = _sharedBytesMax = long.MaxValue;
        _section = section;
        _slotStart = entry.Start;
        _hidden = HiddenBytesOf(feature);
        _payload = entry.Payload + _hidden;
        _payloadLength = entry.PayloadLength - _hidden;
    }

    /// <summary>Reads all entries of a section.</summary>
    private void ReadEntries(int feature, int section, Span<SlotReference> slots)
    {
        ReadOnlySpan<byte> bytes = _memory.Bytes[..(section + ReadInt(section + UsedBytes))];
        long unit = UnitOf(feature);
        int hidden = HiddenBytesOf(feature);
        int at = FirstEntry(section);
        int i = 0;
        if (ReadInt(section + Slots) < 0)
        {
            Varint.Read(bytes, ref at);
            int length = (int)Varint.Read(bytes, ref at);
            slots[i++] = new SlotReference(SlotWidths.UnboundedStart, at + hidden, length - hidden);
            at += length;
        }

        if (i == slots.Length)
        {
            return;
        }

        // The first start stands in the header, whatever its delta says.
        int peek = at;
        long start = ReadLong(section + FirstStart) - ((long)Varint.Read(bytes, ref peek) * unit);
        ReadEven(bytes, unit, hidden, slots, ref i, ref at, ref start);
        for (; i < slots.Length; i++)
        {
            start += (long)Varint.Read(bytes, ref at) * unit;
            int length = (int)Varint.Read(bytes, ref at);
            slots[i] = new SlotReference(start, at + hidden, length - hidden);
            at += length;
        }
    }

    /// <summary>
    /// Reads entries while their lengths are mostly equal and short, as those of numbers are. The next entry is taken to be as long as this
    /// one, which the processor finds out to be true later: it does not wait for a length before it reads what stands behind.
    /// </summary>
    private static void ReadEven(ReadOnlySpan<byte> bytes, long unit, int hidden, Span<SlotReference> slots, ref int i, ref int at, ref long start)
    {
        const int ChangesMax = 8;
        int changes = 0;
        int length = 0;
        int next = at;
        int step = 2;
        long time = start;
        int n = i;
        for (; n < slots.Length && changes <= ChangesMax && next + 1 < bytes.Length; n++)
        {
            int delta = bytes[next];
            int found = bytes[next + 1];
            if ((delta | found) >= 0x80)
            {
                break;
            }

            time += delta * unit;
            slots[n] = new SlotReference(time, next + 2 + hidden, found - hidden);
            if (found != length)
            {
                length = found;
                step = found + 2;
                changes++;
            }

            next += step;
        }

        i = n;
        at = next;
        start = time;
    }

    /// <summary>Rewrites the delta of the entry that stands <paramref name="at"/> bytes into its section.</summary>
    private void SetDelta(int section, int at, ulong delta)
    {
        _changes++;
        int end = section + at;
        Varint.Read(_memory.Bytes, ref end);
        int change = Varint.SizeOf(delta) - (end - section - at);
        if (change != 0)
        {
            // Behind the entry's first byte, so that the newest entry's offset, which may be this one, is not moved.
            Splice(section, at + 1, change);
        }

        Varint.Write(_memory.Bytes[(section + at)..], delta);
    }

    /// <summary>Walks the entries of a section in order.</summary>
    private ref struct EntryCursor
    {
        private readonly ReadOnlySpan<byte> _bytes;
        private readonly long _width;
        private readonly long _firstStart;
        private int _next;
        private bool _isLifetimeNext;
        private bool _hasFinite;

        public EntryCursor(EntityBlock block, int section, long width)
        {
            _bytes = block._memory.Bytes;
            _width = width;
            if (section != 0)
            {
                _firstStart = block.ReadLong(section + FirstStart);
                _isLifetimeNext = block.ReadInt(section + EntityBlock.Slots) < 0;
                _next = section + SectionHeader + block.ReadInt(section + SharedLength);
            }
        }

        public long Start { get; private set; }

        public int Entry { get; private set; }

        public int Payload { get; private set; }

        public int PayloadLength { get; private set; }

        public void MoveNext()
        {
            Entry = _next;
            int at = _next;
            ulong delta = Varint.Read(_bytes, ref at);
            if (_isLifetimeNext)
            {
                Start = SlotWidths.UnboundedStart;
                _isLifetimeNext = false;
            }
            else if (_hasFinite)
            {
                Start += (long)delta * _width;
            }
            else
            {
                Start = _firstStart;
                _hasFinite = true;
            }

            PayloadLength = (int)Varint.Read(_bytes, ref at);
            Payload = at;
            _next = at + PayloadLength;
        }
    }
}
