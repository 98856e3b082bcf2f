using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.TestKit.Ports;

/// <summary>
/// <see cref="ICheckpointStore"/> in memory, with injected faults. Survives the crash of a simulated node because the test
/// keeps it. Calls end before they return.
/// </summary>
/// <param name="time">Clock of <see cref="ReadClockAsync"/>.</param>
public sealed class InMemoryCheckpointStore(TimeProvider time) : FaultyPort("checkpoint store in memory"), ICheckpointStore
{
    private readonly Dictionary<ShardId, Shard> _shards = [];

    /// <inheritdoc/>
    public ValueTask<ShardCheckpoint> AcquireAsync(
        ShardId shard, ShardIdentity identity, ShardOwner owner, CancellationToken cancellationToken) =>
        RunAsync(nameof(AcquireAsync), shard, () => Acquire(shard, identity, owner), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CommitOutcome> CommitAsync(
        ShardId shard, Epoch epoch, CheckpointWrite checkpoint, CancellationToken cancellationToken) =>
        RunAsync(nameof(CommitAsync), shard, () => Commit(shard, epoch, checkpoint), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ShardHeader> ReadHeaderAsync(ShardId shard, CancellationToken cancellationToken) =>
        RunAsync(nameof(ReadHeaderAsync), shard, () => ReadHeader(shard), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredEntity>> LoadAsync(
        ShardId shard, IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken) =>
        RunAsync<IReadOnlyList<StoredEntity>>(nameof(LoadAsync), shard, () => Load(shard, keys), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredEntity>> ReadDueAsync(
        ShardId shard, long dueAtOrBeforeMs, DueCursor? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return RunAsync<IReadOnlyList<StoredEntity>>(nameof(ReadDueAsync), shard, () => ReadDue(shard, dueAtOrBeforeMs, after, limit), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredEntity>> ReadKeysAsync(
        ShardId shard, ReadOnlyMemory<byte> after, bool onlyUnpublished, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return RunAsync<IReadOnlyList<StoredEntity>>(nameof(ReadKeysAsync), shard, () => ReadKeys(shard, after, onlyUnpublished, limit), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<long> ReadClockAsync(CancellationToken cancellationToken) =>
        RunAsync(nameof(ReadClockAsync), null, () => time.GetUtcNow().ToUnixTimeMilliseconds(), cancellationToken);

    /// <summary>Number of entity rows of a shard.</summary>
    public int CountEntities(ShardId shard) => Inspect(() => Find(shard)?.Entities.Count ?? 0);

    /// <summary>Owner of the last acquire, or null.</summary>
    public string? FindOwner(ShardId shard) => Inspect(() => Find(shard)?.Owner?.Name);

    /// <summary>Every entity row of a shard in key order.</summary>
    public IReadOnlyList<StoredEntity> ListEntities(ShardId shard) =>
        Inspect<IReadOnlyList<StoredEntity>>(() => Find(shard) is { } found ? [.. found.Entities.Values] : []);

    internal ShardHeader ReadHeader(ShardId shard) =>
        Find(shard) is { } found ? found.Header with { Owner = found.Owner ?? ShardOwner.None } : Shard.NeverOwned;

    private Shard? Find(ShardId shard) => _shards.GetValueOrDefault(shard);

    internal ShardCheckpoint Acquire(ShardId shardId, ShardIdentity identity, ShardOwner owner)
    {
        if (!_shards.TryGetValue(shardId, out var shard))
        {
            shard = new Shard(identity);
            _shards.Add(shardId, shard);
        }

        shard.RequireSame(shardId, identity);
        if (shard.Identity.LogIdentity.Length == 0)
        {
            shard.Identity = identity;
        }

        shard.Owner = owner;
        shard.Header = shard.Header with { Epoch = new Epoch(shard.Header.Epoch.Value + 1) };
        return new ShardCheckpoint(
            shard.Header.Epoch, shard.Header, shard.Entities.Count, shard.Entities.Values.Any(static entity => entity.IsUnpublished));
    }

    internal CommitOutcome Commit(ShardId shardId, Epoch epoch, CheckpointWrite checkpoint)
    {
        if (checkpoint.Header.Epoch != epoch || checkpoint.Header.CheckpointId == 0)
        {
            throw new ArgumentException(
                $"a checkpoint carries its writer's epoch and an id other than 0 (shard {shardId}, epoch {epoch}, header {checkpoint.Header.Epoch}, id {checkpoint.Header.CheckpointId})",
                nameof(checkpoint));
        }

        var shard = Find(shardId);
        if (shard is null || shard.Header.Epoch != epoch)
        {
            return CommitOutcome.Fenced;
        }

        if (shard.Header.CheckpointId == checkpoint.Header.CheckpointId)
        {
            return CommitOutcome.Committed;
        }

        if (shard.Header.CheckpointId > checkpoint.Header.CheckpointId)
        {
            return CommitOutcome.Fenced;
        }

        shard.Header = checkpoint.Header with { Marks = checkpoint.Header.Marks.ToArray() };
        foreach (var entity in checkpoint.Entities)
        {
            var key = entity.Key.ToArray();
            if (entity.State.IsEmpty)
            {
                shard.Entities.Remove(key);
            }
            else
            {
                shard.Entities[key] = entity with { Key = key, State = entity.State.ToArray() };
            }
        }

        return CommitOutcome.Committed;
    }

    internal List<StoredEntity> Load(ShardId shardId, IReadOnlyList<ReadOnlyMemory<byte>> keys)
    {
        List<StoredEntity> found = [];
        if (Find(shardId) is { } shard)
        {
            foreach (var key in keys)
            {
                if (shard.Entities.TryGetValue(key.ToArray(), out var entity))
                {
                    found.Add(Copy(entity));
                }
            }
        }

        return found;
    }

    internal List<StoredEntity> ReadDue(ShardId shardId, long dueAtOrBeforeMs, DueCursor? after, int limit)
    {
        if (Find(shardId) is not { } shard)
        {
            return [];
        }

        return [.. shard.Entities.Values
            .Where(entity => entity.NextDueMs <= dueAtOrBeforeMs && entity.NextDueMs != long.MaxValue)
            .Where(entity => after is null || entity.NextDueMs > after.NextDueMs
                || (entity.NextDueMs == after.NextDueMs && entity.Key.Span.SequenceCompareTo(after.Key.Span) > 0))
            .OrderBy(static entity => entity.NextDueMs) // Stable, and the dictionary yields keys in order.
            .Take(limit)
            .Select(Copy)];
    }

    internal List<StoredEntity> ReadKeys(ShardId shardId, ReadOnlyMemory<byte> after, bool onlyUnpublished, int limit)
    {
        if (Find(shardId) is not { } shard)
        {
            return [];
        }

        return [.. shard.Entities.Values
            .Where(entity => after.IsEmpty || entity.Key.Span.SequenceCompareTo(after.Span) > 0)
            .Where(entity => !onlyUnpublished || entity.IsUnpublished)
            .Take(limit)
            .Select(Copy)];
    }

    private static StoredEntity Copy(StoredEntity entity) =>
        entity with { Key = entity.Key.ToArray(), State = entity.State.ToArray() };

    private sealed class Shard(ShardIdentity identity)
    {
        public static readonly ShardHeader NeverOwned =
            new(new Epoch(0), 0, 0, ReadOnlyMemory<byte>.Empty, long.MinValue, 0, 0);

        public ShardIdentity Identity { get; set; } = identity;

        public ShardHeader Header { get; set; } = NeverOwned;

        public ShardOwner? Owner { get; set; }

        public SortedDictionary<byte[], StoredEntity> Entities { get; } = new(KeyOrder.Instance);

        public void RequireSame(ShardId shard, ShardIdentity current)
        {
            if (Identity.PartitionCount != current.PartitionCount)
            {
                throw new ShardMismatchException(shard, "partition count", $"{Identity.PartitionCount}", $"{current.PartitionCount}");
            }

            if (Identity.HashId != current.HashId)
            {
                throw new ShardMismatchException(shard, "hash", Identity.HashId, current.HashId);
            }

            if (Identity.LogIdentity.Length > 0 && current.LogIdentity.Length > 0 && Identity.LogIdentity != current.LogIdentity)
            {
                throw new ShardMismatchException(shard, "log identity", Identity.LogIdentity, current.LogIdentity);
            }
        }
    }
}
