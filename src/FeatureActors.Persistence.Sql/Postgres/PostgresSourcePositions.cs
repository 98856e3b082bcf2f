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
        SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (
            SELECT 1 FROM source_definitions d WHERE d.source = $1 AND d.source_partition = $2 AND d.lane = $3 AND d.version > $7)
        ON CONFLICT (source, source_partition) DO UPDATE SET
            lane = excluded.lane, next_offset = excluded.next_offset,
            definitions_version = excluded.definitions_version, definitions_from = excluded.definitions_from
        WHERE excluded.lane > p.lane
            OR (excluded.lane = p.lane AND excluded.next_offset >= p.next_offset AND excluded.definitions_version >= p.definitions_version)
        """;

    /// <inheritdoc/>
    public ValueTask<SourcePosition?> ReadAsync(string source, int partition, CancellationToken cancellationToken) => database.RunAsync(
        $"read the position of source {source} partition {partition}",
        connection => ReadAsync(connection, source, partition, cancellationToken),
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
                        PostgresSql.Long(position.DefinitionsFrom),
                        PostgresSql.Long(position.NodeVersion)).ConfigureAwait(false);
                }

                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<DefinitionsStart>> BeginVersionAsync(DefinitionsStart start, CancellationToken cancellationToken) =>
        database.RunInTransactionAsync(
            $"begin version {start.Version} of the definitions in source {start.Source} partition {start.Partition}",
            connection => BeginVersionAsync(connection, start, cancellationToken),
            cancellationToken);

    private static async Task<SourcePosition?> ReadAsync(NpgsqlConnection connection, string source, int partition, CancellationToken cancellationToken)
    {
        using NpgsqlCommand command = PostgresSql.Command(connection, ReadSql, PostgresSql.Text(source), PostgresSql.Integer(partition));
        using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false)
            ? new SourcePosition(source, partition, reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3))
            : null;
    }

    private async Task<IReadOnlyList<DefinitionsStart>> BeginVersionAsync(
        NpgsqlConnection connection, DefinitionsStart start, CancellationToken cancellationToken)
    {
        // One at a time: who is second sees what the first has fixed.
        await PostgresSql.ExecuteAsync(
            connection,
            "SELECT pg_advisory_xact_lock(hashtextextended($1, $2))",
            cancellationToken,
            PostgresSql.Text($"feature-actors definitions {database.Options.Schema} {start.Source}"),
            PostgresSql.Long(start.Partition)).ConfigureAwait(false);
        SourcePosition? saved = await ReadAsync(connection, start.Source, start.Partition, cancellationToken).ConfigureAwait(false);
        List<DefinitionsStart> stored = await ReadStartsAsync(connection, start, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<DefinitionsStart> kept = DefinitionsCourse.Keep(stored, saved);
        foreach (DefinitionsStart gone in stored.Except(kept))
        {
            await PostgresSql.ExecuteAsync(
                connection,
                "DELETE FROM source_definitions WHERE source = $1 AND source_partition = $2 AND lane = $3 AND version = $4",
                cancellationToken,
                PostgresSql.Text(gone.Source),
                PostgresSql.Integer(gone.Partition),
                PostgresSql.Integer(gone.Lane),
                PostgresSql.Long(gone.Version)).ConfigureAwait(false);
        }

        if (DefinitionsCourse.Next(start, kept, saved) is { } next)
        {
            await PostgresSql.ExecuteAsync(
                connection,
                """
                INSERT INTO source_definitions (source, source_partition, lane, version, definitions_from) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (source, source_partition, lane, version) DO UPDATE SET definitions_from = excluded.definitions_from
                """,
                cancellationToken,
                PostgresSql.Text(next.Source),
                PostgresSql.Integer(next.Partition),
                PostgresSql.Integer(next.Lane),
                PostgresSql.Long(next.Version),
                PostgresSql.Long(next.From)).ConfigureAwait(false);
            kept = DefinitionsCourse.With(kept, next);
        }

        return DefinitionsCourse.InForce(start.Lane, kept, saved);
    }

    private static async Task<List<DefinitionsStart>> ReadStartsAsync(
        NpgsqlConnection connection, DefinitionsStart of, CancellationToken cancellationToken)
    {
        using NpgsqlCommand command = PostgresSql.Command(
            connection,
            "SELECT lane, version, definitions_from FROM source_definitions WHERE source = $1 AND source_partition = $2",
            PostgresSql.Text(of.Source),
            PostgresSql.Integer(of.Partition));
        using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var starts = new List<DefinitionsStart>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            starts.Add(of with { Lane = reader.GetInt32(0), Version = reader.GetInt64(1), From = reader.GetInt64(2) });
        }

        return starts;
    }
}
