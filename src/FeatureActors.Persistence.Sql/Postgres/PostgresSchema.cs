using FeatureActors.Abstractions.Errors;
using FeatureActors.Persistence.Sql.Sqlite;
using Npgsql;

namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary>
/// The tables of one namespace, in a PostgreSQL schema of its own. Script n leads from version n to n + 1 and never changes once
/// released. Scripts only add, so that a node of the release before goes on beside a newer one.
/// </summary>
internal static class PostgresSchema
{
    // The states are small and of no use to compression, which would cost both sides a pass over them.
    private static readonly string[] Scripts =
    [
        """
        CREATE TABLE shards (
            shard integer GENERATED ALWAYS AS IDENTITY UNIQUE, entity text NOT NULL, partition integer NOT NULL,
            partition_count integer NOT NULL, hash_id text NOT NULL, log_identity text NOT NULL, epoch bigint NOT NULL,
            owner text NOT NULL, address text NOT NULL DEFAULT '', backend_pid integer NOT NULL DEFAULT 0,
            checkpoint_id bigint NOT NULL, next_offset bigint NOT NULL, marks bytea NOT NULL, clock bigint NOT NULL,
            published_position bigint NOT NULL, published_batch bigint NOT NULL, entity_count bigint NOT NULL DEFAULT 0,
            PRIMARY KEY (entity, partition));
        CREATE TABLE entities (
            shard integer NOT NULL, key bytea NOT NULL, next_due bigint NOT NULL, unpublished boolean NOT NULL,
            state bytea NOT NULL, PRIMARY KEY (shard, key)) WITH (fillfactor = 75);
        ALTER TABLE entities ALTER COLUMN state SET STORAGE EXTERNAL;
        CREATE INDEX entities_due ON entities (shard, next_due, key) WHERE next_due < 9223372036854775807;
        CREATE INDEX entities_unpublished ON entities (shard, key) WHERE unpublished;
        """,
        """
        CREATE TABLE definitions (
            namespace text NOT NULL, version bigint NOT NULL, text text NOT NULL, applied_at bigint NOT NULL, PRIMARY KEY (namespace, version));
        CREATE TABLE features (
            namespace text NOT NULL, entity text NOT NULL, number integer NOT NULL, name text NOT NULL, shape text NOT NULL,
            since bigint NOT NULL, windows text NOT NULL, live boolean NOT NULL, PRIMARY KEY (namespace, entity, number));
        CREATE TABLE columns (LIKE features INCLUDING ALL);
        CREATE TABLE feature_groups (LIKE features INCLUDING ALL);
        CREATE TABLE source_positions (
            source text NOT NULL, source_partition integer NOT NULL, lane integer NOT NULL, next_offset bigint NOT NULL,
            definitions_version bigint NOT NULL, definitions_from bigint NOT NULL, PRIMARY KEY (source, source_partition))
            WITH (fillfactor = 50);
        CREATE TABLE dead_letters (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, source text NOT NULL, lane integer NOT NULL, source_partition integer NOT NULL,
            source_offset bigint NOT NULL, ordinal integer NOT NULL, group_name text NOT NULL, feature text NOT NULL,
            reason text NOT NULL, error text NOT NULL, at bigint NOT NULL, length bigint NOT NULL, sha256 text NOT NULL,
            kept_bytes bigint NOT NULL, bytes bytea NOT NULL);
        CREATE UNIQUE INDEX dead_letters_origin ON dead_letters
            (source_offset, source_partition, source, lane, ordinal, group_name, feature, reason);
        CREATE INDEX dead_letters_reason ON dead_letters (reason, id);
        CREATE TABLE dead_letter_totals (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), letters bigint NOT NULL, bytes bigint NOT NULL);
        INSERT INTO dead_letter_totals (letters, bytes) VALUES (0, 0);
        """,
        """
        CREATE TABLE lease_members (member text PRIMARY KEY, owner text NOT NULL, expires timestamptz NOT NULL) WITH (fillfactor = 50);
        CREATE TABLE leases (entity text NOT NULL, partition integer NOT NULL, member text, PRIMARY KEY (entity, partition)) WITH (fillfactor = 50);
        """,
        """
        ALTER TABLE leases ADD COLUMN heir text;
        ALTER TABLE lease_members ADD COLUMN leaving boolean NOT NULL DEFAULT false;
        """,

        // Rewritten rows leave room behind that a vacuum finds again; pages that begin with room free would only be that much larger.
        """
        ALTER TABLE shards ADD COLUMN rewritten bigint NOT NULL DEFAULT 0;
        CREATE TABLE entities_vacuum (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), rewritten bigint NOT NULL) WITH (fillfactor = 50);
        INSERT INTO entities_vacuum (rewritten) VALUES (0);
        ALTER TABLE entities SET (fillfactor = 100);
        """,
        """
        CREATE TABLE source_lease_members (LIKE lease_members INCLUDING ALL);
        CREATE TABLE source_leases (LIKE leases INCLUDING ALL);
        """,
        """
        CREATE TABLE written_format (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), newest integer NOT NULL);
        INSERT INTO written_format (newest) VALUES (1);
        """,
        """
        CREATE TABLE plugins_off (part text PRIMARY KEY, reason text NOT NULL);
        """,
        """
        ALTER TABLE features ADD COLUMN since_version bigint NOT NULL DEFAULT 0;
        ALTER TABLE columns ADD COLUMN since_version bigint NOT NULL DEFAULT 0;
        ALTER TABLE feature_groups ADD COLUMN since_version bigint NOT NULL DEFAULT 0;
        UPDATE features f SET since_version = coalesce(
            (SELECT min(d.version) FROM definitions d WHERE d.namespace = f.namespace AND d.applied_at = f.since), 0);
        CREATE TABLE source_definitions (
            source text NOT NULL, source_partition integer NOT NULL, lane integer NOT NULL, version bigint NOT NULL,
            definitions_from bigint NOT NULL, PRIMARY KEY (source, source_partition, lane, version));
        """,
    ];

    /// <summary>
    /// Oldest release, as its schema version, that can use what the scripts of this one made: they only add, so any. A script that does
    /// more raises this, and older nodes then say so instead of starting.
    /// </summary>
    private const int UsableFrom = 1;

    /// <summary>Brings the schema to the version of this release; nodes that start together wait for each other.</summary>
    /// <exception cref="DependencyUnavailableException">The server does not answer or refuses.</exception>
    /// <exception cref="UnknownSchemaException">A newer release wrote the schema and this one cannot use it.</exception>
    public static async ValueTask MigrateAsync(PostgresDatabase database, CancellationToken cancellationToken) => await database.RunInTransactionAsync(
        $"open the schema {database.Options.Schema}",
        async connection =>
        {
            await MigrateAsync(connection, database.Options.Schema, cancellationToken).ConfigureAwait(false);
            return true;
        },
        cancellationToken).ConfigureAwait(false);

    /// <summary>True when the schema is there, with all that looking at it needs.</summary>
    /// <exception cref="DependencyUnavailableException">The server does not answer or refuses.</exception>
    /// <exception cref="UnknownSchemaException">A newer release wrote the schema and this one cannot use it.</exception>
    public static ValueTask<bool> IsUsableAsync(PostgresDatabase database, CancellationToken cancellationToken) => database.RunAsync(
        $"look at the schema {database.Options.Schema}",
        async connection => await PostgresSql.ScalarAsync<bool>(connection, "SELECT to_regclass('dead_letter_totals') IS NOT NULL", cancellationToken).ConfigureAwait(false)
            && await ReadVersionAsync(connection, database.Options.Schema, cancellationToken).ConfigureAwait(false) > 0,
        cancellationToken);

    private static async Task MigrateAsync(NpgsqlConnection connection, string schema, CancellationToken cancellationToken)
    {
        await ExecuteAsync("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", PostgresSql.Text("feature-actors " + schema)).ConfigureAwait(false);

        // Asked first: who may not create schemas may use one that was made for him.
        if (!await PostgresSql.ScalarAsync<bool>(
            connection, "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)", cancellationToken, PostgresSql.Text(schema)).ConfigureAwait(false))
        {
            await ExecuteAsync($"CREATE SCHEMA \"{schema}\"").ConfigureAwait(false);
        }

        if (!await PostgresSql.ScalarAsync<bool>(connection, "SELECT to_regclass('schema_version') IS NOT NULL", cancellationToken).ConfigureAwait(false))
        {
            await ExecuteAsync("CREATE TABLE schema_version (version integer NOT NULL, usable_from integer)").ConfigureAwait(false);
        }

        await ExecuteAsync("ALTER TABLE schema_version ADD COLUMN IF NOT EXISTS usable_from integer").ConfigureAwait(false);
        int version = await ReadVersionAsync(connection, schema, cancellationToken).ConfigureAwait(false);
        for (; version < Scripts.Length; version++)
        {
            await ExecuteAsync(Scripts[version]).ConfigureAwait(false);
            await ExecuteAsync(
                "INSERT INTO schema_version (version, usable_from) VALUES ($1, $2)", PostgresSql.Integer(version + 1), PostgresSql.Integer(UsableFrom))
                .ConfigureAwait(false);
        }

        Task<int> ExecuteAsync(string sql, params NpgsqlParameter[] parameters) =>
            PostgresSql.ExecuteAsync(connection, sql, cancellationToken, parameters);
    }

    private static async Task<int> ReadVersionAsync(NpgsqlConnection connection, string schema, CancellationToken cancellationToken)
    {
        int version = await PostgresSql.ScalarAsync<int>(
            connection, "SELECT coalesce(max(version), 0) FROM schema_version", cancellationToken).ConfigureAwait(false);
        int usableFrom = await PostgresSql.ScalarAsync<int>(
            connection, "SELECT coalesce(max(coalesce(usable_from, version)), 0) FROM schema_version", cancellationToken).ConfigureAwait(false);
        return version > Scripts.Length && usableFrom > Scripts.Length
            ? throw new UnknownSchemaException($"schema {schema}", version, Scripts.Length)
            : version;
    }
}
