using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Kafka;

/// <summary>
/// Ownership hints from a consumer group over the shard logs (classic protocol, cooperative-sticky). The logs must exist:
/// open them first. Each watch is a member of its own.
/// </summary>
/// <param name="connection">The cluster; outlives this.</param>
/// <param name="definitionsNamespace">Namespace of the definitions.</param>
public sealed class KafkaShardOwnership(KafkaConnection connection, string definitionsNamespace) : IShardOwnership
{
    private readonly string _start = $"{connection.Options.TopicPrefix}.{definitionsNamespace}.";
    private readonly CancellationTokenSource _disposing = new();
    private readonly ConcurrentDictionary<GroupMembership, bool> _memberships = new();
    private long _generation;

    /// <inheritdoc/>
    public async IAsyncEnumerable<OwnershipChange> WatchAsync(
        IReadOnlyDictionary<string, int> entities, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposing.Token);
        await connection.CheckAsync(linked.Token).ConfigureAwait(false);
        var membership = new GroupMembership(connection, $"{_start}shards", entities.Keys.Select(entity => _start + entity));
        await using var leaving = membership.ConfigureAwait(false);
        _memberships[membership] = true;
        try
        {
            while (true)
            {
                foreach (var change in await membership.ReadAsync(linked.Token).ConfigureAwait(false))
                {
                    var entity = change.Topic[_start.Length..];

                    // A topic that grew is refused when the log is opened; its further partitions are nobody's.
                    if (entities.TryGetValue(entity, out var partitions) && change.Partition < partitions)
                    {
                        yield return new OwnershipChange(
                            new ShardId(entity, change.Partition), change.IsAssigned, Interlocked.Increment(ref _generation));
                    }
                }
            }
        }
        finally
        {
            _memberships.TryRemove(membership, out _);
        }
    }

    /// <summary>
    /// Leaves the group and joins again: the client may have missed that it lost the partition, and only a new assignment tells. Shards
    /// of this node rest meanwhile.
    /// </summary>
    public ValueTask<bool> DoubtAsync(ShardId shard)
    {
        foreach (var membership in _memberships.Keys)
        {
            membership.Rejoin();
        }

        return ValueTask.FromResult(true);
    }

    /// <summary>Ends all watches.</summary>
    public async ValueTask DisposeAsync()
    {
        await _disposing.CancelAsync().ConfigureAwait(false);
        _disposing.Dispose();
    }
}
