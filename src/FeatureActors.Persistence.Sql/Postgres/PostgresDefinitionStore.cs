using FeatureActors.Abstractions.Ports;
using Npgsql;

namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary><see cref="IDefinitionStore"/> in the tables definitions, features, columns and feature_groups.</summary>
internal sealed class PostgresDefinitionStore(PostgresDatabase database) : IDefinitionStore
{
    private static readonly (NumberKind Kind, string Table)[] Tables =
    [
        (NumberKind.Feature, "features"),
        (NumberKind.Column, "columns"),
        (NumberKind.Group, "feature_groups"),
    ];

    // Nothing is inserted unless the stored version is the one below. Who is second waits for the first, then finds it there.
    private const string StoreSql = """
        INSERT INTO definitions (namespace, version, text, applied_at)
        SELECT $1, $2, $3, $4 WHERE $2 = 1 + (SELECT coalesce(max(version), 0) FROM definitions WHERE namespace = $1)
        ON CONFLICT DO NOTHING
        """;

    /// <inheritdoc/>
    public ValueTask<DefinitionsSnapshot?> ReadAsync(string definitionsNamespace, CancellationToken cancellationToken) => database.RunAsync(
        $"read the definitions of namespace {definitionsNamespace}",
        async connection =>
        {
            // One snapshot for all tables.
            using NpgsqlTransaction transaction = await connection
                .BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken).ConfigureAwait(false);
            return await ReadAsync(connection, definitionsNamespace, cancellationToken).ConfigureAwait(false);
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<string?> ReadTextAsync(string definitionsNamespace, long version, CancellationToken cancellationToken) => database.RunAsync(
        $"read version {version} of the definitions of namespace {definitionsNamespace}",
        async connection =>
        {
            using NpgsqlCommand command = PostgresSql.Command(
                connection,
                "SELECT text FROM definitions WHERE namespace = $1 AND version = $2",
                PostgresSql.Text(definitionsNamespace),
                PostgresSql.Long(version));
            return (string?)await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> TryStoreAsync(DefinitionsSnapshot snapshot, CancellationToken cancellationToken) => database.RunInTransactionAsync(
        $"store version {snapshot.Version} of the definitions of namespace {snapshot.Namespace}",
        connection => TryStoreAsync(connection, snapshot, cancellationToken),
        cancellationToken);

    private static async Task<DefinitionsSnapshot?> ReadAsync(
        NpgsqlConnection connection, string definitionsNamespace, CancellationToken cancellationToken)
    {
        long version;
        string text;
        long appliedAt;
        using (NpgsqlCommand newest = PostgresSql.Command(
            connection,
            "SELECT version, text, applied_at FROM definitions WHERE namespace = $1 ORDER BY version DESC LIMIT 1",
            PostgresSql.Text(definitionsNamespace)))
        {
            using NpgsqlDataReader reader = await newest.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                return null;
            }

            (version, text, appliedAt) = (reader.GetInt64(0), reader.GetString(1), reader.GetInt64(2));
        }

        List<AssignedNumber> numbers = [];
        foreach ((NumberKind kind, string table) in Tables)
        {
            using NpgsqlCommand select = PostgresSql.Command(
                connection,
                $"SELECT entity, number, name, shape, since, windows, live, since_version FROM {table} WHERE namespace = $1 ORDER BY entity, number",
                PostgresSql.Text(definitionsNamespace));
            using NpgsqlDataReader row = await select.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                numbers.Add(new AssignedNumber(
                    kind, row.GetString(0), row.GetInt32(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.GetString(5), row.GetBoolean(6))
                {
                    SinceVersion = row.GetInt64(7),
                });
            }
        }

        return new DefinitionsSnapshot(definitionsNamespace, version, text, appliedAt, numbers);
    }

    private static async Task<bool> TryStoreAsync(NpgsqlConnection connection, DefinitionsSnapshot snapshot, CancellationToken cancellationToken)
    {
        int stored = await PostgresSql.ExecuteAsync(
            connection,
            StoreSql,
            cancellationToken,
            PostgresSql.Text(snapshot.Namespace),
            PostgresSql.Long(snapshot.Version),
            PostgresSql.Text(snapshot.Text),
            PostgresSql.Long(snapshot.AppliedAtMs)).ConfigureAwait(false);
        if (stored == 0)
        {
            return false;
        }

        foreach ((NumberKind kind, string table) in Tables)
        {
            await StoreNumbersAsync(connection, table, snapshot, [.. snapshot.Numbers.Where(n => n.Kind == kind)], cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    private static async Task StoreNumbersAsync(
        NpgsqlConnection connection, string table, DefinitionsSnapshot snapshot, List<AssignedNumber> numbers, CancellationToken cancellationToken)
    {
        foreach (AssignedNumber number in numbers)
        {
            int stored = await PostgresSql.ExecuteAsync(
                connection,
                $"""
                INSERT INTO {table} AS t (namespace, entity, number, name, shape, since, windows, live, since_version)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                ON CONFLICT (namespace, entity, number) DO UPDATE SET
                    since = excluded.since, windows = excluded.windows, live = excluded.live, since_version = excluded.since_version
                WHERE t.name = excluded.name AND t.shape = excluded.shape
                """,
                cancellationToken,
                PostgresSql.Text(snapshot.Namespace),
                PostgresSql.Text(number.Entity),
                PostgresSql.Integer(number.Number),
                PostgresSql.Text(number.Name),
                PostgresSql.Text(number.Shape),
                PostgresSql.Long(number.SinceMs),
                PostgresSql.Text(number.Windows),
                PostgresSql.Boolean(number.IsLive),
                PostgresSql.Long(number.SinceVersion)).ConfigureAwait(false);
            if (stored == 0)
            {
                throw new InvalidOperationException(
                    $"version {snapshot.Version} of namespace {snapshot.Namespace} reuses number {number.Number} in {table} for {number.Name} (entity {number.Entity})");
            }
        }

        long given = await PostgresSql.ScalarAsync<long>(
            connection, $"SELECT count(*) FROM {table} WHERE namespace = $1", cancellationToken, PostgresSql.Text(snapshot.Namespace)).ConfigureAwait(false);
        if (given != numbers.Count)
        {
            throw new InvalidOperationException(
                $"version {snapshot.Version} of namespace {snapshot.Namespace} has {numbers.Count} numbers in {table}, {given} were given");
        }
    }
}
