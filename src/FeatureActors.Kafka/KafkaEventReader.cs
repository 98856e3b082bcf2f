using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Kafka.Native;

namespace FeatureActors.Kafka;

/// <inheritdoc cref="IEventReader"/>
internal sealed class KafkaEventReader(
    KafkaConnection connection, ConsumerPool consumers, PartitionConsumer consumer, long askedOffset, long nextOffset)
    : IEventReader
{
    private readonly int _chunkBytes = connection.Options.ChunkBytes;
    private long _nextOffset = nextOffset;
    private long? _skippedFrom = askedOffset < nextOffset ? askedOffset : null;
    private bool _isOutOfRange;

    /// <inheritdoc/>
    public async ValueTask ReadAsync(EventChunk chunk, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        chunk.Clear();
        while (!Fill(chunk))
        {
            if (_isOutOfRange)
            {
                await StartAgainAsync(cancellationToken).ConfigureAwait(false);
            }

            await consumer.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        if (_skippedFrom is { } from)
        {
            var first = chunk.Count > 0 ? chunk[0].Offset : chunk.NextOffset - 1;
            Log.EventsSkipped(connection.Logger, consumer.Topic, consumer.Partition, from, first);
            chunk.SkippedFrom = from;
            _skippedFrom = null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await Task.Run(consumer.Close).ConfigureAwait(false);

    // Per event: no allocation, one copy from the client's buffer into the chunk.
    private unsafe bool Fill(EventChunk chunk)
    {
        lock (consumer.Gate)
        {
            for (var message = consumer.PeekNeedsLock(); message != null; message = consumer.PeekNeedsLock())
            {
                if (message->Error != 0)
                {
                    if (chunk.Count > 0)
                    {
                        return true; // First what came before the error.
                    }

                    var error = message->Error;
                    consumer.DropNeedsLock();
                    _isOutOfRange |= ReadError.IsOutOfRange(error);
                    ReadError.ThrowIfLasting(error, consumer, connection.Dependency);
                    continue;
                }

                var offset = message->Offset;
                if (offset >= _nextOffset)
                {
                    var bytes = (long)message->PayloadLength;
                    if (chunk.Count > 0 && chunk.ByteCount + bytes > _chunkBytes)
                    {
                        return true;
                    }

                    _nextOffset = offset + 1;
                    if (message->KeyLength == 6 && EndMark.TryParse(message->KeyBytes, message->PayloadBytes, out var endMs))
                    {
                        consumer.DropNeedsLock();
                        chunk.EndMs = endMs;
                        chunk.NextOffset = offset + 1;
                        return true;
                    }

                    chunk.Add(offset, message->PayloadBytes);
                }

                consumer.DropNeedsLock();
            }
        }

        return chunk.Count > 0;
    }

    // Retention overtook this reader: go on at the first event held and say so. A topic that ends below was recreated.
    private async Task StartAgainAsync(CancellationToken cancellationToken)
    {
        var range = await consumers.QueryRangeAsync(consumer.Topic, consumer.Partition, cancellationToken).ConfigureAwait(false);
        if (_nextOffset > range.End)
        {
            throw new DependencyUnavailableException(
                connection.Dependency, $"could not read {consumer.Topic}-{consumer.Partition} at offset {_nextOffset}: it ends at {range.End}");
        }

        if (_nextOffset < range.Begin)
        {
            _skippedFrom ??= _nextOffset;
            _nextOffset = range.Begin;
        }

        lock (consumer.Gate)
        {
            consumer.SeekNeedsLock(_nextOffset);
        }

        _isOutOfRange = false;
    }
}
