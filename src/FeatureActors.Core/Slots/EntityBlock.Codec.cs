using System.Buffers.Binary;
using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Formats;

namespace FeatureActors.Core.Slots;

/// <content>
/// The stored form, version 1, little-endian:
/// <code>
/// format u8 | flags u8 | key length u16 | key | next due i64
/// groups u8, each: number u8, last event i64, published hash u64, published expiry i64, next due i64
/// sections u16, each: feature number u32, type hash u32, codec version u8, length i32, the section's bytes behind its reserved length
/// CRC-32C u32 of all before
/// </code>
/// Event ids are stored under feature number 0, what triggers remember under −1. Sections of unknown feature numbers are kept and written back as they came.
/// </content>
public sealed partial class EntityBlock
{
    private const string DamagedText = "the checksum of an entity block does not match: the stored bytes are damaged";
    private const int KeyAt = 4;
    private const int SectionRecordHeader = 13;
    private const int GroupRecordBytes = 33;

    /// <summary>Upper bound of <see cref="Save"/>'s output in bytes.</summary>
    public int SavedBytesMax => Used + (_layout.Plan.Groups.Count * GroupRecordBytes)
        + ((_layout.Features.Length + 2) * SectionRecordHeader) + 64;

    /// <summary>Writes the stored form into <paramref name="target"/> and answers its length.</summary>
    /// <param name="target">At least <see cref="SavedBytesMax"/> bytes.</param>
    /// <param name="format">Format to write, one of <see cref="StoredFormat"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">This release does not know the format.</exception>
    public int Save(Span<byte> target, byte format = StoredFormat.Default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(format, StoredFormat.Oldest);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(format, StoredFormat.Newest);
#if FORMAT_PREVIEW
        if (format > 1)
        {
            return SavePreview(target);
        }
#endif
        ReadOnlySpan<byte> key = Key;
        target[0] = format;
        target[1] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(target[2..], (ushort)key.Length);
        key.CopyTo(target[KeyAt..]);
        int at = KeyAt + key.Length;
        BinaryPrimitives.WriteInt64LittleEndian(target[at..], NextDueMs);
        at = SaveSections(target, SaveGroups(target, at + 8));
        BinaryPrimitives.WriteUInt32LittleEndian(target[at..], Checksum.Of(target[..at]));
        return at + 4;
    }

    /// <summary>Makes the memory the block that <paramref name="stored"/> describes.</summary>
    /// <exception cref="StateFormatException">The bytes are damaged, or written by a newer release.</exception>
    public void Load(ReadOnlySpan<byte> stored)
    {
        // Before the checksum: where that is, too, is the format's own.
        if (stored.Length > 0 && !StoredFormat.IsKnown(stored[0]))
        {
            throw new StateFormatException(StoredFormat.UnknownText("an entity block", stored[0]));
        }

#if FORMAT_PREVIEW
        if (stored.Length > 0 && stored[0] > 1)
        {
            LoadPreview(stored);
            return;
        }
#endif
        if (stored.Length < 16 || Checksum.Of(stored[..^4]) != BinaryPrimitives.ReadUInt32LittleEndian(stored[^4..]))
        {
            throw new StateFormatException(DamagedText);
        }

        FindRow(stored, out int keyStart, out int keyLength, out _);
        Create(stored.Slice(keyStart, keyLength));
        LoadSections(stored, LoadGroups(stored, keyStart + keyLength + 8));
    }

    /// <summary>Finds what a store keeps beside a block in the bytes that <see cref="Save"/> wrote.</summary>
    public static void FindRow(ReadOnlySpan<byte> stored, out int keyStart, out int keyLength, out long nextDueMs)
    {
#if FORMAT_PREVIEW
        if (stored[0] > 1)
        {
            FindRowPreview(stored, out keyStart, out keyLength, out nextDueMs);
            return;
        }
#endif
        keyStart = KeyAt;
        keyLength = BinaryPrimitives.ReadUInt16LittleEndian(stored[2..]);
        nextDueMs = BinaryPrimitives.ReadInt64LittleEndian(stored[(KeyAt + keyLength)..]);
    }

    private int SaveGroups(Span<byte> target, int at)
    {
        target[at++] = (byte)_layout.Plan.Groups.Count;
        for (int g = 0; g < _layout.Plan.Groups.Count; g++)
        {
            target[at++] = (byte)_layout.Plan.Groups[g].Number;
            GroupBytes(g).CopyTo(target[at..]);
            at += EntityLayout.GroupBytes;
        }

        return at;
    }

    private int SaveSections(Span<byte> target, int at)
    {
        int countAt = at;
        at += 2;
        int count = 0;
        for (int f = 0; f < _layout.Places; f++)
        {
            int section = SectionOf(f);
            if (section == 0)
            {
                continue;
            }

            bool isFeature = f < _layout.Features.Length;
            bool isEventIds = f == _layout.EventIdsIndex;
            int length = ReadInt(section + UsedBytes) - UsedBytes;
            BinaryPrimitives.WriteInt32LittleEndian(target[at..], isFeature ? _layout.Features[f].Number : isEventIds ? 0 : TriggersNumber);
            BinaryPrimitives.WriteUInt32LittleEndian(target[(at + 4)..], isFeature ? _layout.TypeHashes[f] : 0);
            target[at + 8] = isFeature ? _layout.Features[f].Aggregate.CodecVersion : isEventIds ? EventIdsVersion : TriggersVersion;
            BinaryPrimitives.WriteInt32LittleEndian(target[(at + 9)..], length);
            _memory.Bytes.Slice(section + UsedBytes, length).CopyTo(target[(at + SectionRecordHeader)..]);
            at += SectionRecordHeader + length;
            count++;
        }

        at += SaveUnknown(target[at..], ref count);
        BinaryPrimitives.WriteUInt16LittleEndian(target[countAt..], (ushort)count);
        return at;
    }

    private int LoadGroups(ReadOnlySpan<byte> stored, int at)
    {
        int groups = stored[at++];
        for (int i = 0; i < groups; i++, at += GroupRecordBytes)
        {
            if (_layout.TryGetGroup(stored[at], out int group))
            {
                stored.Slice(at + 1, EntityLayout.GroupBytes).CopyTo(GroupBytes(group));
            }
        }

        return at;
    }

    private int LoadSections(ReadOnlySpan<byte> stored, int at)
    {
        int sections = BinaryPrimitives.ReadUInt16LittleEndian(stored[at..]);
        at += 2;
        for (int i = 0; i < sections; i++)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(stored[(at + 9)..]);
            LoadSection(stored.Slice(at, SectionRecordHeader + length));
            at += SectionRecordHeader + length;
        }

        return at;
    }

    private int SaveUnknown(Span<byte> target, ref int count)
    {
        int unknown = ReadInt(UnknownOffset);
        if (unknown == 0)
        {
            return 0;
        }

        ReadOnlySpan<byte> records = _memory.Bytes[unknown..Used];
        records.CopyTo(target);
        for (int at = 0; at < records.Length; at += SectionRecordHeader + BinaryPrimitives.ReadInt32LittleEndian(records[(at + 9)..]))
        {
            count++;
        }

        return records.Length;
    }

    private void LoadSection(ReadOnlySpan<byte> record)
    {
        int number = BinaryPrimitives.ReadInt32LittleEndian(record);
        byte version = record[8];
        ReadOnlySpan<byte> content = record[SectionRecordHeader..];
        if (number == 0)
        {
            RestoreSection(_layout.EventIdsIndex, content);
            return;
        }

        if (number == TriggersNumber && version == TriggersVersion)
        {
            LoadTriggers(content);
            return;
        }

        if (!_layout.TryGetFeature(number, out int feature)
            || _layout.TypeHashes[feature] != BinaryPrimitives.ReadUInt32LittleEndian(record[4..]))
        {
            KeepUnknown(record);
            return;
        }

        FeaturePlan plan = _layout.Features[feature];
        if (version > plan.Aggregate.CodecVersion)
        {
            throw new StateFormatException(
                $"state of feature {plan.Name} ({plan.Type}) has codec version {version}, this release reads up to {plan.Aggregate.CodecVersion}: run the newer release");
        }

        RestoreSection(feature, content);
        if (version < plan.Aggregate.CodecVersion && !TryUpgrade(feature, version))
        {
            DropAll(feature);
            KeepUnknown(record);
        }
    }

    private void RestoreSection(int feature, ReadOnlySpan<byte> content)
    {
        int at = ReadInt(UnknownOffset) is var unknown and not 0 ? unknown : Used;
        int reserved = content.Length + UsedBytes;
        OpenGap(at, reserved);
        WriteInt(at, reserved);
        content.CopyTo(_memory.Bytes[(at + UsedBytes)..]);
        WriteInt(_layout.DirectoryOffset + (feature * sizeof(int)), at);
    }

    private void KeepUnknown(ReadOnlySpan<byte> record)
    {
        int at = Used;
        if (ReadInt(UnknownOffset) == 0)
        {
            WriteInt(UnknownOffset, at);
        }

        _memory.EnsureCapacity(at + record.Length);
        record.CopyTo(_memory.Bytes[at..]);
        WriteInt(0, at + record.Length);
    }

    private bool TryUpgrade(int feature, byte version)
    {
        var slots = new SlotReference[16];
        int count = ListSlots(feature, ref slots);
        for (int i = 0; i < count; i++)
        {
            OpenAt(feature, i);
            var slot = new FeatureSlot(this);
            if (!_layout.Features[feature].Aggregate.TryUpgrade(version, ref slot))
            {
                return false;
            }
        }

        return true;
    }
}
