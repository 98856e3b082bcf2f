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
        SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (
            SELECT 1 FROM source_definitions d WHERE d.source = ?1 AND d.source_partition = ?2 AND d.lane = ?3 AND d.version > ?7)
        ON CONFLICT (source, source_partition) DO UPDATE SET
            lane = excluded.lane, next_offset = excluded.next_offset,
            definitions_version = excluded.definitions_version, definitions_from = excluded.definitions_from
        WHERE excluded.lane > source_positions.lane
            OR (excluded.lane = source_positions.lane AND excluded.next_offset >= source_positions.next_offset
                AND excluded.definitions_version >= source_positions.definitions_version)
        """;

    private const string StartsSql =
        "SELECT lane, version, definitions_from FROM source_definitions WHERE source = ?1 AND source_partition = ?2";

    private const string AddStartSql =
        "INSERT INTO source_definitions (source, source_partition, lane, version, definitions_from) VALUES (?1, ?2, ?3, ?4, ?5) "
        + "ON CONFLICT (source, source_partition, lane, version) DO UPDATE SET definitions_from = excluded.definitions_from";

    private const string ForgetStartSql =
        "DELETE FROM source_definitions WHERE source = ?1 AND source_partition = ?2 AND lane = ?3 AND version = ?4";

    /// <inheritdoc/>
    public async ValueTask<SourcePosition?> ReadAsync(string source, int partition, CancellationToken cancellationToken) =>
        await catalog.RunAsync(database => Read(database, source, partition), cancellationToken).ConfigureAwait(false);

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
                            .Bind(5, position.DefinitionsVersion).Bind(6, position.DefinitionsFrom).Bind(7, position.NodeVersion)
                            .Run();
                    }

                    return true;
                });
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<DefinitionsStart>> BeginVersionAsync(DefinitionsStart start, CancellationToken cancellationToken) =>
        await catalog.RunAsync(
            database =>
            {
                IReadOnlyList<DefinitionsStart> course = [];
                database.Write(() =>
                {
                    course = BeginVersion(database, start);
                    return true;
                });
                return course;
            },
            cancellationToken).ConfigureAwait(false);

    private static SourcePosition? Read(SqliteDatabase database, string source, int partition)
    {
        var read = database.Statement(ReadSql).Bind(1, source).Bind(2, partition);
        var position = read.Step()
            ? new SourcePosition(source, partition, (int)read.Long(0), read.Long(1), read.Long(2), read.Long(3))
            : null;
        read.Reset();
        return position;
    }

    private static IReadOnlyList<DefinitionsStart> BeginVersion(SqliteDatabase database, DefinitionsStart start)
    {
        var saved = Read(database, start.Source, start.Partition);
        List<DefinitionsStart> stored = [];
        var read = database.Statement(StartsSql).Bind(1, start.Source).Bind(2, start.Partition);
        while (read.Step())
        {
            stored.Add(start with { Lane = (int)read.Long(0), Version = read.Long(1), From = read.Long(2) });
        }

        var kept = DefinitionsCourse.Keep(stored, saved);
        foreach (var gone in stored.Except(kept))
        {
            database.Statement(ForgetStartSql)
                .Bind(1, gone.Source).Bind(2, gone.Partition).Bind(3, gone.Lane).Bind(4, gone.Version).Run();
        }

        if (DefinitionsCourse.Next(start, kept, saved) is { } next)
        {
            database.Statement(AddStartSql)
                .Bind(1, next.Source).Bind(2, next.Partition).Bind(3, next.Lane).Bind(4, next.Version).Bind(5, next.From).Run();
            kept = DefinitionsCourse.With(kept, next);
        }

        return DefinitionsCourse.InForce(start.Lane, kept, saved);
    }
}
