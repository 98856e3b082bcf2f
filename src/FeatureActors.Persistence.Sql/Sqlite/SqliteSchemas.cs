namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>
/// Schemas of the three kinds of file: script n leads from version n to n + 1, never changes once released, and is told by
/// <c>PRAGMA user_version</c>. Table and column names are those of the PostgreSQL store too; it has one schema with the
/// shard as a column where SQLite has a file per shard.
/// </summary>
internal static class SqliteSchemas
{
    /// <summary>catalog.db.</summary>
    public static readonly IReadOnlyList<string> Catalog =
    [
        """
        CREATE TABLE definitions (
            namespace TEXT NOT NULL, version INTEGER NOT NULL, text TEXT NOT NULL, applied_at INTEGER NOT NULL,
            PRIMARY KEY (namespace, version)) WITHOUT ROWID;
        CREATE TABLE features (
            namespace TEXT NOT NULL, entity TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, shape TEXT NOT NULL,
            since INTEGER NOT NULL, windows TEXT NOT NULL, live INTEGER NOT NULL,
            PRIMARY KEY (namespace, entity, number)) WITHOUT ROWID;
        CREATE TABLE columns (
            namespace TEXT NOT NULL, entity TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, shape TEXT NOT NULL,
            since INTEGER NOT NULL, windows TEXT NOT NULL, live INTEGER NOT NULL,
            PRIMARY KEY (namespace, entity, number)) WITHOUT ROWID;
        CREATE TABLE feature_groups (
            namespace TEXT NOT NULL, entity TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, shape TEXT NOT NULL,
            since INTEGER NOT NULL, windows TEXT NOT NULL, live INTEGER NOT NULL,
            PRIMARY KEY (namespace, entity, number)) WITHOUT ROWID;
        CREATE TABLE source_positions (
            source TEXT NOT NULL, source_partition INTEGER NOT NULL, lane INTEGER NOT NULL, next_offset INTEGER NOT NULL,
            definitions_version INTEGER NOT NULL, definitions_from INTEGER NOT NULL,
            PRIMARY KEY (source, source_partition)) WITHOUT ROWID;
        CREATE TABLE dead_letters (
            id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, lane INTEGER NOT NULL, source_partition INTEGER NOT NULL,
            source_offset INTEGER NOT NULL, ordinal INTEGER NOT NULL, group_name TEXT NOT NULL, feature TEXT NOT NULL,
            reason TEXT NOT NULL, error TEXT NOT NULL, at INTEGER NOT NULL, length INTEGER NOT NULL, sha256 TEXT NOT NULL,
            kept_bytes INTEGER NOT NULL, bytes BLOB NOT NULL);
        CREATE UNIQUE INDEX dead_letters_origin ON dead_letters
            (source_offset, source_partition, source, lane, ordinal, group_name, feature, reason);
        CREATE INDEX dead_letters_reason ON dead_letters (reason, id);
        CREATE TABLE logs (
            entity TEXT NOT NULL PRIMARY KEY, partitions INTEGER NOT NULL, identity TEXT NOT NULL, complete INTEGER NOT NULL)
            WITHOUT ROWID;
        """,
        """
        ALTER TABLE features ADD COLUMN since_version INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE columns ADD COLUMN since_version INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE feature_groups ADD COLUMN since_version INTEGER NOT NULL DEFAULT 0;
        UPDATE features SET since_version = coalesce(
            (SELECT min(d.version) FROM definitions d WHERE d.namespace = features.namespace AND d.applied_at = features.since), 0);
        CREATE TABLE source_definitions (
            source TEXT NOT NULL, source_partition INTEGER NOT NULL, lane INTEGER NOT NULL, version INTEGER NOT NULL,
            definitions_from INTEGER NOT NULL, PRIMARY KEY (source, source_partition, lane, version)) WITHOUT ROWID;
        """,
    ];

    /// <summary>
    /// state-*.db. A rowid table, because SQLite is slow at large values in WITHOUT ROWID ones. PostgreSQL's shards also have
    /// the owner's address and backend_pid, which a single process has no use for.
    /// </summary>
    public static readonly IReadOnlyList<string> State =
    [
        """
        CREATE TABLE shards (
            entity TEXT NOT NULL, partition INTEGER NOT NULL, partition_count INTEGER NOT NULL, hash_id TEXT NOT NULL,
            log_identity TEXT NOT NULL, epoch INTEGER NOT NULL, owner TEXT NOT NULL, checkpoint_id INTEGER NOT NULL,
            next_offset INTEGER NOT NULL, marks BLOB NOT NULL, clock INTEGER NOT NULL, published_position INTEGER NOT NULL,
            published_batch INTEGER NOT NULL, PRIMARY KEY (entity, partition));
        CREATE TABLE entities (
            key BLOB NOT NULL, next_due INTEGER NOT NULL, unpublished INTEGER NOT NULL, state BLOB NOT NULL);
        CREATE UNIQUE INDEX entities_key ON entities (key);
        CREATE INDEX entities_due ON entities (next_due, key) WHERE next_due < 9223372036854775807;
        CREATE INDEX entities_unpublished ON entities (key) WHERE unpublished = 1;
        """,
    ];

    /// <summary>log-*.db.</summary>
    public static readonly IReadOnlyList<string> Log =
    [
        """
        CREATE TABLE log_identity (identity TEXT NOT NULL);
        CREATE TABLE log (log_offset INTEGER PRIMARY KEY, batch BLOB NOT NULL);
        """,
    ];
}
