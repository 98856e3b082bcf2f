namespace FeatureActors.Runtime.Entities;

/// <summary>What a shard knows about a loaded entity beside its block; 48 bytes, for there are as many of them as entities.</summary>
internal struct EntitySlot
{
    /// <summary>Bytes of one.</summary>
    public const int Size = 48;

    /// <summary>Time for which the entity is in the timing wheel; <see cref="long.MaxValue"/> when it is not.</summary>
    public long ScheduledMs;

    /// <summary>Groups (by place in the plan) that changed since their last evaluation.</summary>
    public ulong ChangedGroups;

    /// <summary>Place of the block in the <see cref="BlockStore"/>.</summary>
    public int Handle;

    /// <summary>
    /// Low half of the number of the last publish batch that carries a value of the entity and is not acknowledged; 0 for none. An
    /// owner counts its batches from 1 in it.
    /// </summary>
    public uint UnackedBatch;

    /// <summary>Low half of the ingest time of the oldest row that is not published, see <see cref="ShortTime"/>; 0 for none.</summary>
    public uint PendingSince;

    /// <summary>Low half of the key's stable hash.</summary>
    public uint Hash;

    /// <summary>Neighbour in the bucket of the timing wheel; −1 for none.</summary>
    public int WheelNext;

    /// <summary>Neighbour in the bucket of the timing wheel; −1 − bucket for the first.</summary>
    public int WheelPrevious;

    /// <summary>Rises when the place is given to another entity, so that old references are recognised.</summary>
    public ushort Generation;

    /// <summary>Flags.</summary>
    public EntityMarks Marks;

    /// <summary>Monotonic second of the last use, for passivation.</summary>
    public int LastUsed;
}

/// <summary>Flags of a loaded entity.</summary>
[Flags]
internal enum EntityMarks : ushort
{
    None = 0,

    /// <summary>The place is in use.</summary>
    Live = 1,

    /// <summary>Changed since the last checkpoint began.</summary>
    Dirty = 2,

    /// <summary>Part of the checkpoint under way.</summary>
    InCheckpoint = 4,

    /// <summary>The checkpoint store has a row for it.</summary>
    Stored = 8,

    /// <summary>All state is gone; it leaves memory and store once its deletion is published and checkpointed.</summary>
    Dying = 16,

    /// <summary>Publish at the next evaluation even when the values are unchanged.</summary>
    ForceWrite = 32,

    /// <summary>Refresh the expiry at the next evaluation, so that a missing key is found.</summary>
    ForceRefresh = 64,

    /// <summary>Used since the passivation hand passed.</summary>
    Recent = 128,

    /// <summary>
    /// The sink may hold other values than the block remembers, or a key that the block knows nothing of: an earlier owner published
    /// after the checkpoint. The next evaluation writes or deletes every group.
    /// </summary>
    Unsure = 512,

    /// <summary>The checkpoint under way deletes its row.</summary>
    InCheckpointAsDeleted = 1024,
}
