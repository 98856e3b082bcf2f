using System.Text;
using Confluent.Kafka;
using FeatureActors.Abstractions.Errors;

namespace FeatureActors.Kafka;

/// <summary>
/// Writes events into a source's topic, for <c>fa replay</c>. Events of one key stay in order; those without a key go round the
/// partitions. One caller at a time.
/// </summary>
/// <param name="connection">The cluster; outlives this writer.</param>
/// <param name="topic">An existing topic.</param>
public sealed class KafkaTopicWriter(KafkaConnection connection, string topic) : IAsyncDisposable
{
    private static readonly TimeSpan QueueFullPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan FlushStep = TimeSpan.FromMilliseconds(100);

    private IProducer<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>? _producer;
    private Action<DeliveryReport<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>>? _onDelivered;
    private Error? _failure;
    private long _acknowledged;
    private int _partitions;
    private int _turn;

    /// <summary>Number of messages that the brokers have acknowledged.</summary>
    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    /// <summary>Checks that the topic is there.</summary>
    /// <returns>Its number of partitions.</returns>
    /// <exception cref="DependencyUnavailableException">No broker answers, or the topic does not exist.</exception>
    public async ValueTask<int> OpenAsync(CancellationToken cancellationToken)
    {
        _partitions = await connection.CountPartitionsAsync(topic, cancellationToken).ConfigureAwait(false)
            ?? throw new DependencyUnavailableException(
                connection.Dependency, $"could not write to topic {topic}: it does not exist; create it or correct the source's topic");
        if (_producer is null)
        {
            var settings = connection.ProducerSettings();
            settings["partitioner"] = "murmur2_random"; // As Java producers do, so that replayed and live events of a key meet.
            settings["linger.ms"] = "5";
            _onDelivered = OnDelivered;
            _producer = new ProducerBuilder<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>(settings)
                .SetKeySerializer(MemorySerializer.Instance)
                .SetValueSerializer(MemorySerializer.Instance)
                .SetLogHandler((_, message) => connection.LogClient(message))
                .SetErrorHandler((_, error) => connection.LogError(error))
                .Build();
        }

        return _partitions;
    }

    /// <summary>Hands one event to the client; it is durable after the next <see cref="FlushAsync"/>.</summary>
    /// <param name="key">Chooses the partition by its murmur2 hash; empty: the next partition in turn.</param>
    /// <param name="value">The event; copied before this returns.</param>
    /// <param name="cancellationToken">Ends a wait for room in the client's queue.</param>
    /// <exception cref="DependencyUnavailableException">This event or an earlier one was refused.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, CancellationToken cancellationToken)
    {
        var partition = Partition.Any;
        if (key.IsEmpty)
        {
            partition = _turn;
            _turn = _turn + 1 == _partitions ? 0 : _turn + 1;
        }

        return ProduceAsync(partition, key, value, cancellationToken);
    }

    /// <summary>Waits until everything written is acknowledged.</summary>
    /// <exception cref="DependencyUnavailableException">A message was refused.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var producer = Producer;
        await Task.Run(
            () =>
            {
                while (producer.Flush(FlushStep) > 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }
            },
            cancellationToken).ConfigureAwait(false);
        ThrowIfFailed();
    }

    /// <summary>Ends every partition behind what was written: event time is at least <paramref name="endMs"/>, nothing more comes.</summary>
    /// <param name="endMs">Unix milliseconds.</param>
    /// <param name="cancellationToken">Stops waiting; some partitions may then be ended already.</param>
    /// <exception cref="DependencyUnavailableException">A message was refused.</exception>
    public async Task WriteEndAsync(long endMs, CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        var key = EndMark.Key.ToArray();
        var value = Encoding.ASCII.GetBytes(KafkaConnection.Number(endMs));
        for (var partition = 0; partition < _partitions; partition++)
        {
            await ProduceAsync(partition, key, value, cancellationToken).ConfigureAwait(false);
        }

        await FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends what is left, waiting at most the connection's close timeout.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_producer is { } producer)
        {
            _producer = null;
            await Task.Run(() =>
            {
                producer.Flush(connection.Options.CloseTimeout);
                producer.Dispose();
            }).ConfigureAwait(false);
        }
    }

    private IProducer<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> Producer =>
        _producer ?? throw new InvalidOperationException($"the writer of topic {topic} is not open");

    private async ValueTask ProduceAsync(
        Partition partition, ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, CancellationToken cancellationToken)
    {
        ThrowIfFailed();
        var message = new Message<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> { Key = key, Value = value };
        while (true)
        {
            try
            {
                Producer.Produce(new TopicPartition(topic, partition), message, _onDelivered);
                return;
            }
            catch (KafkaException exception) when (exception.Error.Code == ErrorCode.Local_QueueFull)
            {
                await Task.Delay(QueueFullPause, connection.Time, cancellationToken).ConfigureAwait(false);
            }
            catch (KafkaException exception)
            {
                throw connection.Unavailable($"could not write to topic {topic}", exception);
            }
        }
    }

    private void OnDelivered(DeliveryReport<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> report)
    {
        if (report.Error.IsError)
        {
            Interlocked.CompareExchange(ref _failure, report.Error, null);
        }
        else
        {
            Interlocked.Increment(ref _acknowledged);
        }
    }

    private void ThrowIfFailed()
    {
        if (Volatile.Read(ref _failure) is { } failure)
        {
            throw new DependencyUnavailableException(connection.Dependency, $"could not write to topic {topic}: {failure.Reason}");
        }
    }
}
