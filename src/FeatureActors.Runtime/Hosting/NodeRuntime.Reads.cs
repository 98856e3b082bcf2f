using System.Text;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Sharding;

namespace FeatureActors.Runtime.Hosting;

/// <content>Questions from outside: an entity's values, who owns what, how far shards are behind.</content>
public sealed partial class NodeRuntime
{
    /// <summary>The entity types of the definitions, by name.</summary>
    public IReadOnlyDictionary<string, EntityPlan> Entities => _entities;

    /// <summary>When the shards were last told the time, as a timestamp of the node's clock; null before the first.</summary>
    public long? LastTick => Volatile.Read(ref _lastTick) is var tick and not 0 ? tick : null;

    /// <summary>The shard that an entity belongs to.</summary>
    /// <param name="entity">Entity type, one of <see cref="Entities"/>.</param>
    /// <param name="key">Its key as in Redis: parts escaped and joined by |.</param>
    public ShardId ShardOf(string entity, string key) =>
        new(entity, StableHash.PartitionOf(StableHash.Of(Encoding.UTF8.GetBytes(key)), _entities[entity].Shards));

    /// <summary>
    /// An entity's values at its shard's T, as JSON, with everything the shard had applied when it was asked. Null when this node does
    /// not run the shard, or the shard cannot say now.
    /// </summary>
    public Task<byte[]?> ReadEntityAsync(ShardId shard, string key, CancellationToken cancellationToken) =>
        _shards.Find(shard) is { } actor
            ? actor.InspectAsync(Encoding.UTF8.GetBytes(key), cancellationToken)
            : Task.FromResult<byte[]?>(null);

    /// <summary>Who owns a shard, from the checkpoint store.</summary>
    /// <exception cref="DependencyUnavailableException">The store does not answer.</exception>
    public async Task<ShardHeader> ReadHeaderAsync(ShardId shard, CancellationToken cancellationToken) =>
        await _ports.Checkpoints.ReadHeaderAsync(shard, cancellationToken).ConfigureAwait(false);

    /// <summary>Asks the log how far this node's shards are behind; those that do not answer in time keep what was known.</summary>
    public Task RefreshLagAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_shards.Actors.Select(a => RefreshLagAsync(a, cancellationToken)));

    private static async Task RefreshLagAsync(ShardActor actor, CancellationToken cancellationToken)
    {
        try
        {
            await actor.RefreshLogEndAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (FeatureActorsException)
        {
            // The actor's own reads say that the log is away.
        }
        catch (OperationCanceledException)
        {
        }
    }
}
