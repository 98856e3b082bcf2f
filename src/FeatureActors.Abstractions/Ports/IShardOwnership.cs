using FeatureActors.Abstractions.Identity;

namespace FeatureActors.Abstractions.Ports;

/// <summary>
/// Hints about which shards this node should own. A hint may come late, twice or never; the epoch in
/// <see cref="ICheckpointStore"/> decides. Safe for concurrent calls.
/// </summary>
public interface IShardOwnership : IAsyncDisposable
{
    /// <summary>Joins and yields changes until cancelled; leaving hands all shards back.</summary>
    /// <param name="entities">Entity types with their partition counts.</param>
    /// <param name="cancellationToken">Leaves the group.</param>
    IAsyncEnumerable<OwnershipChange> WatchAsync(IReadOnlyDictionary<string, int> entities, CancellationToken cancellationToken);
}

/// <summary>A shard was assigned to this node, or taken from it.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="IsAssigned">True for assigned.</param>
/// <param name="Generation">Rises with each change this node sees; work of an older generation of the same shard is void.</param>
public readonly record struct OwnershipChange(ShardId Shard, bool IsAssigned, long Generation);
