using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Kafka.Native;

/// <summary>
/// The consumers of one shard log or source: one, and a further one only while a partition is read twice, which happens when a
/// shard is acquired again before its old reader is closed. Safe for concurrent calls.
/// </summary>
internal sealed class ConsumerPool(KafkaConnection connection, int aheadBytes) : IAsyncDisposable
{
    // Each consumer has threads and connections of its own; more readers than this of one partition were not closed by mistake.
    private const int ConsumersMax = 8;

    private readonly Lock _lock = new();
    private readonly List<NativeConsumer> _consumers = [];
    private bool _isDisposed;

    /// <summary>Starts reading; blocks for a moment, as <see cref="PartitionConsumer.Close"/> does.</summary>
    public PartitionConsumer Open(string topic, int partition, long offset)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            foreach (var consumer in _consumers)
            {
                if (consumer.TryOpen(topic, partition, offset) is { } opened)
                {
                    return opened;
                }
            }

            return _consumers.Count < ConsumersMax
                ? AddNeedsLock().TryOpen(topic, partition, offset)!
                : throw new InvalidOperationException(
                    $"{topic}-{partition} has {ConsumersMax} readers on this node already: close one first");
        }
    }

    /// <summary>Asks for offsets on a thread of its own, for the client blocks.</summary>
    public Task<LogRange> QueryRangeAsync(string topic, int partition, CancellationToken cancellationToken) =>
        Task.Run(() => First().QueryRange(topic, partition, connection.Options.RequestTimeout), cancellationToken);

    /// <summary>The cluster's id, or null on brokers that have none.</summary>
    public Task<string?> ReadClusterIdAsync(CancellationToken cancellationToken) =>
        Task.Run(() => First().ReadClusterId(connection.Options.RequestTimeout), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        NativeConsumer[] consumers;
        lock (_lock)
        {
            _isDisposed = true;
            consumers = [.. _consumers];
            _consumers.Clear();
        }

        await Task.WhenAll(consumers.Select(consumer => Task.Run(consumer.Dispose))).ConfigureAwait(false);
    }

    private NativeConsumer First()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _consumers.Count > 0 ? _consumers[0] : AddNeedsLock();
        }
    }

    private NativeConsumer AddNeedsLock()
    {
        var consumer = connection.NewReaderClient(aheadBytes);
        _consumers.Add(consumer);
        return consumer;
    }
}
