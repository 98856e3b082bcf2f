using System.Runtime.CompilerServices;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Kafka.Native;

namespace FeatureActors.Kafka;

/// <summary>
/// A source whose events are the values of a topic's messages. A message with the key <c>fa.end</c> and epoch milliseconds as
/// decimal text ends its partition and is not an event. Nodes share the partitions through a group of their own.
/// </summary>
public sealed class KafkaEventSource : IEventSource
{
    private readonly KafkaConnection _connection;
    private readonly string _topic;
    private readonly string _group;
    private readonly ConsumerPool _consumers;
    private readonly CancellationTokenSource _disposing = new();

    /// <summary>Keeps the settings; connects at first use.</summary>
    /// <param name="connection">The cluster; outlives this source.</param>
    /// <param name="definitionsNamespace">Namespace of the definitions, part of the group's name.</param>
    /// <param name="source">Source name as in the definitions.</param>
    /// <param name="topic">Its topic.</param>
    public KafkaEventSource(KafkaConnection connection, string definitionsNamespace, string source, string topic)
    {
        ArgumentNullException.ThrowIfNull(connection);
        _connection = connection;
        _topic = topic;
        _group = $"{connection.Options.TopicPrefix}.{definitionsNamespace}.ingest.{source}";
        _consumers = new ConsumerPool(connection, connection.Options.SourceAheadBytes);
        Source = source;
    }

    /// <inheritdoc/>
    public string Source { get; }

    /// <inheritdoc/>
    public async ValueTask<int> CountPartitionsAsync(CancellationToken cancellationToken) =>
        await _connection.CountPartitionsAsync(_topic, cancellationToken).ConfigureAwait(false)
        ?? throw new DependencyUnavailableException(
            _connection.Dependency, $"could not open source {Source}: topic {_topic} does not exist; create it or correct the source's topic");

    /// <inheritdoc/>
    public async ValueTask<LogRange> GetRangeAsync(int partition, CancellationToken cancellationToken) =>
        await _consumers.QueryRangeAsync(_topic, partition, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async IAsyncEnumerable<SourceAssignment> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposing.Token);
        _ = await CountPartitionsAsync(linked.Token).ConfigureAwait(false);
        var membership = new GroupMembership(_connection, _group, [_topic]);
        await using var leaving = membership.ConfigureAwait(false);
        while (true)
        {
            foreach (var change in await membership.ReadAsync(linked.Token).ConfigureAwait(false))
            {
                yield return new SourceAssignment(change.Partition, change.IsAssigned);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IEventReader> ReadFromAsync(int partition, long nextOffset, CancellationToken cancellationToken)
    {
        var range = await GetRangeAsync(partition, cancellationToken).ConfigureAwait(false);
        if (nextOffset > range.End)
        {
            throw new DependencyUnavailableException(
                _connection.Dependency,
                $"could not read source {Source} partition {partition} from offset {nextOffset}: topic {_topic} ends at {range.End}");
        }

        var start = Math.Max(nextOffset, range.Begin);
        var consumer = await Task.Run(() => _consumers.Open(_topic, partition, start), cancellationToken).ConfigureAwait(false);
        return new KafkaEventReader(_connection, _consumers, consumer, nextOffset, start);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _disposing.CancelAsync().ConfigureAwait(false);
        await _consumers.DisposeAsync().ConfigureAwait(false);
        _disposing.Dispose();
    }
}
