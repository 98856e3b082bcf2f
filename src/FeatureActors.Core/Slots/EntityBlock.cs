using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Formats;
using FeatureActors.Core.Sharding;

namespace FeatureActors.Core.Slots;

/// <summary>
/// Reads and changes one entity's state: one contiguous block that <see cref="BlockMemory"/> points to. One instance serves all
/// entities of a shard in turn; it is not safe for concurrent use.
/// <code>
/// block    used i32 | key length u16 | format u8 | flags u8 | offset of the unknown sections i32
///          per group: last event i64, published hash u64, published expiry i64, next due i64
///          directory: offset i32 of each feature's section (0: none), then of the event ids and, where some look at values, of what triggers remember
///          key | sections in order of creation | unknown sections, kept as they are
/// section  reserved i32 | used i32 | shared length i32 | slots i32 (top bit: the first slot is the lifetime slot)
///          first start i64 | newest start i64 | offset of the newest entry i32 | shared bytes | entries
/// entry    start less the start before in units of the timeline (varint) | payload length (varint) | payload
///          of a session or a row, eight bytes of the payload are hidden from its type: time of the last row, or hash, i64
/// </code>
/// Entries are ordered by start, so an update of the newest slot moves nothing.
/// </summary>
public sealed partial class EntityBlock : SlotStorage
{
    /// <summary>Longest key in bytes.</summary>
    public const int KeyBytesMax = ushort.MaxValue;

    private const int KeyLengthAt = 4;

    private readonly EntityLayout _layout;
    private readonly BlockMemory _memory;

    /// <summary>An editor for blocks of <paramref name="layout"/> in <paramref name="memory"/>.</summary>
    public EntityBlock(EntityLayout layout, BlockMemory memory)
    {
        _layout = layout;
        _memory = memory;
        _bounds = NewBounds(layout);
        _opened = new OpenedSlot[layout.Features.Length];
        Array.Fill(_opened, new OpenedSlot(0, -1, 0, 0, 0, 0));
    }

    /// <summary>Bytes in use.</summary>
    public int Used => ReadInt(0);

    /// <summary>The entity's key.</summary>
    public ReadOnlySpan<byte> Key =>
        _memory.Bytes.Slice(_layout.KeyOffset, BinaryPrimitives.ReadUInt16LittleEndian(_memory.Bytes[KeyLengthAt..]));

    /// <summary>True when <paramref name="block"/>, of the same layout and not necessarily the open one, is of the entity with that key.</summary>
    public bool IsOf(ReadOnlySpan<byte> block, ReadOnlySpan<byte> key) =>
        BinaryPrimitives.ReadUInt16LittleEndian(block[KeyLengthAt..]) == key.Length && KeyBytes.AreEqual(block.Slice(_layout.KeyOffset, key.Length), key);

    /// <summary>True when no feature of any group has a slot and no unknown section is kept.</summary>
    public bool IsEmpty
    {
        get
        {
            for (int f = 0; f < _layout.Features.Length; f++)
            {
                if (HasSlots(f))
                {
                    return false;
                }
            }

            return ReadInt(UnknownOffset) == 0;
        }
    }

    /// <summary>Bytes that an empty block with a key of <paramref name="keyLength"/> bytes takes.</summary>
    public static int SizeOfEmpty(EntityLayout layout, int keyLength) => layout.KeyOffset + keyLength;

    /// <summary>Makes the memory an empty block for <paramref name="key"/>.</summary>
    public void Create(ReadOnlySpan<byte> key)
    {
        int size = SizeOfEmpty(_layout, key.Length);
        _memory.EnsureCapacity(size);
        Span<byte> bytes = _memory.Bytes;
        bytes[..size].Clear();
        WriteInt(0, size);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[KeyLengthAt..], (ushort)key.Length);
        bytes[6] = StoredFormat.Default;
        key.CopyTo(bytes[_layout.KeyOffset..]);
        for (int g = 0; g < _layout.Plan.Groups.Count; g++)
        {
            SetGroup(g, GroupState.Initial);
        }
    }

    /// <summary>What the block remembers about a group.</summary>
    public GroupState Group(int group)
    {
        ReadOnlySpan<byte> at = GroupBytes(group);
        return new GroupState(
            BinaryPrimitives.ReadInt64LittleEndian(at),
            BinaryPrimitives.ReadUInt64LittleEndian(at[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(at[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(at[24..]));
    }

    /// <summary>Changes what the block remembers about a group.</summary>
    public void SetGroup(int group, in GroupState state)
    {
        Span<byte> at = GroupBytes(group);
        BinaryPrimitives.WriteInt64LittleEndian(at, state.LastEventMs);
        BinaryPrimitives.WriteUInt64LittleEndian(at[8..], state.PublishedHash);
        BinaryPrimitives.WriteInt64LittleEndian(at[16..], state.PublishedExpiryMs);
        BinaryPrimitives.WriteInt64LittleEndian(at[24..], state.NextDueMs);
    }

    /// <summary>Raises the group's last event time to <paramref name="eventTimeMs"/> if it is later.</summary>
    public void SeeEvent(int group, long eventTimeMs)
    {
        Span<byte> at = GroupBytes(group);
        if (BinaryPrimitives.ReadInt64LittleEndian(at) < eventTimeMs)
        {
            BinaryPrimitives.WriteInt64LittleEndian(at, eventTimeMs);
        }
    }

    /// <summary>Earliest <see cref="GroupState.NextDueMs"/> of all groups.</summary>
    public long NextDueMs
    {
        get
        {
            long due = long.MaxValue;
            for (int g = 0; g < _layout.Plan.Groups.Count; g++)
            {
                due = Math.Min(due, BinaryPrimitives.ReadInt64LittleEndian(GroupBytes(g)[24..]));
            }

            return due;
        }
    }

    private Span<byte> GroupBytes(int group) =>
        _memory.Bytes.Slice(EntityLayout.HeaderBytes + (group * EntityLayout.GroupBytes), EntityLayout.GroupBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int ReadInt(int at) => BinaryPrimitives.ReadInt32LittleEndian(_memory.Bytes[at..]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long ReadLong(int at) => BinaryPrimitives.ReadInt64LittleEndian(_memory.Bytes[at..]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteInt(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(_memory.Bytes[at..], value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void WriteLong(int at, long value) => BinaryPrimitives.WriteInt64LittleEndian(_memory.Bytes[at..], value);
}
