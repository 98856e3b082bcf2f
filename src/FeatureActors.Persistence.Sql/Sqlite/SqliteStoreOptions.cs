namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>Settings of a <see cref="SqliteStores"/>.</summary>
public sealed class SqliteStoreOptions
{
    /// <summary>What an acknowledged write survives. Default <see cref="SqliteDurability.PowerLoss"/>.</summary>
    public SqliteDurability Durability { get; init; } = SqliteDurability.PowerLoss;

    /// <summary>
    /// Largest batch that the log takes, in bytes; a larger one is refused for good. Default 32 MiB, range 1 to 512 MiB: above
    /// the largest event (10 MB) with room for its columns.
    /// </summary>
    public int BatchBytesMax { get; init; } = 32 * 1024 * 1024;

    /// <summary>
    /// Most bytes of queued appends to one shard that share one transaction and so one wait for the disk. Default 4 MiB.
    /// Raising it helps slow disks, lowering it shortens the wait of the first append in a group.
    /// </summary>
    public int GroupCommitBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// Most database calls of one kind (reads, appends) that run at the same time; each holds a thread of the pool. Commits are
    /// two at most, for the sake of <see cref="CommitCacheKiB"/>. Default 4, range 1 to 64. Further calls wait.
    /// </summary>
    public int ConcurrencyMax { get; init; } = 4;

    /// <summary>Most dead letters kept; the oldest give way. Default 100,000, at least 1.</summary>
    public int DeadLettersMax { get; init; } = 100_000;

    /// <summary>Most bytes of dead letters kept (events and error texts); the oldest give way. Default 256 MiB.</summary>
    public long DeadLetterBytesMax { get; init; } = 256L * 1024 * 1024;

    /// <summary>
    /// Pages of a state file's cache while a checkpoint is written, in KiB; given back afterwards. Default 8 MiB; two
    /// checkpoints are written at a time. The indexes of a shard of 100,000 entities fit; rows come in about the order they are
    /// stored in. Rows in random order cost 14 µs instead of 10 when the pages of the checkpoint do not fit.
    /// </summary>
    public int CommitCacheKiB { get; init; } = 8 * 1024;

    /// <summary>Most pages of one database file, 0 for no bound: a disk that fills up, for tests.</summary>
    internal int PagesMax { get; init; }

    /// <summary>
    /// Page size of new state files in bytes, a power of two from 512 to 65,536. Measured for 5,000 random rows of 200 B among
    /// 62,500 with the due time kept: 10 µs of CPU a row at 8 K, 11.5 at 4 K; 2 K and below are slower still; at 2 KB rows equal.
    /// </summary>
    internal int StatePageBytes { get; init; } = 8192;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchBytesMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BatchBytesMax, 512 * 1024 * 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(GroupCommitBytesMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(ConcurrencyMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ConcurrencyMax, 64);
        ArgumentOutOfRangeException.ThrowIfLessThan(DeadLettersMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(DeadLetterBytesMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(CommitCacheKiB, 1);
    }
}
