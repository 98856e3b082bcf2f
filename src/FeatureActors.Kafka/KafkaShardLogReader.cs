using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Kafka.Native;

namespace FeatureActors.Kafka;

/// <inheritdoc cref="IShardLogReader"/>
internal sealed class KafkaShardLogReader(PartitionConsumer consumer, ShardId shard, long nextOffset, string dependency)
    : IShardLogReader
{
    private long _nextOffset = nextOffset;
    private bool _isOutOfRange;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<LogEntry>> ReadAsync(int bytesMax, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytesMax);
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            if (Take(bytesMax) is { } entries)
            {
                return entries;
            }

            await consumer.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await Task.Run(consumer.Close).ConfigureAwait(false);

    private unsafe List<LogEntry>? Take(int bytesMax)
    {
        List<LogEntry>? entries = null;
        var bytes = 0L;
        lock (consumer.Gate)
        {
            for (var message = consumer.PeekNeedsLock(); message != null; message = consumer.PeekNeedsLock())
            {
                if (message->Error != 0)
                {
                    if (entries is not null)
                    {
                        break; // First what came before the error.
                    }

                    var error = message->Error;
                    consumer.DropNeedsLock();
                    _isOutOfRange |= ReadError.IsOutOfRange(error);
                    ReadError.ThrowIfLasting(error, consumer, dependency);
                    continue;
                }

                bytes += (long)message->PayloadLength;
                if (entries is not null && bytes > bytesMax)
                {
                    break;
                }

                if (message->Offset >= _nextOffset)
                {
                    entries ??= [];
                    entries.Add(new LogEntry(message->Offset, message->PayloadBytes.ToArray()));
                    _nextOffset = message->Offset + 1;
                }

                consumer.DropNeedsLock();
            }
        }

        if (entries is null && _isOutOfRange)
        {
            throw new DependencyUnavailableException(
                dependency,
                $"could not read the log of shard {shard}: offset {_nextOffset} is not held any more, or not yet; ask for the range and open a new reader");
        }

        return entries;
    }
}
