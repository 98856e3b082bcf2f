using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Runtime.Hosting;

/// <summary>
/// The log and the sink of a rehearsal, and what watches its checkpoints. The log holds one batch for each act; a reader that has given
/// it waits. The sink says yes, after it has sent what it is given to the real one, which refuses it: there is no fence.
/// </summary>
internal sealed class RehearsalStage(RehearsalPorts? ports, RehearsalTime time) : IShardLog, IFeatureSink, ICheckpointStore
{
    // No shard of an entity has this partition, so none has its fence.
    private const int NobodysPartition = int.MaxValue;
    private static readonly ShardHeader Empty = new(new Epoch(1), 0, 0, ReadOnlyMemory<byte>.Empty, long.MinValue, 0, 0);

    private readonly List<byte[]> _log = [];
    private SinkFence? _fence;
    private volatile bool _isPublished;
    private volatile bool _isKept;

    /// <summary>True when values were published and a checkpoint was kept in this act.</summary>
    public bool IsPlayed => _isPublished && _isKept;

    /// <summary>Begins an act with a batch.</summary>
    public void Begin(byte[]? batch)
    {
        _isPublished = _isKept = false;
        if (batch is not null)
        {
            _log.Add(batch);
        }
    }

    public ValueTask<ShardCheckpoint> AcquireAsync(ShardId shard, ShardIdentity identity, ShardOwner owner, CancellationToken cancellationToken) =>
        ports?.Checkpoints.AcquireAsync(shard, identity, owner, cancellationToken)
        ?? ValueTask.FromResult(new ShardCheckpoint(Empty.Epoch, Empty, 0, false));

    public async ValueTask<CommitOutcome> CommitAsync(ShardId shard, Epoch epoch, CheckpointWrite checkpoint, CancellationToken cancellationToken)
    {
        CommitOutcome outcome = ports is null
            ? CommitOutcome.Committed
            : await ports.Checkpoints.CommitAsync(shard, epoch, checkpoint, cancellationToken).ConfigureAwait(false);
        _isKept = true;
        return outcome;
    }

    public ValueTask<ShardHeader> ReadHeaderAsync(ShardId shard, CancellationToken cancellationToken) =>
        ports?.Checkpoints.ReadHeaderAsync(shard, cancellationToken) ?? ValueTask.FromResult(Empty);

    public ValueTask<IReadOnlyList<StoredEntity>> LoadAsync(ShardId shard, IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken) =>
        ports?.Checkpoints.LoadAsync(shard, keys, cancellationToken) ?? ValueTask.FromResult<IReadOnlyList<StoredEntity>>([]);

    public ValueTask<IReadOnlyList<StoredEntity>> ReadDueAsync(
        ShardId shard, long dueAtOrBeforeMs, DueCursor? after, int limit, CancellationToken cancellationToken) =>
        ports?.Checkpoints.ReadDueAsync(shard, dueAtOrBeforeMs, after, limit, cancellationToken) ?? ValueTask.FromResult<IReadOnlyList<StoredEntity>>([]);

    public ValueTask<IReadOnlyList<StoredEntity>> ReadKeysAsync(
        ShardId shard, ReadOnlyMemory<byte> after, bool onlyUnpublished, int limit, CancellationToken cancellationToken) =>
        ports?.Checkpoints.ReadKeysAsync(shard, after, onlyUnpublished, limit, cancellationToken) ?? ValueTask.FromResult<IReadOnlyList<StoredEntity>>([]);

    public async ValueTask<long> ReadClockAsync(CancellationToken cancellationToken) => ports is null
        ? time.GetUtcNow().ToUnixTimeMilliseconds()
        : await ports.Checkpoints.ReadClockAsync(cancellationToken).ConfigureAwait(false) + (long)time.Ahead.TotalMilliseconds;

    public ValueTask<string> OpenAsync(string entity, int partitions, CancellationToken cancellationToken) => ValueTask.FromResult("");

    public ValueTask<long> AppendAsync(ShardId shard, ReadOnlyMemory<byte> entry, CancellationToken cancellationToken) => ValueTask.FromResult(0L);

    public ValueTask<LogRange> GetRangeAsync(ShardId shard, CancellationToken cancellationToken) => ValueTask.FromResult(new LogRange(0, _log.Count));

    public ValueTask<IShardLogReader> ReadFromAsync(ShardId shard, long nextOffset, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IShardLogReader>(new Reader([.. _log.Skip((int)nextOffset)], nextOffset));

    public ValueTask TrimAsync(ShardId shard, long nextOffset, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public async ValueTask<SinkFence?> RaiseFenceAsync(ShardId shard, Epoch epoch, long number, CancellationToken cancellationToken)
    {
        try
        {
            if (ports?.Sink is { } sink && await sink.ReadFenceAsync(shard, cancellationToken).ConfigureAwait(false) is { Epoch.Value: > 0 })
            {
                // Refused: every owner's epoch is higher.
                await sink.RaiseFenceAsync(shard, new Epoch(0), 0, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (FeatureActorsException)
        {
            // A sink that is away is met again when a shard is taken over.
        }

        SinkFence? old = _fence;
        _fence = new SinkFence(epoch, number, old?.Position ?? SinkFence.NoPosition);
        return old;
    }

    public ValueTask<SinkFence?> ReadFenceAsync(ShardId shard, CancellationToken cancellationToken) => ValueTask.FromResult(_fence);

    public ValueTask<SinkKeys> ScanAsync(long cursor, CancellationToken cancellationToken) => ValueTask.FromResult(new SinkKeys([], 0));

    public async ValueTask<SinkAnswer> WriteAsync(PublishBatch written, CancellationToken cancellationToken)
    {
        try
        {
            if (ports?.Sink is { } sink)
            {
                await sink.WriteAsync(written with { Shard = written.Shard with { Partition = NobodysPartition } }, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (FeatureActorsException)
        {
            // As above.
        }

        _fence = new SinkFence(written.Epoch, written.Batch, written.Position);
        _isPublished = true;
        return new SinkAnswer(SinkOutcome.Written, []);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Reader(byte[][] batches, long from) : IShardLogReader
    {
        private bool _isRead;

        public async ValueTask<IReadOnlyList<LogEntry>> ReadAsync(int bytesMax, CancellationToken cancellationToken)
        {
            if (_isRead || batches.Length == 0)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(false);
            }

            _isRead = true;
            return [.. batches.Select((b, i) => new LogEntry(from + i, b))];
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
