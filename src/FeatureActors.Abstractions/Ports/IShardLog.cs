using FeatureActors.Abstractions.Identity;

namespace FeatureActors.Abstractions.Ports;

/// <summary>
/// The ordered, replayable log between ingest and shards: one topic per entity type, one partition per shard. An entry is one
/// batch. Methods may throw <see cref="Errors.DependencyUnavailableException"/>; an append of unknown outcome (a cancelled one
/// too) is repeated by the caller, readers drop the repetition by its origin. Every entity's log is opened before it is used.
/// Safe for concurrent calls.
/// </summary>
public interface IShardLog : IAsyncDisposable
{
    /// <summary>Opens the log of an entity type, creating it where that is possible.</summary>
    /// <returns>Identity of the log, kept with each shard: the same at each open of the same log, another for a recreated one.</returns>
    /// <exception cref="Errors.LogSetupException">The log is missing and cannot be created, or has another partition count.</exception>
    ValueTask<string> OpenAsync(string entity, int partitions, CancellationToken cancellationToken);

    /// <summary>
    /// Appends one batch and answers its offset when it is durable. Entries of one caller that awaits each append stay in
    /// order. The batch's memory belongs to the caller again when the call ends.
    /// </summary>
    /// <exception cref="Errors.BatchRefusedException">The log refuses this batch for good (too large, not allowed).</exception>
    ValueTask<long> AppendAsync(ShardId shard, ReadOnlyMemory<byte> batch, CancellationToken cancellationToken);

    /// <summary>Offsets held now.</summary>
    ValueTask<LogRange> GetRangeAsync(ShardId shard, CancellationToken cancellationToken);

    /// <summary>Opens a reader whose first entry is the first at or behind <paramref name="nextOffset"/>.</summary>
    ValueTask<IShardLogReader> ReadFromAsync(ShardId shard, long nextOffset, CancellationToken cancellationToken);

    /// <summary>
    /// Tells the log that entries below <paramref name="nextOffset"/> are not needed any more. It may keep some of them; it never
    /// removes an entry at or above, and never gives an offset twice. A log with its own retention ignores it.
    /// </summary>
    ValueTask TrimAsync(ShardId shard, long nextOffset, CancellationToken cancellationToken);
}

/// <summary>Reads one shard's log in order. One caller at a time.</summary>
public interface IShardLogReader : IAsyncDisposable
{
    /// <summary>
    /// Waits for entries and answers at least one, at most about <paramref name="bytesMax"/> bytes of them.
    /// The reader keeps only a bounded number of entries ahead: not calling this is the way to slow the log down.
    /// </summary>
    ValueTask<IReadOnlyList<LogEntry>> ReadAsync(int bytesMax, CancellationToken cancellationToken);
}

/// <summary>Offsets of a log partition.</summary>
/// <param name="Begin">Offset of the first entry held.</param>
/// <param name="End">Offset that the next entry will get.</param>
public readonly record struct LogRange(long Begin, long End);

/// <summary>One batch in the log. The receiver owns the memory.</summary>
/// <param name="Offset">Its offset; offsets rise but may have gaps.</param>
/// <param name="Batch">The batch's bytes.</param>
public readonly record struct LogEntry(long Offset, ReadOnlyMemory<byte> Batch);
