using System.Runtime.CompilerServices;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Benchmarks.Streams;

namespace FeatureActors.Benchmarks.Nodes;

/// <summary>A sink that says yes and keeps nothing.</summary>
internal sealed class ForgetfulSink : IFeatureSink
{
    /// <inheritdoc/>
    public ValueTask<SinkFence?> RaiseFenceAsync(ShardId shard, Epoch epoch, long batch, CancellationToken cancellationToken) =>
        ValueTask.FromResult<SinkFence?>(null);

    /// <inheritdoc/>
    public ValueTask<SinkFence?> ReadFenceAsync(ShardId shard, CancellationToken cancellationToken) =>
        ValueTask.FromResult<SinkFence?>(null);

    /// <inheritdoc/>
    public ValueTask<SinkKeys> ScanAsync(long cursor, CancellationToken cancellationToken) => ValueTask.FromResult(new SinkKeys([], 0));

    /// <inheritdoc/>
    public ValueTask<SinkAnswer> WriteAsync(PublishBatch batch, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new SinkAnswer(SinkOutcome.Written, []));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>One node owns every shard.</summary>
internal sealed class OwnerOfAll : IShardOwnership
{
    /// <inheritdoc/>
    public async IAsyncEnumerable<OwnershipChange> WatchAsync(
        IReadOnlyDictionary<string, int> entities, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach ((string entity, int partitions) in entities)
        {
            for (int partition = 0; partition < partitions; partition++)
            {
                yield return new OwnershipChange(new ShardId(entity, partition), true, 1);
            }
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>A source of one partition whose events are made as they are read, with event times spread evenly over a span before now.</summary>
internal sealed class GeneratedSource(string source, NodeProcessOptions options) : IEventSource
{
    private readonly long _startMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - options.SpanMs;

    /// <inheritdoc/>
    public string Source => source;

    /// <inheritdoc/>
    public ValueTask<int> CountPartitionsAsync(CancellationToken cancellationToken) => ValueTask.FromResult(1);

    /// <inheritdoc/>
    public ValueTask<LogRange> GetRangeAsync(int partition, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new LogRange(0, options.Events));

    /// <inheritdoc/>
    public async IAsyncEnumerable<SourceAssignment> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return new SourceAssignment(0, true);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<IEventReader> ReadFromAsync(int partition, long nextOffset, CancellationToken cancellationToken) =>
        nextOffset == 0
            ? ValueTask.FromResult<IEventReader>(new Reader(options, _startMs))
            : throw new NotSupportedException("made events are read once, from the start");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Reader(NodeProcessOptions options, long startMs) : IEventReader
    {
        private const int ChunkEvents = 800;

        private readonly EventStream _stream = new(options.Keys, isUniform: true);
        private long _next;

        public async ValueTask ReadAsync(EventChunk chunk, CancellationToken cancellationToken)
        {
            chunk.Clear();
            if (_next > options.Events)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(false);
            }

            for (int i = 0; i < ChunkEvents && _next < options.Events; i++, _next++)
            {
                chunk.Add(_next, _stream.Next(TimeOf(_next)).Span);
            }

            if (_next == options.Events)
            {
                chunk.EndMs = TimeOf(_next);
                chunk.NextOffset = _next++;
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private long TimeOf(long offset) => startMs + (long)((double)offset / options.Events * options.SpanMs);
    }
}
