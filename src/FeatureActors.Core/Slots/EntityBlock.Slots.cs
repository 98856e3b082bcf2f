using System.Buffers.Binary;
using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Plugins;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Slots;

/// <content>Slots of a feature: opening, dropping, listing.</content>
public sealed partial class EntityBlock
{
    // Before the payload of a session or a row: time of the last row, or hash.
    private const int HiddenBytes = sizeof(long);

    private int _section;
    private int _hidden;
    private int _payload;
    private int _payloadLength;
    private long _slotStart;
    private long _payloadBytesMax = long.MaxValue;
    private long _sharedBytesMax = long.MaxValue;
    private int _changes;
    private readonly OpenedSlot[] _opened;
    private byte[] _scratch = new byte[256];

    /// <inheritdoc/>
    public override Span<byte> Payload => _memory.Bytes.Slice(_payload, _payloadLength);

    /// <inheritdoc/>
    public override Span<byte> Shared => _memory.Bytes.Slice(_section + SectionHeader, ReadInt(_section + SharedLength));

    /// <inheritdoc/>
    public override long SlotStartMs => _slotStart;

    /// <summary>True when the feature has at least one slot.</summary>
    public bool HasSlots(int feature)
    {
        int section = SectionOf(feature);
        return section != 0 && SlotCount(section) > 0;
    }

    /// <summary>Opens the slot of <paramref name="feature"/> that starts at <paramref name="startMs"/>, creating it when absent.</summary>
    /// <returns>The slot; valid until another slot is opened.</returns>
    public FeatureSlot Open(int feature, long startMs)
    {
        OpenSlot(feature, startMs);
        return new FeatureSlot(this);
    }

    /// <summary>Removes the open slot when its payload is empty, as after an update that failed on a new slot.</summary>
    public void DiscardOpenSlotIfEmpty(int feature)
    {
        if (_payloadLength == 0)
        {
            RemoveOpenSlot(feature);
        }
    }

    /// <summary>Drops all slots of a feature with its shared part.</summary>
    public void DropAll(int feature)
    {
        int section = SectionOf(feature);
        if (section != 0)
        {
            RemoveSection(feature, section);
        }
    }

    /// <summary>Fills <paramref name="slots"/> (grown as needed) with the feature's slots, oldest first, and answers their number.</summary>
    public int ListSlots(int feature, ref SlotReference[] slots)
    {
        int section = SectionOf(feature);
        int count = section == 0 ? 0 : SlotCount(section);
        if (slots.Length < count)
        {
            slots = new SlotReference[Math.Max(count, slots.Length * 2)];
        }

        if (count > 0)
        {
            ReadEntries(feature, section, slots.AsSpan(0, count));
        }

        return count;
    }

    /// <summary>A list over some of the slots that <see cref="ListSlots"/> gave.</summary>
    public SlotList View(int feature, ReadOnlySpan<SlotReference> slots, long nowMs, long windowMs = 0)
    {
        int section = SectionOf(feature);
        ReadOnlySpan<byte> bytes = _memory.Bytes;
        return new SlotList(slots, bytes, bytes.Slice(section + SectionHeader, ReadInt(section + SharedLength)), nowMs, windowMs);
    }

    /// <summary>
    /// Bounds the slot opened last until the next is opened: what makes it larger throws before a byte is moved, so that a mistake of
    /// a plug-in takes no memory.
    /// </summary>
    public void LimitOpenSlot(long payloadBytesMax, long sharedBytesMax)
    {
        _payloadBytesMax = payloadBytesMax;
        _sharedBytesMax = sharedBytesMax;
    }

    /// <inheritdoc/>
    public override void SplicePayload(int at, int count)
    {
        int newLength = _payloadLength + count;
        if (count > 0 && newLength > _payloadBytesMax)
        {
            throw new PluginFaultException($"the slot would have {newLength} bytes, more than the declared {_payloadBytesMax}");
        }

        int oldSize = Varint.SizeOf((ulong)(_payloadLength + _hidden));
        int newSize = Varint.SizeOf((ulong)(newLength + _hidden));
        int lengthAt = _payload - _hidden - oldSize;
        Splice(_section, _payload + at - _section, count);
        if (newSize != oldSize)
        {
            // Behind the first byte of the length, so that the newest entry's offset, which stands before, is not moved.
            Splice(_section, lengthAt + 1 - _section, newSize - oldSize);
            _payload += newSize - oldSize;
        }

        Varint.Write(_memory.Bytes[lengthAt..], (ulong)(newLength + _hidden));
        _payloadLength = newLength;
    }

    /// <inheritdoc/>
    public override void SpliceShared(int at, int count)
    {
        int newLength = ReadInt(_section + SharedLength) + count;
        if (count > 0 && newLength > _sharedBytesMax)
        {
            throw new PluginFaultException($"the shared part would have {newLength} bytes, more than the declared {_sharedBytesMax}");
        }

        Splice(_section, SectionHeader + at, count);
        WriteInt(_section + SharedLength, ReadInt(_section + SharedLength) + count);
        _payload += count;
    }

    private int HiddenBytesOf(int feature) => _layout.Features[feature].Timeline.HiddenBytes;

    private long UnitOf(int feature) => _layout.Features[feature].Timeline.UnitMs;

    private void OpenSlot(int feature, long startMs)
    {
        _payloadBytesMax = _sharedBytesMax = long.MaxValue;
        _slotStart = startMs;
        ref OpenedSlot opened = ref _opened[feature];
        if (opened.Changes == _changes && opened.Moves == _memory.Moves && opened.StartMs == startMs)
        {
            _hidden = 0;
            _section = opened.Section;
            _payload = opened.Payload;
            _payloadLength = opened.PayloadLength;
            return;
        }

        FindOrCreateSlot(feature, startMs);
        if (_hidden == 0)
        {
            opened = new OpenedSlot(startMs, _changes, _memory.Moves, _section, _payload, _payloadLength);
        }
    }

    private void FindOrCreateSlot(int feature, long startMs)
    {
        int section = SectionOf(feature);
        if (section == 0)
        {
            section = CreateSection(feature);
        }

        _section = section;
        _hidden = HiddenBytesOf(feature);
        ReadOnlySpan<byte> bytes = _memory.Bytes;
        ReadOnlySpan<byte> header = bytes.Slice(section, SectionHeader);
        int count = BinaryPrimitives.ReadInt32LittleEndian(header[Slots..]) & ~LifetimeBit;
        long newest = BinaryPrimitives.ReadInt64LittleEndian(header[NewestStart..]);
        if (count > 0 && newest == startMs)
        {
            int at = section + BinaryPrimitives.ReadInt32LittleEndian(header[NewestEntry..]);
            Varint.Read(bytes, ref at);
            _payloadLength = (int)Varint.Read(bytes, ref at) - _hidden;
            _payload = at + _hidden;
        }
        else if (count == 0 || startMs > newest)
        {
            AppendEntry(feature, section, startMs, count, newest);
        }
        else
        {
            FindOrInsert(feature, section, startMs, count);
        }
    }

    /// <summary>Copies bytes to the scratch buffer and answers their number.</summary>
    private int Copy(ReadOnlySpan<byte> bytes)
    {
        if (_scratch.Length < bytes.Length)
        {
            _scratch = new byte[Math.Max(bytes.Length, _scratch.Length * 2)];
        }

        bytes.CopyTo(_scratch);
        return bytes.Length;
    }

    private void RemoveSlot(int feature, long startMs)
    {
        OpenSlot(feature, startMs);
        RemoveOpenSlot(feature);
    }

    private void RemoveOpenSlot(int feature)
    {
        int section = SectionOf(feature);
        int count = SlotCount(section);
        if (count == 1)
        {
            RemoveSection(feature, section);
            return;
        }

        long width = UnitOf(feature);
        var cursor = new EntryCursor(this, section, width);
        int previousEntry = 0;
        long previousStart = SlotWidths.UnboundedStart;
        cursor.MoveNext();
        while (cursor.Payload + _hidden != _payload)
        {
            previousEntry = cursor.Entry - section;
            previousStart = cursor.Start;
            cursor.MoveNext();
        }

        long startMs = _slotStart;
        int at = cursor.Entry - section;
        int end = cursor.Payload + cursor.PayloadLength - section;
        bool isNewest = at == ReadInt(section + NewestEntry);
        long nextStart = 0;
        if (!isNewest)
        {
            cursor.MoveNext();
            nextStart = cursor.Start;
        }

        Splice(section, at, at - end);
        int slots = ReadInt(section + Slots) - 1;
        WriteInt(section + Slots, startMs == SlotWidths.UnboundedStart ? slots & ~LifetimeBit : slots);
        if (isNewest)
        {
            WriteLong(section + NewestStart, previousStart);
            WriteInt(section + NewestEntry, previousEntry);
        }
        else if (startMs != SlotWidths.UnboundedStart && previousStart == SlotWidths.UnboundedStart)
        {
            WriteLong(section + FirstStart, nextStart);
            SetDelta(section, at, 0);
        }
        else if (startMs != SlotWidths.UnboundedStart)
        {
            SetDelta(section, at, (ulong)((nextStart - previousStart) / width));
        }
    }

    /// <summary>
    /// Where a feature's slot was opened last. Rows of a key come together, mostly into the same slots; as long as no byte of the block
    /// was moved the slot need not be searched again. Only of slots of time: sessions and rows change what they begin with in place.
    /// </summary>
    private readonly record struct OpenedSlot(long StartMs, int Changes, int Moves, int Section, int Payload, int PayloadLength);
}
