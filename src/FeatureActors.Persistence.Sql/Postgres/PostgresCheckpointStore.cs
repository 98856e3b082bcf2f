using System.Collections.Concurrent;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using Npgsql;

namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary><see cref="ICheckpointStore"/> over PostgreSQL, shared by all nodes of a namespace.</summary>
internal sealed class PostgresCheckpointStore(PostgresDatabase database, EntityVacuum vacuum) : ICheckpointStore
{
    private readonly ConcurrentDictionary<ShardId, PostgresShard> _shards = [];

    /// <inheritdoc/>
    public ValueTask<ShardCheckpoint> AcquireAsync(
        ShardId shard, ShardIdentity identity, ShardOwner owner, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return database.RunAsync(
            $"acquire shard {shard}", connection => Find(shard).AcquireAsync(connection, identity, owner, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<CommitOutcome> CommitAsync(
        ShardId shard, Epoch epoch, CheckpointWrite checkpoint, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        if (checkpoint.Header.Epoch != epoch || checkpoint.Header.CheckpointId == 0)
        {
            throw new ArgumentException(
                $"a checkpoint carries its writer's epoch and an id other than 0 (shard {shard}, epoch {epoch}, header {checkpoint.Header.Epoch}, id {checkpoint.Header.CheckpointId})",
                nameof(checkpoint));
        }

        return database.RunAsync(
            $"commit a checkpoint of shard {shard}",
            async connection =>
            {
                CommitOutcome outcome = await Find(shard).CommitAsync(connection, epoch, checkpoint, cancellationToken).ConfigureAwait(false);
                await vacuum.ConsiderAsync(connection, cancellationToken).ConfigureAwait(false);
                return outcome;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ShardHeader> ReadHeaderAsync(ShardId shard, CancellationToken cancellationToken) =>
        database.RunAsync($"read shard {shard}", connection => PostgresReads.HeaderAsync(connection, shard, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredEntity>> LoadAsync(
        ShardId shard, IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken) =>
        keys.Count == 0
            ? ValueTask.FromResult<IReadOnlyList<StoredEntity>>([])
            : database.RunAsync($"load entities of shard {shard}", connection => PostgresReads.LoadAsync(connection, shard, keys, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredEntity>> ReadDueAsync(
        ShardId shard, long dueAtOrBeforeMs, DueCursor? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return database.RunAsync(
            $"read due entities of shard {shard}",
            connection => PostgresReads.DueAsync(connection, shard, dueAtOrBeforeMs, after, limit, cancellationToken),
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredEntity>> ReadKeysAsync(
        ShardId shard, ReadOnlyMemory<byte> after, bool onlyUnpublished, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return database.RunAsync(
            $"read entities of shard {shard}",
            connection => PostgresReads.KeysAsync(connection, shard, after, onlyUnpublished, limit, cancellationToken),
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<long> ReadClockAsync(CancellationToken cancellationToken) => database.RunAsync(
        "read the clock",
        async connection =>
        {
            using var command = new NpgsqlCommand("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint", connection);
            return (long)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        },
        cancellationToken);

    private PostgresShard Find(ShardId shard) =>
        _shards.GetOrAdd(shard, static (id, database) => new PostgresShard(id, database), database);
}
