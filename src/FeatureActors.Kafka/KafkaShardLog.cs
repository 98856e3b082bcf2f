using System.Collections.Concurrent;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Kafka.Native;

namespace FeatureActors.Kafka;

/// <summary>
/// The shard log on Kafka: one topic <c>fa.&lt;namespace&gt;.&lt;entity&gt;</c> per entity type. Appends are acknowledged by all
/// in-sync replicas and never time out by themselves; positions come from the caller, never from a consumer group.
/// </summary>
public sealed class KafkaShardLog : IShardLog
{
    // Who opens a reader has just asked for the range. Should the log have lost its start since, the reader says so and is opened anew.
    private static readonly TimeSpan AskedMax = TimeSpan.FromSeconds(5);

    private readonly KafkaConnection _connection;
    private readonly string _topicStart;
    private readonly ConcurrentDictionary<string, string> _topics = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<ShardId, (LogRange Range, long At)> _asked = new();
    private readonly LogProducer _producer;
    private readonly ConsumerPool _consumers;

    /// <summary>Keeps the settings; connects at first use.</summary>
    /// <param name="connection">The cluster; outlives this log.</param>
    /// <param name="definitionsNamespace">Namespace of the definitions.</param>
    public KafkaShardLog(KafkaConnection connection, string definitionsNamespace)
    {
        ArgumentNullException.ThrowIfNull(connection);
        _connection = connection;
        _topicStart = $"{connection.Options.TopicPrefix}.{definitionsNamespace}.";
        _producer = new LogProducer(connection);
        _consumers = new ConsumerPool(connection, connection.Options.LogAheadBytes);
    }

    /// <inheritdoc/>
    public async ValueTask<string> OpenAsync(string entity, int partitions, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(partitions);
        var topic = _topicStart + entity;
        var found = await _connection.CountPartitionsAsync(topic, cancellationToken).ConfigureAwait(false)
            ?? await CreateAsync(topic, partitions, cancellationToken).ConfigureAwait(false);
        if (found != partitions)
        {
            throw new LogSetupException(
                $"could not open the log of entity {entity}: topic {topic} has {found} partitions and the definitions want {partitions}; "
                + $"set shards = {found}, or delete the topic while no node runs and start with an empty namespace "
                + $"({_connection.Dependency})");
        }

        var cluster = await _consumers.ReadClusterIdAsync(cancellationToken).ConfigureAwait(false);
        _topics[entity] = topic;
        return $"kafka:{cluster ?? "-"}/{topic}";
    }

    /// <inheritdoc/>
    public ValueTask<long> AppendAsync(ShardId shard, ReadOnlyMemory<byte> batch, CancellationToken cancellationToken) =>
        _producer.AppendAsync(TopicOf(shard), shard, batch, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<LogRange> GetRangeAsync(ShardId shard, CancellationToken cancellationToken)
    {
        LogRange range = await _consumers.QueryRangeAsync(TopicOf(shard), shard.Partition, cancellationToken).ConfigureAwait(false);
        _asked[shard] = (range, _connection.Time.GetTimestamp());
        return range;
    }

    /// <inheritdoc/>
    public async ValueTask<IShardLogReader> ReadFromAsync(ShardId shard, long nextOffset, CancellationToken cancellationToken)
    {
        // Each answer serves once: who comes back because of it gets a new one.
        LogRange range = _asked.TryRemove(shard, out (LogRange Range, long At) asked) && _connection.Time.GetElapsedTime(asked.At) < AskedMax
            && nextOffset >= asked.Range.Begin && nextOffset <= asked.Range.End
                ? asked.Range
                : await GetRangeAsync(shard, cancellationToken).ConfigureAwait(false);
        if (nextOffset > range.End)
        {
            throw new DependencyUnavailableException(
                _connection.Dependency,
                $"could not read the log of shard {shard} from offset {nextOffset}: it ends at {range.End}");
        }

        // Only here, where the port says so, does a position below the log move up; later a gap is an error.
        var start = Math.Max(nextOffset, range.Begin);
        var consumer = await Task.Run(() => _consumers.Open(TopicOf(shard), shard.Partition, start), cancellationToken)
            .ConfigureAwait(false);
        return new KafkaShardLogReader(consumer, shard, start, _connection.Dependency);
    }

    /// <summary>Does nothing: the topic's own retention removes entries.</summary>
    public ValueTask TrimAsync(ShardId shard, long nextOffset, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _producer.DisposeAsync().ConfigureAwait(false);
        await _consumers.DisposeAsync().ConfigureAwait(false);
    }

    private string TopicOf(ShardId shard) => _topics.TryGetValue(shard.Entity, out var topic)
        ? topic
        : throw new InvalidOperationException($"the log of shard {shard} is used before it was opened");

    private async Task<int> CreateAsync(string topic, int partitions, CancellationToken cancellationToken)
    {
        if (await _connection.TryCreateTopicAsync(topic, partitions, cancellationToken).ConfigureAwait(false))
        {
            // Brokers learn of a new topic one after the other.
            var until = _connection.Time.GetTimestamp();
            while (_connection.Time.GetElapsedTime(until) < _connection.Options.RequestTimeout)
            {
                if (await _connection.CountPartitionsAsync(topic, cancellationToken).ConfigureAwait(false) is { } found)
                {
                    return found;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(50), _connection.Time, cancellationToken).ConfigureAwait(false);
            }
        }

        throw new LogSetupException(
            $"could not open the shard log: topic {topic} does not exist on {_connection.Dependency} and cannot be created from here. "
            + "Create it, with a retention longer than a shard can ever be without a checkpoint (7 days are a safe start):"
            + Environment.NewLine + "  " + _connection.CreateCommand(topic, partitions));
    }
}
