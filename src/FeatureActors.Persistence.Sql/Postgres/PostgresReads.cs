using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using Npgsql;
using NpgsqlTypes;

namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary>Statements that only read, each one a snapshot of its own.</summary>
internal static class PostgresReads
{
    private const string Shard = "(SELECT shard FROM shards WHERE entity = $1 AND partition = $2)";
    private const string Columns = "e.key, e.state, e.next_due, e.unpublished";

    public static async Task<ShardHeader> HeaderAsync(NpgsqlConnection connection, ShardId shard, CancellationToken cancellationToken)
    {
        using NpgsqlCommand command = Command(
            connection,
            "SELECT epoch, checkpoint_id, next_offset, marks, clock, published_position, published_batch, owner, address FROM shards WHERE entity = $1 AND partition = $2",
            shard);
        using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false)
            ? Header(reader) with { Owner = new ShardOwner(reader.GetString(7), reader.GetString(8)) }
            : new ShardHeader(new Epoch(0), 0, 0, ReadOnlyMemory<byte>.Empty, long.MinValue, 0, 0);
    }

    /// <summary>A header from columns epoch to published_batch, the first seven of a row.</summary>
    public static ShardHeader Header(NpgsqlDataReader reader) => new(
        new Epoch(reader.GetInt64(0)),
        reader.GetInt64(1),
        reader.GetInt64(2),
        Bytes(reader, 3),
        reader.GetInt64(4),
        reader.GetInt64(5),
        reader.GetInt64(6));

    public static Task<IReadOnlyList<StoredEntity>> LoadAsync(
        NpgsqlConnection connection, ShardId shard, IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken) => ListAsync(
        Command(
            connection,
            $"SELECT {Columns} FROM entities e JOIN unnest($3) AS wanted (key) ON e.key = wanted.key WHERE e.shard = {Shard}",
            shard,
            new NpgsqlParameter<byte[][]> { TypedValue = [.. keys.Select(static k => k.ToArray())], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea }),
        cancellationToken);

    public static Task<IReadOnlyList<StoredEntity>> DueAsync(
        NpgsqlConnection connection, ShardId shard, long dueAtOrBeforeMs, DueCursor? after, int limit, CancellationToken cancellationToken) => ListAsync(
        Command(
            connection,
            $"""
            SELECT {Columns} FROM entities e
            WHERE e.shard = {Shard} AND e.next_due < 9223372036854775807 AND e.next_due <= $3 AND (e.next_due, e.key) > ($4, $5)
            ORDER BY e.next_due, e.key LIMIT $6
            """,
            shard,
            new NpgsqlParameter<long> { TypedValue = dueAtOrBeforeMs },
            new NpgsqlParameter<long> { TypedValue = after?.NextDueMs ?? long.MinValue },
            new NpgsqlParameter<byte[]> { TypedValue = after?.Key.ToArray() ?? [] },
            new NpgsqlParameter<int> { TypedValue = limit }),
        cancellationToken);

    public static Task<IReadOnlyList<StoredEntity>> KeysAsync(
        NpgsqlConnection connection, ShardId shard, ReadOnlyMemory<byte> after, bool onlyUnpublished, int limit, CancellationToken cancellationToken) => ListAsync(
        Command(
            connection,
            $"SELECT {Columns} FROM entities e WHERE e.shard = {Shard} AND e.key > $3 {(onlyUnpublished ? "AND e.unpublished" : "")} ORDER BY e.key LIMIT $4",
            shard,
            new NpgsqlParameter<byte[]> { TypedValue = after.ToArray() },
            new NpgsqlParameter<int> { TypedValue = limit }),
        cancellationToken);

    public static NpgsqlCommand Command(NpgsqlConnection connection, string sql, ShardId shard, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = shard.Entity });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = shard.Partition });
        foreach (NpgsqlParameter parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    private static async Task<IReadOnlyList<StoredEntity>> ListAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        using (command)
        {
            var entities = new List<StoredEntity>();
            using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                entities.Add(new StoredEntity(Bytes(reader, 0), Bytes(reader, 1), reader.GetInt64(2), reader.GetBoolean(3)));
            }

            return entities;
        }
    }

    // Without sequential access a row is in memory as a whole once it was read.
#pragma warning disable VSTHRD103
    private static byte[] Bytes(NpgsqlDataReader reader, int column) => reader.GetFieldValue<byte[]>(column);
#pragma warning restore VSTHRD103
}
