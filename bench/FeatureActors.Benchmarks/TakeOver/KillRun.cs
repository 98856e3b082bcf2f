using System.Globalization;
using FeatureActors.Benchmarks.Nodes;
using FeatureActors.Benchmarks.Streams;
using FeatureActors.Integration.Tests.Cluster;
using StackExchange.Redis;

namespace FeatureActors.Benchmarks.TakeOver;

/// <summary>
/// kill −9 of the owner of shard 0. From the moment in which the new owner has the epoch: until the shard's lag is below 1 s, and until
/// Redis has, for every key of the shard, all events that were written up to that moment.
/// </summary>
internal sealed class KillRun(NodeCluster cluster, Preloaded servers, string definitionsNamespace)
{
    private const int Partition = 0;
    private const int LooksMax = 10;
    private const string Shard = Profile.Entity + "-0";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    // As long as values take on a busy machine; where they never take as little, a kill comes all the same.
    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(1.5);

    /// <summary>Kills once and starts the node again afterwards.</summary>
    /// <param name="phase">How long after a checkpoint-sized interval the kill comes, so that kills fall everywhere between two checkpoints.</param>
    public async Task<(string, double)[]> RunOnceAsync(TimeSpan phase)
    {
        await Task.Delay(TimeSpan.FromSeconds(5) + phase, TimeProvider.System).ConfigureAwait(false);
        await KeepUpAsync().ConfigureAwait(false);
        ClusterNode victim = await cluster.OwnerOfAsync(Partition).ConfigureAwait(false);
        ClusterNode heir = cluster.Nodes.First(n => n != victim);
        DateTimeOffset killedAt = await victim.KillAsync().ConfigureAwait(false);
        ShardMove? acquired = null;
        await cluster.UntilAsync(
            "somebody takes over", Patience, () => Task.FromResult((acquired = heir.Acquired(Shard, killedAt)) is not null), everyMs: 5).ConfigureAwait(false);
        int[] written = cluster.Written();
        Task<DateTimeOffset> caughtUp = CatchUpAsync(heir, NextOffsetOf(acquired!.Value));
        Task<DateTimeOffset> current = BecomeCurrentAsync(written);
        double lag = (await caughtUp.ConfigureAwait(false) - acquired.Value.At).TotalSeconds;
        double keys = (await current.ConfigureAwait(false) - acquired.Value.At).TotalSeconds;
        long entities = await cluster.CountEntitiesAsync(Partition).ConfigureAwait(false);
        await victim.StartAsync().ConfigureAwait(false);
        await cluster.SettleAsync(cluster.Nodes).ConfigureAwait(false);
        return
        [
            ("every key current, s from the acquire", keys),
            ("lag below 1 s, s from the acquire", lag),
            ("kill to acquire, s", (acquired.Value.At - killedAt).TotalSeconds),
            ("entities in the shard's table", entities),
        ];
    }

    /// <summary>Waits until values follow the load: who has just begun to ingest has a backlog, and its end is not the heir's.</summary>
    private async Task KeepUpAsync()
    {
        for (int look = 0; look < LooksMax; look++)
        {
            long start = TimeProvider.System.GetTimestamp();
            await BecomeCurrentAsync(cluster.Written()).ConfigureAwait(false);
            if (TimeProvider.System.GetElapsedTime(start) < Steady)
            {
                return;
            }
        }
    }

    private static long NextOffsetOf(ShardMove acquired)
    {
        const string Before = "next offset ";
        int at = acquired.Reason.IndexOf(Before, StringComparison.Ordinal) + Before.Length;
        return long.Parse(acquired.Reason.AsSpan(at, acquired.Reason.IndexOf(',', at) - at), CultureInfo.InvariantCulture);
    }

    private async Task<DateTimeOffset> CatchUpAsync(ClusterNode heir, long from)
    {
        // Behind the first batch only: before it the lag is not known.
        await cluster.UntilAsync(
            "the shard catches up", Patience,
            async () => await heir.LagAsync(Partition).ConfigureAwait(false) is { LogEnd: not null, LagSeconds: < 1 } lag && lag.NextOffset > from, everyMs: 10)
            .ConfigureAwait(false);
        return TimeProvider.System.GetUtcNow();
    }

    private async Task<DateTimeOffset> BecomeCurrentAsync(int[] written)
    {
        using ConnectionMultiplexer redis = await ConnectionMultiplexer.ConnectAsync(servers.Redis.ConnectionString).ConfigureAwait(false);
        IDatabase database = redis.GetDatabase();
        int[] waiting = [.. cluster.KeysOf(Partition).Where(k => written[k] > 0)];
        await cluster.UntilAsync(
            "every key is current", Patience,
            async () =>
            {
                RedisValue[] found = await Task.WhenAll(waiting.Select(
                    k => database.HashGetAsync($"fa:{definitionsNamespace}:sales:{EventStream.NameOf(k)}", "buys:7d"))).ConfigureAwait(false);
                waiting = [.. waiting.Where((k, i) => !found[i].TryParse(out long count) || count < written[k])];
                return waiting.Length == 0;
            },
            everyMs: 10).ConfigureAwait(false);
        return TimeProvider.System.GetUtcNow();
    }
}
