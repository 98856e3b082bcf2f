using System.Buffers.Binary;
using FeatureActors.Core.Definitions;

namespace FeatureActors.Core.Slots;

/// <content>
/// What value triggers remember, in a section of its own: records of (trigger id u64, length u16, state), in order of first use. It
/// is stored under feature number −1; a release that does not know it keeps it as it is.
/// </content>
public sealed partial class EntityBlock
{
    private const byte TriggersVersion = 1;
    private const int TriggersNumber = -1;
    private const int TriggerHeader = 10;

    /// <summary>
    /// The state of a trigger for this entity, zeros before the first use. It points into the block: valid until the block changes.
    /// </summary>
    /// <param name="id">The trigger's <see cref="TriggerPlan.Id"/>.</param>
    /// <param name="length">Its bytes of state.</param>
    public Span<byte> TriggerState(ulong id, int length)
    {
        int section = SectionOf(_layout.TriggersIndex);
        if (section == 0)
        {
            section = CreateSection(_layout.TriggersIndex);
        }

        int at = FindTrigger(section, id);
        if (at < 0)
        {
            at = ReadInt(section + SharedLength);
            AppendTrigger(id, length);
            section = SectionOf(_layout.TriggersIndex);
        }

        return _memory.Bytes.Slice(section + SectionHeader + at + TriggerHeader, length);
    }

    /// <summary>Makes the states of a group's triggers zeros again.</summary>
    public void ForgetTriggers(GroupPlan group)
    {
        for (int i = 0; i < group.Triggers.Count; i++)
        {
            if (group.Triggers[i].Value is not null && SectionOf(_layout.TriggersIndex) is var section and not 0
                && FindTrigger(section, group.Triggers[i].Id) is var at and >= 0)
            {
                Span<byte> record = Triggers(section)[at..];
                record.Slice(TriggerHeader, BinaryPrimitives.ReadUInt16LittleEndian(record[8..])).Clear();
            }
        }
    }

    private Span<byte> Triggers(int section) => _memory.Bytes.Slice(section + SectionHeader, ReadInt(section + SharedLength));

    private int FindTrigger(int section, ulong id)
    {
        ReadOnlySpan<byte> records = Triggers(section);
        int at = 0;
        while (at < records.Length)
        {
            if (BinaryPrimitives.ReadUInt64LittleEndian(records[at..]) == id)
            {
                return at;
            }

            at += TriggerHeader + BinaryPrimitives.ReadUInt16LittleEndian(records[(at + 8)..]);
        }

        return -1;
    }

    private void AppendTrigger(ulong id, int length)
    {
        int section = SectionOf(_layout.TriggersIndex);
        int at = ReadInt(section + SharedLength);
        Splice(section, SectionHeader + at, TriggerHeader + length);
        section = SectionOf(_layout.TriggersIndex);
        WriteInt(section + SharedLength, at + TriggerHeader + length);
        Span<byte> record = Triggers(section)[at..];
        BinaryPrimitives.WriteUInt64LittleEndian(record, id);
        BinaryPrimitives.WriteUInt16LittleEndian(record[8..], (ushort)length);
    }

    /// <summary>Takes over the states of triggers that the definitions still have; others begin anew if they come back.</summary>
    private void LoadTriggers(ReadOnlySpan<byte> content)
    {
        // The content is a section as it stood in memory, without its reserved length.
        ReadOnlySpan<byte> section = content[(SectionHeader - UsedBytes)..];
        ReadOnlySpan<byte> records = section[..BinaryPrimitives.ReadInt32LittleEndian(content[(SharedLength - UsedBytes)..])];
        int at = 0;
        while (at < records.Length)
        {
            ulong id = BinaryPrimitives.ReadUInt64LittleEndian(records[at..]);
            int length = BinaryPrimitives.ReadUInt16LittleEndian(records[(at + 8)..]);
            if (_layout.TriggerBytesOf(id) == length)
            {
                records.Slice(at + TriggerHeader, length).CopyTo(TriggerState(id, length));
            }

            at += TriggerHeader + length;
        }
    }
}
