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

    /// <summary>
    /// Asks others to take this node's shards one after the other while it still works on them: watches yield losses and end when nothing
    /// is left.
    /// </summary>
    /// <returns>False when there is no such way or nobody to take them: cancelling the watch hands everything back at once.</returns>
    /// <exception cref="Errors.DependencyUnavailableException">Others cannot be asked.</exception>
    ValueTask<bool> RetireAsync(CancellationToken cancellationToken) => ValueTask.FromResult(false);

    /// <summary>The node works on a shard that it was given, or cannot: it may be given the next.</summary>
    /// <exception cref="Errors.DependencyUnavailableException">Nobody can be told.</exception>
    ValueTask ArrivedAsync(ShardId shard) => ValueTask.CompletedTask;

    /// <summary>
    /// The node found a shard to be another's, repeatedly, although it was given to it. True: the coordinator is asked anew, and the shard
    /// is not this node's until a watch yields it again; watches may yield losses of other shards meanwhile. False: what is told is told
    /// by who knows, such as a table; the node tries on.
    /// </summary>
    ValueTask<bool> DoubtAsync(ShardId shard) => ValueTask.FromResult(false);
}

/// <summary>A shard was assigned to this node, or taken from it.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="IsAssigned">True for assigned.</param>
/// <param name="Generation">Rises with each change this node sees; work of an older generation of the same shard is void.</param>
public readonly record struct OwnershipChange(ShardId Shard, bool IsAssigned, long Generation);
