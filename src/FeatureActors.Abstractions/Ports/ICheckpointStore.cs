using FeatureActors.Abstractions.Identity;

namespace FeatureActors.Abstractions.Ports;

/// <summary>
/// Durable state of shards: entities and the log position they include, always in one transaction, fenced by the epoch.
/// The epoch kept here is the only truth about ownership. Every method may throw
/// <see cref="Errors.DependencyUnavailableException"/>; the outcome of a commit is then unknown and is found out by
/// <see cref="ReadHeaderAsync"/>. Safe for concurrent calls about different shards.
/// </summary>
public interface ICheckpointStore
{
    /// <summary>
    /// Takes a shard over: raises its epoch and reads its checkpoint in one statement. Creates the shard at first. A stored
    /// empty log identity is replaced by the caller's; an empty one of the caller fits any.
    /// </summary>
    /// <exception cref="Errors.ShardMismatchException">The stored partition count, hash or log identity is another one; the epoch is not raised.</exception>
    ValueTask<ShardCheckpoint> AcquireAsync(ShardId shard, ShardIdentity identity, ShardOwner owner, CancellationToken cancellationToken);

    /// <summary>
    /// Writes a checkpoint in one transaction when the stored epoch is still <paramref name="epoch"/> and the stored checkpoint id
    /// lower than this one's; otherwise writes nothing.
    /// Repeating the last commit (same checkpoint id) changes nothing and answers <see cref="CommitOutcome.Committed"/>; the epoch
    /// is checked first, so after a take-over even a repetition answers <see cref="CommitOutcome.Fenced"/>. When it answers
    /// <see cref="CommitOutcome.Committed"/> the checkpoint survives a power loss, so the log below it may be trimmed. After an
    /// exception, a cancellation included, the outcome is unknown; the checkpoint before stays in force or this one is.
    /// </summary>
    /// <exception cref="ArgumentException">The header's epoch is not <paramref name="epoch"/>, or its checkpoint id is 0.</exception>
    ValueTask<CommitOutcome> CommitAsync(ShardId shard, Epoch epoch, CheckpointWrite checkpoint, CancellationToken cancellationToken);

    /// <summary>
    /// Reads who owns a shard and which checkpoint is in force. A shard never acquired has epoch 0, checkpoint 0, offset 0,
    /// no marks, clock <see cref="long.MinValue"/>, no owner.
    /// </summary>
    ValueTask<ShardHeader> ReadHeaderAsync(ShardId shard, CancellationToken cancellationToken);

    /// <summary>
    /// Loads entities by key as the last committed checkpoint has them; keys without a row are left out of the answer, whose
    /// order is not promised. Keys are unique, at most a few thousand a call. The answer, here and in the reads below, belongs
    /// to the caller; its entities may share buffers, so keeping one may keep up to 64 KiB alive.
    /// </summary>
    ValueTask<IReadOnlyList<StoredEntity>> LoadAsync(ShardId shard, IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken);

    /// <summary>
    /// Reads entities with <c>next_due</c> at or before <paramref name="dueAtOrBeforeMs"/>, oldest first, ties by key (bytewise).
    /// Entities due never (<see cref="long.MaxValue"/>) are not answered, whatever the bound.
    /// </summary>
    /// <param name="shard">The shard.</param>
    /// <param name="dueAtOrBeforeMs">Inclusive bound in Unix milliseconds.</param>
    /// <param name="after">Answers only rows behind this one in (next_due, key) order; null starts at the oldest.</param>
    /// <param name="limit">Most rows to answer.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<IReadOnlyList<StoredEntity>> ReadDueAsync(ShardId shard, long dueAtOrBeforeMs, DueCursor? after, int limit, CancellationToken cancellationToken);

    /// <summary>Reads entities in key order (bytewise), behind <paramref name="after"/> (empty: from the first).</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="after">Exclusive lower bound; empty starts at the first key.</param>
    /// <param name="onlyUnpublished">True to answer only entities whose last change is not yet published.</param>
    /// <param name="limit">Most rows to answer.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<IReadOnlyList<StoredEntity>> ReadKeysAsync(ShardId shard, ReadOnlyMemory<byte> after, bool onlyUnpublished, int limit, CancellationToken cancellationToken);

    /// <summary>The store's own clock in Unix milliseconds; arbiter when a node's clock jumps.</summary>
    ValueTask<long> ReadClockAsync(CancellationToken cancellationToken);
}

/// <summary>What a shard's rows were made with; a difference is refused, for keys would land elsewhere.</summary>
/// <param name="PartitionCount">Partitions of the entity's log.</param>
/// <param name="HashId">Name and version of the hash from key to partition.</param>
/// <param name="LogIdentity">Which log the positions belong to, such as the topic and its cluster; empty when unknown.</param>
public sealed record ShardIdentity(int PartitionCount, string HashId, string LogIdentity);

/// <summary>Answer of an acquire: the new epoch and the checkpoint in force.</summary>
/// <param name="Epoch">The epoch granted to the caller.</param>
/// <param name="Header">The checkpoint's position, clock and marks.</param>
/// <param name="EntityCount">Rows stored for the shard.</param>
/// <param name="HasUnpublished">True when some entity's last change is not published.</param>
public sealed record ShardCheckpoint(Epoch Epoch, ShardHeader Header, long EntityCount, bool HasUnpublished);

/// <summary>The row of a shard.</summary>
/// <param name="Epoch">Epoch of the present owner.</param>
/// <param name="CheckpointId">Id of the checkpoint in force; 0 before the first.</param>
/// <param name="NextOffset">First log offset not yet included.</param>
/// <param name="Marks">Source marks, opaque to the store; empty before the first checkpoint.</param>
/// <param name="ClockMs">The shard's clock T; <see cref="long.MinValue"/> before it is known.</param>
/// <param name="PublishedPosition">Log position of the last acknowledged publish.</param>
/// <param name="PublishedBatch">What the owner knows of the sink, any number: that of the last acknowledged publish batch, or one that only a shard understands.</param>
public sealed record ShardHeader(
    Epoch Epoch, long CheckpointId, long NextOffset, ReadOnlyMemory<byte> Marks, long ClockMs, long PublishedPosition, long PublishedBatch)
{
    /// <summary>Who acquired the shard last, as <see cref="ICheckpointStore.ReadHeaderAsync"/> answers it; a commit does not write it.</summary>
    public ShardOwner Owner { get; init; } = ShardOwner.None;
}

/// <summary>A node that owns a shard.</summary>
/// <param name="Name">Its name; empty for nobody.</param>
/// <param name="Address">Where it answers HTTP, <c>host:port</c>; empty when it does not, or in a store that one process has for itself.</param>
public sealed record ShardOwner(string Name, string Address)
{
    /// <summary>Nobody.</summary>
    public static ShardOwner None { get; } = new("", "");
}

/// <summary>Everything one checkpoint writes.</summary>
/// <param name="Header">The shard's new row; its <see cref="ShardHeader.CheckpointId"/> is above the stored one, its epoch the writer's.</param>
/// <param name="Entities">Entities to write or delete; keys are unique. The memory belongs to the caller until the commit ends.</param>
public sealed record CheckpointWrite(ShardHeader Header, IReadOnlyList<StoredEntity> Entities);

/// <summary>An entity's row.</summary>
/// <param name="Key">Entity key, UTF-8, as in the Redis key.</param>
/// <param name="State">The entity block; empty in a checkpoint means: delete the row.</param>
/// <param name="NextDueMs">Time at which the entity must be looked at; <see cref="long.MaxValue"/> for never.</param>
/// <param name="IsUnpublished">True when its last change is not known to be in the feature store.</param>
public readonly record struct StoredEntity(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> State, long NextDueMs, bool IsUnpublished);

/// <summary>A place in the due order.</summary>
/// <param name="NextDueMs">Due time of the row before.</param>
/// <param name="Key">Key of the row before.</param>
public sealed record DueCursor(long NextDueMs, ReadOnlyMemory<byte> Key);

/// <summary>What became of a commit.</summary>
public enum CommitOutcome
{
    /// <summary>Durable.</summary>
    Committed = 1,

    /// <summary>
    /// The caller's epoch is not the stored one: another owner took over. Or a newer checkpoint is in force: a late commit, or an
    /// owner that runs twice. This call wrote nothing.
    /// </summary>
    Fenced = 2,
}
