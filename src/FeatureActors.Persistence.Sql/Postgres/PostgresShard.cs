using System.Globalization;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using Npgsql;

namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary>
/// Writes of one shard. A checkpoint is copied into a temporary table first, which holds no lock that another owner
/// could wait for; then one short transaction locks the shard's row, looks at the epoch, and merges on the server.
/// </summary>
internal sealed class PostgresShard(ShardId shard, PostgresDatabase database)
{
    private const string Acquire = """
        INSERT INTO shards AS s (entity, partition, partition_count, hash_id, log_identity, epoch, owner, address, backend_pid,
            checkpoint_id, next_offset, marks, clock, published_position, published_batch)
        VALUES ($1, $2, $3, $4, $5, 1, $6, $7, pg_backend_pid(), 0, 0, '', -9223372036854775808, 0, 0)
        ON CONFLICT (entity, partition) DO UPDATE SET epoch = s.epoch + 1, owner = excluded.owner,
            address = excluded.address, backend_pid = excluded.backend_pid,
            log_identity = CASE WHEN s.log_identity = '' THEN excluded.log_identity ELSE s.log_identity END
        WHERE s.partition_count = excluded.partition_count AND s.hash_id = excluded.hash_id
            AND (s.log_identity = '' OR excluded.log_identity = '' OR s.log_identity = excluded.log_identity)
        RETURNING epoch, checkpoint_id, next_offset, marks, clock, published_position, published_batch, entity_count,
            EXISTS (SELECT 1 FROM entities e WHERE e.shard = s.shard AND e.unpublished)
        """;

    private const string Stage = """
        CREATE TEMPORARY TABLE IF NOT EXISTS staged (
            key bytea NOT NULL, next_due bigint NOT NULL, unpublished boolean NOT NULL, state bytea NOT NULL) ON COMMIT PRESERVE ROWS;
        TRUNCATE staged
        """;

    private const string Merge = """
        WITH removed AS (
            DELETE FROM entities e USING staged s WHERE e.shard = $1 AND e.key = s.key AND length(s.state) = 0 RETURNING 1),
        written AS (
            INSERT INTO entities (shard, key, next_due, unpublished, state)
            SELECT $1, key, next_due, unpublished, state FROM staged WHERE length(state) > 0
            ON CONFLICT (shard, key) DO UPDATE SET next_due = excluded.next_due, unpublished = excluded.unpublished, state = excluded.state
            RETURNING xmax = 0 AS is_new)
        SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new), (SELECT count(*) FROM removed) FROM written
        """;

    /// <summary>Raises the epoch. While a former owner's transaction holds the row, it is waited for briefly and then ended.</summary>
    public async Task<ShardCheckpoint> AcquireAsync(
        NpgsqlConnection connection, ShardIdentity identity, ShardOwner owner, CancellationToken cancellationToken)
    {
        using var answered = new CancellationTokenSource();
        Task unblocking = EndBlockersAsync(connection.ProcessID, answered.Token);
        try
        {
            return await RaiseEpochAsync(connection, identity, owner, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await answered.CancelAsync().ConfigureAwait(false);
            await unblocking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Writes a checkpoint unless another owner took over.</summary>
    public async Task<CommitOutcome> CommitAsync(
        NpgsqlConnection connection, Epoch epoch, CheckpointWrite checkpoint, CancellationToken cancellationToken)
    {
        await CopyAsync(connection, checkpoint.Entities, cancellationToken).ConfigureAwait(false);
        using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        (int row, long stored, long checkpointId) = await LockAsync(connection, cancellationToken).ConfigureAwait(false);
        bool isMine = stored == epoch.Value && checkpointId <= checkpoint.Header.CheckpointId;
        if (isMine && checkpointId != checkpoint.Header.CheckpointId)
        {
            await WriteAsync(connection, row, checkpoint, cancellationToken).ConfigureAwait(false);
        }

        // Also where nothing was written: the row must not stay locked.
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return isMine ? CommitOutcome.Committed : CommitOutcome.Fenced;
    }

    private async Task<ShardCheckpoint> RaiseEpochAsync(
        NpgsqlConnection connection, ShardIdentity identity, ShardOwner owner, CancellationToken cancellationToken)
    {
        using (NpgsqlCommand command = PostgresReads.Command(
            connection,
            Acquire,
            shard,
            new NpgsqlParameter<int> { TypedValue = identity.PartitionCount },
            new NpgsqlParameter<string> { TypedValue = identity.HashId },
            new NpgsqlParameter<string> { TypedValue = identity.LogIdentity },
            new NpgsqlParameter<string> { TypedValue = owner.Name },
            new NpgsqlParameter<string> { TypedValue = owner.Address }))
        {
            using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            if (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                ShardHeader header = PostgresReads.Header(reader);
                return new ShardCheckpoint(header.Epoch, header, reader.GetInt64(7), reader.GetBoolean(8));
            }
        }

        throw await FindMismatchAsync(connection, identity, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ShardMismatchException> FindMismatchAsync(
        NpgsqlConnection connection, ShardIdentity identity, CancellationToken cancellationToken)
    {
        using NpgsqlCommand command = PostgresReads.Command(
            connection, "SELECT partition_count, hash_id, log_identity FROM shards WHERE entity = $1 AND partition = $2", shard);
        using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        int partitions = reader.GetInt32(0);
        string hash = reader.GetString(1);
        return partitions != identity.PartitionCount
            ? new ShardMismatchException(
                shard, "partition count", partitions.ToString(CultureInfo.InvariantCulture), identity.PartitionCount.ToString(CultureInfo.InvariantCulture))
            : hash != identity.HashId
                ? new ShardMismatchException(shard, "hash", hash, identity.HashId)
                : new ShardMismatchException(shard, "log identity", reader.GetString(2), identity.LogIdentity);
    }

    /// <summary>Ends, over another connection, the backends that keep <paramref name="waiting"/> from going on.</summary>
    private async Task EndBlockersAsync(int waiting, CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(database.Options.TakeOverPatience, TimeProvider.System, stop).ConfigureAwait(false);
            using NpgsqlConnection other = await database.OpenApartAsync(stop).ConfigureAwait(false);
            using var command = new NpgsqlCommand("SELECT pg_terminate_backend(pid) FROM unnest(pg_blocking_pids($1)) AS pid WHERE pid > 0", other);
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = waiting });
            await command.ExecuteNonQueryAsync(stop).ConfigureAwait(false);
        }
    }

    private static async Task CopyAsync(NpgsqlConnection connection, IReadOnlyList<StoredEntity> entities, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, Stage, cancellationToken).ConfigureAwait(false);
        if (entities.Count == 0)
        {
            return;
        }

        using NpgsqlRawCopyStream copy = await connection.BeginRawBinaryCopyAsync(
            "COPY staged (key, next_due, unpublished, state) FROM STDIN (FORMAT BINARY)", cancellationToken).ConfigureAwait(false);
        try
        {
            await StagedRows.WriteAsync(copy, entities, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await copy.CancelAsync().ConfigureAwait(false);
            throw;
        }

        // Ends the copy and throws what the server has against it.
        await copy.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<(int Row, long Epoch, long CheckpointId)> LockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using NpgsqlCommand command = PostgresReads.Command(
            connection, "SELECT shard, epoch, checkpoint_id FROM shards WHERE entity = $1 AND partition = $2 FOR UPDATE", shard);
        using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false)
            ? (reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2))
            : default;
    }

    private static async Task WriteAsync(NpgsqlConnection connection, int row, CheckpointWrite checkpoint, CancellationToken cancellationToken)
    {
        (long added, long rewritten) = checkpoint.Entities.Count > 0 ? await MergeAsync(connection, row, cancellationToken).ConfigureAwait(false) : default;

        ShardHeader header = checkpoint.Header;
        using var update = new NpgsqlCommand(
            """
            UPDATE shards SET checkpoint_id = $2, next_offset = $3, marks = $4, clock = $5, published_position = $6, published_batch = $7,
                backend_pid = pg_backend_pid(), entity_count = entity_count + $8, rewritten = rewritten + $9
            WHERE shard = $1
            """,
            connection);
        update.Parameters.Add(new NpgsqlParameter<int> { TypedValue = row });
        update.Parameters.Add(new NpgsqlParameter<long> { TypedValue = header.CheckpointId });
        update.Parameters.Add(new NpgsqlParameter<long> { TypedValue = header.NextOffset });
        update.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = header.Marks.ToArray() });
        update.Parameters.Add(new NpgsqlParameter<long> { TypedValue = header.ClockMs });
        update.Parameters.Add(new NpgsqlParameter<long> { TypedValue = header.PublishedPosition });
        update.Parameters.Add(new NpgsqlParameter<long> { TypedValue = header.PublishedBatch });
        update.Parameters.Add(new NpgsqlParameter<long> { TypedValue = added });
        update.Parameters.Add(new NpgsqlParameter<long> { TypedValue = rewritten });
        await update.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Merges what is staged; answers by how many rows there are more now, and how many old ones it left behind.</summary>
    private static async Task<(long Added, long Rewritten)> MergeAsync(NpgsqlConnection connection, int row, CancellationToken cancellationToken)
    {
        using var merge = new NpgsqlCommand(Merge, connection);
        merge.Parameters.Add(new NpgsqlParameter<int> { TypedValue = row });
        using NpgsqlDataReader reader = await merge.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        long removed = reader.GetInt64(2);
        return (reader.GetInt64(0) - removed, reader.GetInt64(1) + removed);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
