using System.Globalization;
using FeatureActors.Persistence.Sql.Sqlite;
using Npgsql;

namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary>
/// The tables of one namespace, in a PostgreSQL schema of its own. Script n leads from version n to n + 1 and never changes once
/// released. Scripts only add, so that a node of the release before goes on beside a newer one.
/// </summary>
internal static class PostgresSchema
{
    // Entities: a quarter of each page stays free, so that a rewritten row mostly finds room beside its old one. The states are
    // small and of no use to compression, which would cost both sides a pass over them.
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
    ];

    /// <summary>Brings the schema to the version of this release; nodes that start together wait for each other.</summary>
    /// <exception cref="UnknownSchemaException">A newer release wrote the schema.</exception>
    public static async Task MigrateAsync(NpgsqlConnection connection, string schema, CancellationToken cancellationToken)
    {
        using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await ExecuteAsync("SELECT pg_advisory_xact_lock(hashtext('feature-actors ' || current_schema))").ConfigureAwait(false);
        await ExecuteAsync("CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL)").ConfigureAwait(false);
        using var read = new NpgsqlCommand("SELECT coalesce(max(version), 0) FROM schema_version", connection, transaction);
        int version = (int)(await read.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        if (version > Scripts.Length)
        {
            throw new UnknownSchemaException($"schema {schema}", version, Scripts.Length);
        }

        for (; version < Scripts.Length; version++)
        {
            await ExecuteAsync(Scripts[version]).ConfigureAwait(false);
            await ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"INSERT INTO schema_version VALUES ({version + 1})")).ConfigureAwait(false);
        }

        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);

        async Task ExecuteAsync(string sql)
        {
            using var command = new NpgsqlCommand(sql, connection, transaction);
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
