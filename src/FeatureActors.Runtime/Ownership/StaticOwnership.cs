using System.Runtime.CompilerServices;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Runtime.Ownership;

/// <summary>Gives every shard to this node, at once and for good: the ownership of a node that is alone by construction.</summary>
public sealed class StaticOwnership : IShardOwnership
{
    private long _generation;

    /// <inheritdoc/>
    public async IAsyncEnumerable<OwnershipChange> WatchAsync(
        IReadOnlyDictionary<string, int> entities, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entities);
        foreach ((string entity, int partitions) in entities)
        {
            for (int partition = 0; partition < partitions; partition++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return new OwnershipChange(new ShardId(entity, partition), IsAssigned: true, Interlocked.Increment(ref _generation));
            }
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
