using System.Collections.Concurrent;
using Confluent.Kafka;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;

namespace FeatureActors.Kafka;

/// <summary>Appends batches to shard logs. Safe for concurrent calls.</summary>
internal sealed class LogProducer : IAsyncDisposable
{
    // The client's own queue is full: deliveries make room within milliseconds, or the broker is away and nothing is urgent.
    private static readonly TimeSpan QueueFullPause = TimeSpan.FromMilliseconds(5);

    private readonly Lock _lock = new();
    private readonly KafkaConnection _connection;
    private readonly ConcurrentDictionary<Append, bool> _pending = new();
    private IProducer<Null, ReadOnlyMemory<byte>>? _producer;
    private Error? _fatal;
    private bool _isDisposed;

    public LogProducer(KafkaConnection connection) => _connection = connection;

    public async ValueTask<long> AppendAsync(
        string topic, ShardId shard, ReadOnlyMemory<byte> batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (batch.Length > _connection.Options.MessageBytesMax)
        {
            throw new BatchRefusedException(
                shard, $"the batch has {batch.Length} bytes, the log takes at most {_connection.Options.MessageBytesMax}");
        }

        var append = new Append(this, shard);
        var message = new Message<Null, ReadOnlyMemory<byte>> { Value = batch };
        var target = new TopicPartition(topic, shard.Partition);
        _pending[append] = true;
        while (true)
        {
            try
            {
                Producer().Produce(target, message, append.OnDelivered);
                break;
            }
            catch (ProduceException<Null, ReadOnlyMemory<byte>> exception) when (exception.Error.Code == ErrorCode.Local_QueueFull)
            {
                await Task.Delay(QueueFullPause, _connection.Time, cancellationToken).ConfigureAwait(false);
            }
            catch (KafkaException exception)
            {
                _pending.TryRemove(append, out _);
                NoteFatal(exception.Error);
                throw Translate(shard, exception.Error, exception);
            }
        }

        // Cancelled, the batch may still arrive: an append of unknown outcome, as the port allows.
        return await append.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        IProducer<Null, ReadOnlyMemory<byte>>? producer;
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            producer = _producer;
            _producer = null;
        }

        if (producer is not null)
        {
            await Task.Run(() =>
            {
                producer.Flush(_connection.Options.CloseTimeout);
                producer.Dispose();
            }).ConfigureAwait(false);
        }

        foreach (var append in _pending.Keys)
        {
            append.Abandon();
        }
    }

    private IProducer<Null, ReadOnlyMemory<byte>> Producer()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_fatal is { } fatal)
            {
                // The idempotent producer gives up for good when its sequence is broken. Batches are dropped by their origin
                // when they are repeated, so a new producer may simply go on.
                Log.ProducerReplaced(_connection.Logger, fatal.Reason);
                var broken = _producer;
                _ = Task.Run(() => broken?.Dispose());
                _producer = null;
                _fatal = null;
            }

            return _producer ??= new ProducerBuilder<Null, ReadOnlyMemory<byte>>(_connection.ProducerSettings())
                .SetValueSerializer(MemorySerializer.Instance)
                .SetLogHandler((_, message) => _connection.LogClient(message))
                .SetErrorHandler((_, error) => OnError(error))
                .Build();
        }
    }

    private void OnError(Error error)
    {
        _connection.LogError(error);
        NoteFatal(error);
    }

    private void NoteFatal(Error error)
    {
        if (error.IsFatal)
        {
            lock (_lock)
            {
                _fatal = error;
            }
        }
    }

    private FeatureActorsException Translate(ShardId shard, Error error, KafkaException? exception) => error.Code switch
    {
        ErrorCode.MsgSizeTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.InvalidMsgSize or ErrorCode.PolicyViolation
            or ErrorCode.InvalidRecord or ErrorCode.TopicAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed =>
            new BatchRefusedException(shard, $"{error.Reason} ({_connection.Dependency})", exception),
        _ => new DependencyUnavailableException(
            _connection.Dependency, $"could not append to the log of shard {shard}: {error.Reason}", exception),
    };

    private sealed class Append(LogProducer producer, ShardId shard)
        : TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public void OnDelivered(DeliveryReport<Null, ReadOnlyMemory<byte>> report)
        {
            producer._pending.TryRemove(this, out _);
            if (report.Error.IsError)
            {
                producer.NoteFatal(report.Error);
                TrySetException(producer.Translate(shard, report.Error, null));
            }
            else
            {
                TrySetResult(report.Offset.Value);
            }
        }

        public void Abandon() => TrySetException(new DependencyUnavailableException(
            producer._connection.Dependency, $"could not append to the log of shard {shard}: the node stops"));
    }
}
