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
    // The last entry of a log may not be one that a reader is given.
    private static readonly TimeSpan ReadPatience = TimeSpan.FromSeconds(1);

    /// <summary>The uses of plug-ins as triggers of an entity type.</summary>
    public static IEnumerable<PluginPart> TriggersOf(EntityPlan entity) =>
        entity.Groups.SelectMany(static g => g.Triggers).Select(static t => (t.Trigger as PluginTrigger)?.Part).OfType<PluginPart>();

    /// <summary>Warms up for the shards of all entity types.</summary>
    public async Task RunAsync(IEnumerable<EntityPlan> entities, CancellationToken cancellationToken)
    {
        if (services.Options.WarmUp == TimeSpan.Zero)
        {
            return;
        }

        using var timeout = new CancellationTokenSource(services.Options.WarmUp, services.Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        foreach (EntityPlan entity in entities)
        {
            long start = services.Time.GetTimestamp();
            try
            {
                await ConnectAsync(new ShardId(entity.Entity, 0), either.Token).ConfigureAwait(false);

                // Plug-ins are called for real rows only.
                if (services.Ports.Ownership is not StaticOwnership && !entity.Parts().Any() && !TriggersOf(entity).Any())
                {
                    await RehearseAsync(entity, either.Token).ConfigureAwait(false);
                    Log.WarmedUp(services.Logger, entity.Entity, (long)services.Time.GetElapsedTime(start).TotalMilliseconds);
                }
            }
            catch (OperationCanceledException) when (either.IsCancellationRequested)
            {
                // Whatever is so slow is met again when a shard is taken over.
                return;
            }
#pragma warning disable CA1031 // Whatever fails is met again by a shard, which bears it by itself; it must not end the node.
            catch (Exception error)
#pragma warning restore CA1031
            {
                Log.Waits(services.Logger, $"warming up for shards of {entity.Entity}", error.Message);
            }
        }
    }

    private async Task ConnectAsync(ShardId shard, CancellationToken cancellationToken)
    {
        await services.Ports.Checkpoints.ReadHeaderAsync(shard, cancellationToken).ConfigureAwait(false);
        LogRange range = await services.Ports.Log.GetRangeAsync(shard, cancellationToken).ConfigureAwait(false);
        long last = Math.Max(range.Begin, range.End - 1);
        IShardLogReader reader = await services.Ports.Log.ReadFromAsync(shard, last, cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            if (last < range.End)
            {
                using CancellationTokenSource soon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                soon.CancelAfter(ReadPatience);
                await ((Task)reader.ReadAsync(1, soon.Token).AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await services.Ports.Sink.ReadFenceAsync(shard, cancellationToken).ConfigureAwait(false);
    }

    private async Task RehearseAsync(EntityPlan entity, CancellationToken cancellationToken)
    {
        RehearsalPorts? ports = services.Ports.OpenRehearsal is { } open ? await open(cancellationToken).ConfigureAwait(false) : null;
        try
        {
            await new ShardRehearsal(entity, sources, shardOptions, services, ports).RunAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (ports is not null)
            {
                await ports.DisposeAsync().ConfigureAwait(false);
            }
        }
    }
}
