using FeatureActors.Abstractions.Identity;

namespace FeatureActors.Abstractions.Ports;

/// <summary>
/// Where finished values go. Every write is guarded by the shard's fence (epoch, batch number, position), which only
/// <see cref="RaiseFenceAsync"/> creates or raises. Methods throw <see cref="Errors.DependencyUnavailableException"/> when the
/// store is away; repeating a batch of unknown outcome is safe. Safe for concurrent calls about different shards.
/// </summary>
public interface IFeatureSink : IAsyncDisposable
{
    /// <summary>
    /// Sets the shard's fence to (<paramref name="epoch"/>, <paramref name="batch"/>, the old position) unless a higher epoch stands there.
    /// </summary>
    /// <returns>The fence as it stood before, or null when there was none.</returns>
    ValueTask<SinkFence?> RaiseFenceAsync(ShardId shard, Epoch epoch, long batch, CancellationToken cancellationToken);

    /// <summary>The fence as it stands, or null when there is none.</summary>
    ValueTask<SinkFence?> ReadFenceAsync(ShardId shard, CancellationToken cancellationToken);

    /// <summary>
    /// Lists some keys of the namespace's groups, whoever wrote them. A key that is there from the first call to the last is given at
    /// least once; one that comes or goes meanwhile may be given or not.
    /// </summary>
    /// <param name="cursor">0 to begin, then <see cref="SinkKeys.NextCursor"/> of the answer before.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<SinkKeys> ScanAsync(long cursor, CancellationToken cancellationToken);

    /// <summary>Writes one batch, all of it or nothing.</summary>
    ValueTask<SinkAnswer> WriteAsync(PublishBatch batch, CancellationToken cancellationToken);
}

/// <summary>A shard's fence in the sink.</summary>
/// <param name="Epoch">Epoch of the owner that raised it.</param>
/// <param name="Batch">Number of the last batch written.</param>
/// <param name="Position">Position at which that batch was evaluated.</param>
public sealed record SinkFence(Epoch Epoch, long Batch, PublishPosition Position)
{
    /// <summary>Position of a fence under which nothing was ever written.</summary>
    public static readonly PublishPosition NoPosition = new(0, long.MinValue);
}

/// <summary>The version of published values; compared as a pair, NextOffset first.</summary>
/// <param name="NextOffset">First log offset not included.</param>
/// <param name="ClockMs">The time T of the evaluation, Unix milliseconds.</param>
public readonly record struct PublishPosition(long NextOffset, long ClockMs);

/// <summary>Some keys that a sink holds.</summary>
/// <param name="Keys">Full keys, UTF-8; possibly none although more follow.</param>
/// <param name="NextCursor">What to ask with next; 0 when all were given.</param>
public sealed record SinkKeys(IReadOnlyList<ReadOnlyMemory<byte>> Keys, long NextCursor);

/// <summary>Answer to a batch.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="MissingRefreshes">
/// Indexes into <see cref="PublishBatch.Items"/>, ascending, of refreshes that met no key; empty otherwise. A repetition that is
/// <see cref="SinkOutcome.Done"/> looks again, because the first answer may have been lost.
/// </param>
public readonly record struct SinkAnswer(SinkOutcome Outcome, IReadOnlyList<int> MissingRefreshes);

/// <summary>What became of a batch.</summary>
public enum SinkOutcome
{
    /// <summary>Written.</summary>
    Written = 1,

    /// <summary>The fence says that this very batch was already written.</summary>
    Done = 2,

    /// <summary>A higher epoch stands in the fence: the caller is not the owner any more. Nothing written.</summary>
    Stale = 3,

    /// <summary>The fence is missing, older than the caller's, or another batch than the one before is the last: the store lost data. Nothing written.</summary>
    Lost = 4,
}

/// <summary>What to do with one key.</summary>
public enum PublishKind : byte
{
    /// <summary>Replace the whole hash and set its expiry.</summary>
    Write = 1,

    /// <summary>Set the expiry only; report the key when it is missing.</summary>
    Refresh = 2,

    /// <summary>Delete the key.</summary>
    Delete = 3,
}

/// <summary>One key of a batch.</summary>
/// <param name="Kind">What to do.</param>
/// <param name="Key">The full key, UTF-8.</param>
/// <param name="ExpireAtMs">Expiry in Unix milliseconds; 0 for none.</param>
/// <param name="FieldsStart">First of the key's fields in <see cref="PublishBatch.Fields"/>.</param>
/// <param name="FieldsCount">Number of fields, version and time included; 0 unless <see cref="PublishKind.Write"/>.</param>
public readonly record struct PublishItem(PublishKind Kind, ReadOnlyMemory<byte> Key, long ExpireAtMs, int FieldsStart, int FieldsCount);

/// <summary>One field of a hash.</summary>
/// <param name="Name">Field name, UTF-8.</param>
/// <param name="Value">Value text, UTF-8.</param>
public readonly record struct PublishField(ReadOnlyMemory<byte> Name, ReadOnlyMemory<byte> Value);

/// <summary>Values of at most 200 keys of one shard. Immutable once handed over; the sink may keep it until it answers.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Epoch">Epoch of the writer.</param>
/// <param name="Batch">One more than the batch before.</param>
/// <param name="Position">Position of the newest evaluation in it.</param>
/// <param name="Items">The keys.</param>
/// <param name="Fields">Fields of all written keys, key after key.</param>
public sealed record PublishBatch(
    ShardId Shard, Epoch Epoch, long Batch, PublishPosition Position, IReadOnlyList<PublishItem> Items, IReadOnlyList<PublishField> Fields)
{
    /// <summary>Most keys in a batch: 200 keys keep Redis busy for about 0.2 ms, so other clients do not notice.</summary>
    public const int ItemsMax = 200;
}
