using System.Runtime.CompilerServices;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.TestKit.Ports;

/// <summary><see cref="IShardOwnership"/> in memory. Each watch is a member; several nodes of a test share one object.</summary>
public sealed class InMemoryOwnership : IShardOwnership
{
    private readonly InMemoryGroup<ShardId> _group = new();
    private long _generation;

    /// <inheritdoc/>
    public async IAsyncEnumerable<OwnershipChange> WatchAsync(
        IReadOnlyDictionary<string, int> entities, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var member = _group.Join(
            from entity in entities
            from partition in Enumerable.Range(0, entity.Value)
            select new ShardId(entity.Key, partition));
        while (true)
        {
            var (shard, isAssigned) = await member.ReadAsync(cancellationToken).ConfigureAwait(false);
            yield return new OwnershipChange(shard, isAssigned, Interlocked.Increment(ref _generation));
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
