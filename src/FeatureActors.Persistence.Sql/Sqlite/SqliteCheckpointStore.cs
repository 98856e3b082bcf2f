using System.Collections.Concurrent;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary><see cref="ICheckpointStore"/> over one file per shard.</summary>
internal sealed class SqliteCheckpointStore : ICheckpointStore, IAsyncDisposable
{
    // Checkpoints rewrite many pages, so their log is worth moving into the file only when it holds a few thousand of them.
    private const long WalBytes = 8 * 1024 * 1024;

    // A read touches a few pages per key; all shards' readers together stay small beside the entities in memory.
    private const int ReaderCacheKiB = 512;

    // Each running commit has its cache; two keep a disk busy while one of them computes.
    private const int CommitsMax = 2;

    private readonly DataDirectory _directory;
    private readonly TimeProvider _time;
    private readonly SqliteFileProfile _writer;
    private readonly SqliteFileProfile _reader;
    private readonly SemaphoreSlim _commits;
    private readonly SemaphoreSlim _reads;
    private readonly ConcurrentDictionary<ShardId, SqliteShardState> _shards = [];

    public SqliteCheckpointStore(DataDirectory directory, SqliteStoreOptions options, TimeProvider time)
    {
        _directory = directory;
        _time = time;
        _writer = new SqliteFileProfile(options.StatePageBytes, options.CommitCacheKiB, WalBytes, options.Durability, options.PagesMax);
        _reader = _writer with { CacheKiB = ReaderCacheKiB };
        _commits = new SemaphoreSlim(Math.Min(CommitsMax, options.ConcurrencyMax));
        _reads = new SemaphoreSlim(options.ConcurrencyMax);
    }

    /// <inheritdoc/>
    public async ValueTask<ShardCheckpoint> AcquireAsync(
        ShardId shard, ShardIdentity identity, ShardOwner owner, CancellationToken cancellationToken) =>
        await Find(shard).WriteAsync((state, _) => state.Acquire(identity, owner), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<CommitOutcome> CommitAsync(
        ShardId shard, Epoch epoch, CheckpointWrite checkpoint, CancellationToken cancellationToken)
    {
        if (checkpoint.Header.Epoch != epoch || checkpoint.Header.CheckpointId == 0)
        {
            throw new ArgumentException(
                $"a checkpoint carries its writer's epoch and an id other than 0 (shard {shard}, epoch {epoch}, header {checkpoint.Header.Epoch}, id {checkpoint.Header.CheckpointId})",
                nameof(checkpoint));
        }

        return await Find(shard).WriteAsync((state, token) => state.Commit(epoch, checkpoint, token), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<ShardHeader> ReadHeaderAsync(ShardId shard, CancellationToken cancellationToken) =>
        await Find(shard).ReadAsync(static (state, _) => state.ReadHeader(), SqliteShardState.NeverOwned, cancellationToken)
            .ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StoredEntity>> LoadAsync(
        ShardId shard, IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken) =>
        keys.Count == 0
            ? []
            : await Find(shard).ReadAsync((state, token) => state.Load(keys, token), [], cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StoredEntity>> ReadDueAsync(
        ShardId shard, long dueAtOrBeforeMs, DueCursor? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return await Find(shard).ReadAsync((state, _) => state.ReadDue(dueAtOrBeforeMs, after, limit), [], cancellationToken)
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<StoredEntity>> ReadKeysAsync(
        ShardId shard, ReadOnlyMemory<byte> after, bool onlyUnpublished, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return await Find(shard).ReadAsync((state, _) => state.ReadKeys(after.Span, onlyUnpublished, limit), [], cancellationToken)
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<long> ReadClockAsync(CancellationToken cancellationToken) => cancellationToken.IsCancellationRequested
        ? ValueTask.FromCanceled<long>(cancellationToken)
        : ValueTask.FromResult(_time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var shard in _shards.Values)
        {
            await shard.DisposeAsync().ConfigureAwait(false);
        }
    }

    private SqliteShardState Find(ShardId shard) => _shards.GetOrAdd(
        shard,
        static (id, store) => new SqliteShardState(
            id, store._directory.StateFile(id), store._writer, store._reader, store._commits, store._reads),
        this);
}
