using FeatureActors.Abstractions.Ports;
using Npgsql;

namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary><see cref="ISourcePositions"/> in the table source_positions.</summary>
internal sealed class PostgresSourcePositions(PostgresDatabase database) : ISourcePositions
{
    private const string ReadSql = """
        SELECT lane, next_offset, definitions_version, definitions_from FROM source_positions
        WHERE source = $1 AND source_partition = $2
        """;

    private const string SaveSql = """
        INSERT INTO source_positions AS p (source, source_partition, lane, next_offset, definitions_version, definitions_from)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (source, source_partition) DO UPDATE SET
            lane = excluded.lane, next_offset = excluded.next_offset,
            definitions_version = excluded.definitions_version, definitions_from = excluded.definitions_from
        WHERE excluded.lane > p.lane
            OR (excluded.lane = p.lane AND excluded.next_offset >= p.next_offset AND excluded.definitions_version >= p.definitions_version)
        """;

    /// <inheritdoc/>
    public ValueTask<SourcePosition?> ReadAsync(string source, int partition, CancellationToken cancellationToken) => database.RunAsync(
        $"read the position of source {source} partition {partition}",
        async connection =>
        {
            using NpgsqlCommand command = PostgresSql.Command(connection, ReadSql, PostgresSql.Text(source), PostgresSql.Integer(partition));
            using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            return await reader.ReadAsync(cancellationToken).ConfigureAwait(false)
                ? new SourcePosition(source, partition, reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3))
                : null;
        },
        cancellationToken);

    /// <inheritdoc/>
    public async ValueTask SaveAsync(IReadOnlyList<SourcePosition> positions, CancellationToken cancellationToken)
    {
        if (positions.Count == 0)
        {
            return;
        }

        await database.RunInTransactionAsync(
            "save source positions",
            async connection =>
            {
                // In one order everywhere, so that two nodes never wait for each other in a circle.
                foreach (SourcePosition position in positions.OrderBy(static p => p.Source, StringComparer.Ordinal).ThenBy(static p => p.Partition))
                {
                    await PostgresSql.ExecuteAsync(
                        connection,
                        SaveSql,
                        cancellationToken,
                        PostgresSql.Text(position.Source),
                        PostgresSql.Integer(position.Partition),
                        PostgresSql.Integer(position.Lane),
                        PostgresSql.Long(position.NextOffset),
                        PostgresSql.Long(position.DefinitionsVersion),
                        PostgresSql.Long(position.DefinitionsFrom)).ConfigureAwait(false);
                }

                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }
}
