using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>
/// The state file of one shard: a connection for commits and one for reads, so that loads go on while a checkpoint is
/// written (they see the checkpoint before). The file is created by the first acquire; until then reads find nothing.
/// </summary>
internal sealed class SqliteShardState(
    ShardId shard, string path, SqliteFileProfile writerProfile, SqliteFileProfile readerProfile, SemaphoreSlim commits, SemaphoreSlim reads)
    : IAsyncDisposable
{
    /// <summary>The row of a shard nobody ever acquired.</summary>
    public static readonly ShardHeader NeverOwned = new(new Epoch(0), 0, 0, ReadOnlyMemory<byte>.Empty, long.MinValue, 0, 0);

    // A cancelled checkpoint ends within about a millisecond of work.
    private const int RowsPerCancellationCheck = 256;

    private const string HeaderColumns =
        "epoch, checkpoint_id, next_offset, marks, clock, published_position, published_batch";

    // One statement raises the epoch and reads what the new owner needs; no row comes back when the identity differs.
    private const string AcquireSql = $"""
        INSERT INTO shards (entity, partition, partition_count, hash_id, log_identity, owner, epoch, checkpoint_id, next_offset,
            marks, clock, published_position, published_batch)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, 0, 0, x'', -9223372036854775808, 0, 0)
        ON CONFLICT (entity, partition) DO UPDATE SET
            epoch = shards.epoch + 1, owner = excluded.owner,
            log_identity = CASE shards.log_identity WHEN '' THEN excluded.log_identity ELSE shards.log_identity END
        WHERE shards.partition_count = excluded.partition_count AND shards.hash_id = excluded.hash_id
            AND (shards.log_identity = excluded.log_identity OR shards.log_identity = '' OR excluded.log_identity = '')
        RETURNING {HeaderColumns}
        """;

    private const string FenceSql = """
        UPDATE shards SET checkpoint_id = ?4, next_offset = ?5, marks = ?6, clock = ?7, published_position = ?8, published_batch = ?9
        WHERE entity = ?1 AND partition = ?2 AND epoch = ?3 AND checkpoint_id < ?4
        """;

    // Naming next_due in SET rewrites its index entry even when the value stays, and it mostly stays: it is the exit of an
    // old slot. So the row is first updated under the due time it has; only if that meets nothing, the upsert runs.
    private const string UpdateSql = "UPDATE entities SET state = ?2, unpublished = ?4 WHERE key = ?1 AND next_due = ?3";

    private const string UpsertSql = """
        INSERT INTO entities (key, state, next_due, unpublished) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (key) DO UPDATE SET state = excluded.state, next_due = excluded.next_due, unpublished = excluded.unpublished
        """;

    // The bound of the partial index stands in the text, or SQLite would not use the index.
    internal const string DueSql = """
        SELECT key, state, next_due, unpublished FROM entities
        WHERE next_due < 9223372036854775807 AND next_due <= ?1 AND (next_due, key) > (?2, ?3)
        ORDER BY next_due, key LIMIT ?4
        """;

    internal const string OldestDueSql = """
        SELECT key, state, next_due, unpublished FROM entities
        WHERE next_due < 9223372036854775807 AND next_due <= ?1
        ORDER BY next_due, key LIMIT ?2
        """;

    internal const string UnpublishedSql =
        "SELECT key, state, next_due, unpublished FROM entities WHERE unpublished = 1 AND key > ?1 ORDER BY key LIMIT ?2";

    private readonly SqliteLane _writeLane = new(commits);
    private readonly SqliteLane _readLane = new(reads);
    private SqliteDatabase? _writer;
    private SqliteDatabase? _reader;

    /// <summary>Runs work on the writing connection; other commits of the shard wait.</summary>
    public Task<T> WriteAsync<T>(Func<SqliteShardState, CancellationToken, T> work, CancellationToken cancellationToken) =>
        _writeLane.RunAsync(token => work(this, token), cancellationToken);

    /// <summary>Runs work on the reading connection; answers <paramref name="none"/> when the shard has no file yet.</summary>
    public Task<T> ReadAsync<T>(Func<SqliteShardState, CancellationToken, T> work, T none, CancellationToken cancellationToken) =>
        _readLane.RunAsync(token => OpenReader() ? work(this, token) : none, cancellationToken);

    /// <summary>See <see cref="ICheckpointStore.AcquireAsync"/>. On the write lane.</summary>
    public ShardCheckpoint Acquire(ShardIdentity identity, ShardOwner owner)
    {
        var writer = _writer ??= SqliteDatabase.OpenWriter(path, writerProfile, SqliteSchemas.State);
        ShardCheckpoint? checkpoint = null;
        writer.Write(() =>
        {
            var acquire = writer.Statement(AcquireSql)
                .Bind(1, shard.Entity).Bind(2, shard.Partition).Bind(3, identity.PartitionCount).Bind(4, identity.HashId)
                .Bind(5, identity.LogIdentity).Bind(6, owner.Name);
            if (acquire.Step())
            {
                var header = ToHeader(acquire);
                acquire.Reset();
                checkpoint = new ShardCheckpoint(header.Epoch, header, CountEntities(writer), HasUnpublished(writer));
            }

            return checkpoint is not null;
        });
        return checkpoint ?? throw FindMismatch(writer, identity);
    }

    /// <summary>See <see cref="ICheckpointStore.CommitAsync"/>. On the write lane.</summary>
    public CommitOutcome Commit(Epoch epoch, CheckpointWrite checkpoint, CancellationToken cancellationToken)
    {
        if (_writer is null && !File.Exists(path))
        {
            return CommitOutcome.Fenced;
        }

        var writer = _writer ??= SqliteDatabase.OpenWriter(path, writerProfile, SqliteSchemas.State);
        var outcome = CommitOutcome.Committed;
        try
        {
            writer.Write(() =>
            {
                if (!TakeFence(writer, epoch, checkpoint.Header))
                {
                    outcome = Explain(writer, checkpoint.Header);
                    return false;
                }

                WriteEntities(writer, checkpoint.Entities, cancellationToken);
                return true;
            });
        }
        finally
        {
            // Between checkpoints the memory of the cache is worth more elsewhere.
            writer.Execute("PRAGMA shrink_memory");
            NativeHeap.Trim();
        }

        return outcome;
    }

    /// <summary>See <see cref="ICheckpointStore.ReadHeaderAsync"/>. On the read lane.</summary>
    public ShardHeader ReadHeader()
    {
        var read = _reader!.Statement($"SELECT {HeaderColumns}, owner FROM shards WHERE entity = ?1 AND partition = ?2")
            .Bind(1, shard.Entity).Bind(2, shard.Partition);
        var header = read.Step() ? ToHeader(read) with { Owner = new ShardOwner(read.Text(7), "") } : NeverOwned;
        read.Reset();
        return header;
    }

    /// <summary>See <see cref="ICheckpointStore.LoadAsync"/>. On the read lane.</summary>
    public IReadOnlyList<StoredEntity> Load(IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken) => _reader!.Read(() =>
    {
        List<StoredEntity> found = new(keys.Count);
        ByteSlab slab = new();
        var select = _reader.Statement("SELECT key, state, next_due, unpublished FROM entities WHERE key = ?1");
        for (var index = 0; index < keys.Count; index++)
        {
            ThrowIfCancelled(index, cancellationToken);
            select.Bind(1, keys[index].Span);
            if (select.Step())
            {
                found.Add(ToEntity(select, slab));
            }

            select.Reset();
        }

        return found;
    });

    /// <summary>See <see cref="ICheckpointStore.ReadDueAsync"/>. On the read lane.</summary>
    public IReadOnlyList<StoredEntity> ReadDue(long dueAtOrBeforeMs, DueCursor? after, int limit) => List(after is null
        ? _reader!.Statement(OldestDueSql).Bind(1, dueAtOrBeforeMs).Bind(2, limit)
        : _reader!.Statement(DueSql).Bind(1, dueAtOrBeforeMs).Bind(2, after.NextDueMs).Bind(3, after.Key.Span).Bind(4, limit));

    /// <summary>See <see cref="ICheckpointStore.ReadKeysAsync"/>. On the read lane.</summary>
    public IReadOnlyList<StoredEntity> ReadKeys(ReadOnlySpan<byte> after, bool onlyUnpublished, int limit) =>
        List(_reader!.Statement(onlyUnpublished
            ? UnpublishedSql
            : "SELECT key, state, next_due, unpublished FROM entities WHERE key > ?1 ORDER BY key LIMIT ?2")
            .Bind(1, after).Bind(2, limit));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _readLane.CloseAsync(() => _reader?.Dispose()).ConfigureAwait(false);
        await _writeLane.CloseAsync(() => _writer?.Dispose()).ConfigureAwait(false);
    }

    /// <summary>First statement of every checkpoint: it locks the row and changes nothing unless the epoch is still ours.</summary>
    private bool TakeFence(SqliteDatabase writer, Epoch epoch, ShardHeader header)
    {
        writer.Statement(FenceSql)
            .Bind(1, shard.Entity).Bind(2, shard.Partition).Bind(3, epoch.Value).Bind(4, header.CheckpointId)
            .Bind(5, header.NextOffset).Bind(6, header.Marks.Span).Bind(7, header.ClockMs)
            .Bind(8, header.PublishedPosition).Bind(9, header.PublishedBatch)
            .Run();
        return writer.Changes == 1;
    }

    /// <summary>Why the fence was not taken: somebody else's epoch, a newer checkpoint, or this very one is in force already.</summary>
    private CommitOutcome Explain(SqliteDatabase writer, ShardHeader header)
    {
        var read = writer.Statement("SELECT 1 FROM shards WHERE entity = ?1 AND partition = ?2 AND epoch = ?3 AND checkpoint_id = ?4")
            .Bind(1, shard.Entity).Bind(2, shard.Partition).Bind(3, header.Epoch.Value).Bind(4, header.CheckpointId);
        return read.Step() ? CommitOutcome.Committed : CommitOutcome.Fenced;
    }

    private static void WriteEntities(SqliteDatabase writer, IReadOnlyList<StoredEntity> entities, CancellationToken cancellationToken)
    {
        var update = writer.Statement(UpdateSql);
        var upsert = writer.Statement(UpsertSql);
        var delete = writer.Statement("DELETE FROM entities WHERE key = ?1");
        for (var index = 0; index < entities.Count; index++)
        {
            ThrowIfCancelled(index, cancellationToken);
            var entity = entities[index];
            if (entity.State.IsEmpty)
            {
                delete.Bind(1, entity.Key.Span).Run();
            }
            else
            {
                Bind(update, entity).Run();
                if (writer.Changes == 0)
                {
                    Bind(upsert, entity).Run();
                }
            }
        }
    }

    private static SqliteStatement Bind(SqliteStatement write, StoredEntity entity) => write
        .Bind(1, entity.Key.Span).Bind(2, entity.State.Span).Bind(3, entity.NextDueMs).Bind(4, entity.IsUnpublished ? 1 : 0);

    private static void ThrowIfCancelled(int row, CancellationToken cancellationToken)
    {
        if (row % RowsPerCancellationCheck == 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private bool OpenReader()
    {
        if (_reader is not null || !File.Exists(path))
        {
            return _reader is not null;
        }

        // A file without the present schema belongs to a shard not acquired since it was made or updated; the writer will.
        var reader = SqliteDatabase.OpenReader(path, readerProfile);
        var isCurrent = false;
        try
        {
            isCurrent = reader.ReadSchemaVersion(SqliteSchemas.State) == SqliteSchemas.State.Count;
        }
        finally
        {
            if (!isCurrent)
            {
                reader.Dispose();
            }
        }

        _reader = isCurrent ? reader : null;
        return _reader is not null;
    }

    private static List<StoredEntity> List(SqliteStatement select)
    {
        List<StoredEntity> entities = [];
        ByteSlab slab = new();
        while (select.Step())
        {
            entities.Add(ToEntity(select, slab));
        }

        select.Reset();
        return entities;
    }

    private static long CountEntities(SqliteDatabase writer)
    {
        var count = writer.Statement("SELECT count(*) FROM entities");
        _ = count.Step();
        return count.Long(0);
    }

    private static bool HasUnpublished(SqliteDatabase writer) =>
        writer.Statement("SELECT 1 FROM entities WHERE unpublished = 1 LIMIT 1").Step();

    private ShardMismatchException FindMismatch(SqliteDatabase writer, ShardIdentity identity)
    {
        var read = writer.Statement("SELECT partition_count, hash_id, log_identity FROM shards WHERE entity = ?1 AND partition = ?2")
            .Bind(1, shard.Entity).Bind(2, shard.Partition);
        _ = read.Step();
        var stored = new ShardIdentity((int)read.Long(0), read.Text(1), read.Text(2));
        read.Reset();
        if (stored.PartitionCount != identity.PartitionCount)
        {
            return new ShardMismatchException(shard, "partition count", $"{stored.PartitionCount}", $"{identity.PartitionCount}");
        }

        return stored.HashId != identity.HashId
            ? new ShardMismatchException(shard, "hash", stored.HashId, identity.HashId)
            : new ShardMismatchException(shard, "log identity", stored.LogIdentity, identity.LogIdentity);
    }

    private static ShardHeader ToHeader(SqliteStatement row) => new(
        new Epoch(row.Long(0)), row.Long(1), row.Long(2), row.Bytes(3).ToArray(), row.Long(4), row.Long(5), row.Long(6));

    private static StoredEntity ToEntity(SqliteStatement row, ByteSlab slab) =>
        new(slab.Copy(row.Bytes(0)), slab.Copy(row.Bytes(1)), row.Long(2), row.Long(3) != 0);
}
