using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Plugins;
using FeatureActors.Runtime.Ownership;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.Runtime.Hosting;

/// <summary>
/// Does once what taking a shard over needs, without taking one: clients connect and code is compiled before a shard stands still for
/// it. What is away now is waited for later.
/// </summary>
internal sealed class ShardWarmUp(ShardServices services, IReadOnlyList<IngestPlan> sources, ShardOptions shardOptions)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>The uses of plug-ins as triggers of an entity type.</summary>
    public static IEnumerable<PluginPart> TriggersOf(EntityPlan entity) =>
        entity.Groups.SelectMany(static g => g.Triggers).Select(static t => (t.Trigger as PluginTrigger)?.Part).OfType<PluginPart>();

    /// <summary>Warms up for the shards of one entity type.</summary>
    public async Task RunAsync(EntityPlan entity, CancellationToken cancellationToken)
    {
        var shard = new ShardId(entity.Entity, 0);
        using var timeout = new CancellationTokenSource(Patience, services.Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await services.Ports.Checkpoints.ReadHeaderAsync(shard, either.Token).ConfigureAwait(false);
            LogRange range = await services.Ports.Log.GetRangeAsync(shard, either.Token).ConfigureAwait(false);
            IShardLogReader reader = await services.Ports.Log.ReadFromAsync(shard, range.End, either.Token).ConfigureAwait(false);
            await reader.DisposeAsync().ConfigureAwait(false);
            await services.Ports.Sink.ReadFenceAsync(shard, either.Token).ConfigureAwait(false);

            // Plug-ins are called for real rows only.
            if (services.Ports.Ownership is not StaticOwnership && !entity.Parts().Any() && !TriggersOf(entity).Any())
            {
                await new ShardRehearsal(entity, sources, shardOptions, services).RunAsync(either.Token).ConfigureAwait(false);
            }
        }
        catch (FeatureActorsException error)
        {
            Log.Waits(services.Logger, $"warming up for shards of {entity.Entity}", error.Message);
        }
        catch (OperationCanceledException)
        {
            // Whatever is so slow is met again when a shard is taken over.
        }
    }
}
