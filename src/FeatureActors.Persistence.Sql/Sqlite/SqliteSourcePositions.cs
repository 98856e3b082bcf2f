using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary><see cref="ISourcePositions"/> in catalog.db.</summary>
internal sealed class SqliteSourcePositions(SqliteCatalog catalog) : ISourcePositions
{
    private const string ReadSql = """
        SELECT lane, next_offset, definitions_version, definitions_from FROM source_positions
        WHERE source = ?1 AND source_partition = ?2
        """;

    private const string SaveSql = """
        INSERT INTO source_positions (source, source_partition, lane, next_offset, definitions_version, definitions_from)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (source, source_partition) DO UPDATE SET
            lane = excluded.lane, next_offset = excluded.next_offset,
            definitions_version = excluded.definitions_version, definitions_from = excluded.definitions_from
        WHERE excluded.lane > source_positions.lane
            OR (excluded.lane = source_positions.lane AND excluded.next_offset >= source_positions.next_offset
                AND excluded.definitions_version >= source_positions.definitions_version)
        """;

    /// <inheritdoc/>
    public async ValueTask<SourcePosition?> ReadAsync(string source, int partition, CancellationToken cancellationToken) =>
        await catalog.RunAsync(
            database =>
            {
                var read = database.Statement(ReadSql).Bind(1, source).Bind(2, partition);
                var position = read.Step()
                    ? new SourcePosition(source, partition, (int)read.Long(0), read.Long(1), read.Long(2), read.Long(3))
                    : null;
                read.Reset();
                return position;
            },
            cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask SaveAsync(IReadOnlyList<SourcePosition> positions, CancellationToken cancellationToken)
    {
        if (positions.Count == 0)
        {
            return;
        }

        await catalog.RunAsync(
            database =>
            {
                database.Write(() =>
                {
                    foreach (var position in positions)
                    {
                        database.Statement(SaveSql)
                            .Bind(1, position.Source).Bind(2, position.Partition).Bind(3, position.Lane).Bind(4, position.NextOffset)
                            .Bind(5, position.DefinitionsVersion).Bind(6, position.DefinitionsFrom)
                            .Run();
                    }

                    return true;
                });
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }
}
