using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary><see cref="IDefinitionStore"/> in catalog.db.</summary>
internal sealed class SqliteDefinitionStore(SqliteCatalog catalog) : IDefinitionStore
{
    private static readonly (NumberKind Kind, string Table)[] Tables =
    [
        (NumberKind.Feature, "features"),
        (NumberKind.Column, "columns"),
        (NumberKind.Group, "feature_groups"),
    ];

    // Nothing is inserted unless the stored version is the one below.
    private const string StoreSql = """
        INSERT INTO definitions (namespace, version, text, applied_at)
        SELECT ?1, ?2, ?3, ?4 WHERE ?2 = 1 + (SELECT coalesce(max(version), 0) FROM definitions WHERE namespace = ?1)
        """;

    /// <inheritdoc/>
    public async ValueTask<DefinitionsSnapshot?> ReadAsync(string definitionsNamespace, CancellationToken cancellationToken) =>
        await catalog.RunAsync(database => database.Read(() => Read(database, definitionsNamespace)), cancellationToken)
            .ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<string?> ReadTextAsync(string definitionsNamespace, long version, CancellationToken cancellationToken) =>
        await catalog.RunAsync(
            database =>
            {
                var read = database.Statement("SELECT text FROM definitions WHERE namespace = ?1 AND version = ?2")
                    .Bind(1, definitionsNamespace).Bind(2, version);
                var text = read.Step() ? read.Text(0) : null;
                read.Reset();
                return text;
            },
            cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<bool> TryStoreAsync(DefinitionsSnapshot snapshot, CancellationToken cancellationToken) =>
        await catalog.RunAsync(
            database =>
            {
                var isStored = false;
                database.Write(() => isStored = TryStore(database, snapshot));
                return isStored;
            },
            cancellationToken).ConfigureAwait(false);

    private static DefinitionsSnapshot? Read(SqliteDatabase database, string definitionsNamespace)
    {
        var read = database
            .Statement("SELECT version, text, applied_at FROM definitions WHERE namespace = ?1 ORDER BY version DESC LIMIT 1")
            .Bind(1, definitionsNamespace);
        if (!read.Step())
        {
            return null;
        }

        List<AssignedNumber> numbers = [];
        foreach (var (kind, table) in Tables)
        {
            var row = database.Statement(
                $"SELECT entity, number, name, shape, since, windows, live, since_version FROM {table} WHERE namespace = ?1 ORDER BY entity, number")
                .Bind(1, definitionsNamespace);
            while (row.Step())
            {
                numbers.Add(new AssignedNumber(
                    kind, row.Text(0), (int)row.Long(1), row.Text(2), row.Text(3), row.Long(4), row.Text(5), row.Long(6) != 0)
                {
                    SinceVersion = row.Long(7),
                });
            }
        }

        return new DefinitionsSnapshot(definitionsNamespace, read.Long(0), read.Text(1), read.Long(2), numbers);
    }

    private static bool TryStore(SqliteDatabase database, DefinitionsSnapshot snapshot)
    {
        database.Statement(StoreSql)
            .Bind(1, snapshot.Namespace).Bind(2, snapshot.Version).Bind(3, snapshot.Text).Bind(4, snapshot.AppliedAtMs)
            .Run();
        if (database.Changes == 0)
        {
            return false;
        }

        foreach (var (kind, table) in Tables)
        {
            StoreNumbers(database, table, snapshot, [.. snapshot.Numbers.Where(number => number.Kind == kind)]);
        }

        return true;
    }

    private static void StoreNumbers(SqliteDatabase database, string table, DefinitionsSnapshot snapshot, List<AssignedNumber> numbers)
    {
        foreach (var number in numbers)
        {
            database.Statement($"""
                INSERT INTO {table} (namespace, entity, number, name, shape, since, windows, live, since_version)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                ON CONFLICT (namespace, entity, number) DO UPDATE SET
                    since = excluded.since, windows = excluded.windows, live = excluded.live, since_version = excluded.since_version
                WHERE {table}.name = excluded.name AND {table}.shape = excluded.shape
                """)
                .Bind(1, snapshot.Namespace).Bind(2, number.Entity).Bind(3, number.Number).Bind(4, number.Name).Bind(5, number.Shape)
                .Bind(6, number.SinceMs).Bind(7, number.Windows).Bind(8, number.IsLive ? 1 : 0)
                .Bind(9, number.SinceVersion)
                .Run();
            if (database.Changes == 0)
            {
                throw new InvalidOperationException(
                    $"version {snapshot.Version} of namespace {snapshot.Namespace} reuses number {number.Number} in {table} for {number.Name} (entity {number.Entity})");
            }
        }

        var count = database.Statement($"SELECT count(*) FROM {table} WHERE namespace = ?1").Bind(1, snapshot.Namespace);
        _ = count.Step();
        if (count.Long(0) != numbers.Count)
        {
            throw new InvalidOperationException(
                $"version {snapshot.Version} of namespace {snapshot.Namespace} has {numbers.Count} numbers in {table}, {count.Long(0)} were given");
        }
    }
}
