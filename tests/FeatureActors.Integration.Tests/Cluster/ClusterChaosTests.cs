using System.Globalization;
using System.Text;
using FeatureActors.Integration.Tests.Kafka;
using FeatureActors.Integration.Tests.Live;
using FeatureActors.LocalServers;
using Xunit.Abstractions;

namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>
/// Several node processes under load, and everything that can fail fails: in the end each key in Redis equals a naive recomputation of
/// everything that was produced. <c>./fa chaos --nodes 3 --minutes M --seed S</c> runs it for longer.
/// </summary>
[Trait("Category", "ClusterChaos")]
public sealed class ClusterChaosTests(ITestOutputHelper output)
{
    private const int HotKeys = 100;
    private static readonly TimeSpan AuditPatience = TimeSpan.FromSeconds(240);

    [Fact]
    public async Task Whatever_fails_every_key_equals_a_recomputation_of_everything_produced()
    {
        ChaosPlan plan = ChaosPlan.Create();
        string ownership = Environment.GetEnvironmentVariable("FA_CHAOS_OWNERSHIP") is { Length: > 0 } word ? word : plan.Seed % 2 == 0 ? "lease" : "group";
        using var folder = new LiveFolder();
        await using KafkaServer broker = await KafkaServer.StartAsync();
        await using PostgresServer database = await PostgresServer.StartAsync();
        await using RedisServer server = await RedisServer.StartAsync(new RedisServerOptions { AppendOnly = true });
        await using var kafka = new KafkaNode(broker);
        string topic = await kafka.NewTopicAsync(4);
        foreach ((string entity, int shards) in ChaosDefinitions.Shards)
        {
            await kafka.CreateLogAsync(entity, shards);
        }

        string definitions = folder.Write("definitions.conf", ChaosDefinitions.Text(kafka.Namespace, topic));
        using LiveRedis redis = await LiveRedis.ConnectAsync(server, kafka.Namespace);
        await using var table = new ShardTable(database, kafka.Namespace);
        await using var watcher = new VersionWatcher(server, ChaosEvents.HotUsers(HotKeys).Select(u => $"fa:{kafka.Namespace}:activity:{u}"));
        var events = new ChaosEvents(kafka, topic, plan.Seed);
        await using var cluster = new ChaosCluster(
            name => LiveNode.InCluster(folder, name, ownership, definitions, broker.Endpoint, database, server, isAsDelivered: true), table, redis, broker, database, server, watcher, events);
        var report = new StringBuilder();
        Say(string.Create(
            CultureInfo.InvariantCulture, $"seed {plan.Seed}, {ChaosPlan.Nodes} nodes, ownership by {ownership}, {ChaosPlan.Duration.TotalSeconds} s, {ChaosPlan.Rate} events a second"));

        using var quiet = new CancellationTokenSource();
        Task load = events.WriteAsync(ChaosPlan.Rate, quiet.Token);
        var tally = new ChaosTally();
        TimeSpan length = TimeSpan.Zero;
        try
        {
            await cluster.ScaleAsync(ChaosPlan.Nodes);
            long start = TimeProvider.System.GetTimestamp();
            while (length < ChaosPlan.Duration)
            {
                Fault fault = plan.Next();
                if (await DoAsync(fault, cluster, plan) is { } freeze)
                {
                    tally.Add(freeze);
                }

                tally.Add(fault);
                length = TimeProvider.System.GetElapsedTime(start);
                Assert.False(load.IsFaulted, $"the load broke: {load.Exception}");
                Say(string.Create(CultureInfo.InvariantCulture, $"{length.TotalSeconds,6:F1} s  {fault}"));
            }
        }
        catch (Exception error)
        {
            Say($"{error.Message}\n{cluster.Tails()}");
            throw;
        }
        finally
        {
            await quiet.CancelAsync();
            await load.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            Keep();
        }

        await load;
        List<ChaosEvent> produced = await events.ReadAllAsync();
        var audit = new ChaosAudit(produced, kafka.Namespace);
        await Eventually.NothingDiffersAsync(
            $"the audit of {produced.Count} events (seed {plan.Seed})", AuditPatience,
            async () => await audit.DifferenceAsync(redis) is { } text ? $"{text}\n{cluster.Tails()}" : null, TimeSpan.FromSeconds(1));
        (int sink, int store) = cluster.Refusals;
        long falls = watcher.Falls.Count + await redis.CountFallsAsync();
        Say(string.Create(CultureInfo.InvariantCulture, $"{length.TotalSeconds:F0} s, {produced.Count} events, {audit.Keys} keys audited, 0 differ"));
        Say(tally.ToString());
        Say(string.Create(
            CultureInfo.InvariantCulture,
            $"stale writes refused: {sink} by Redis, {store} by PostgreSQL; versions that fell: {falls} of {watcher.Rounds} looks at {HotKeys}"));
        Say(string.Create(
            CultureInfo.InvariantCulture,
            $"take-over {cluster.TakeOvers.DefaultIfEmpty().Average():F1} s on average, {cluster.TakeOvers.DefaultIfEmpty().Max():F1} s at most"));
        long[] pauses = cluster.MovePausesMs;
        Say(string.Create(
            CultureInfo.InvariantCulture,
            $"{pauses.Length} planned moves: a shard stood still for {ShardMoves.Quantile(pauses, 0.5)} ms at p50, {ShardMoves.Quantile(pauses, 0.99)} ms at p99"));
        Keep();
        Assert.Empty(watcher.Falls);
        Assert.Equal(0, falls);
        string[] shortfalls = [.. tally.Shortfalls(length, produced.Count, sink + store)];
        Array.ForEach(shortfalls, s => Say($"NOT ENOUGH: {s}"));
        Assert.Empty(shortfalls);
        await cluster.StopAsync();

        void Say(string line)
        {
            report.Append(line).Append('\n');
            output.WriteLine(line);
            if (Environment.GetEnvironmentVariable("FA_CHAOS_REPORT") is { Length: > 0 } file)
            {
                File.WriteAllText(file, report.ToString());
            }
        }

        // Beside the report, for whoever has to find out why.
        void Keep()
        {
            if (Environment.GetEnvironmentVariable("FA_CHAOS_REPORT") is { Length: > 0 } file)
            {
                File.WriteAllText(file, report.ToString());
                foreach (LiveNode node in cluster.All)
                {
                    File.WriteAllText($"{file}.{node.Name}.log", node.Output);
                }
            }
        }
    }

    /// <summary>Does it and waits until the cluster is whole again; a node that was frozen is answered.</summary>
    private static async Task<Freeze?> DoAsync(Fault fault, ChaosCluster cluster, ChaosPlan plan)
    {
        Freeze? freeze = null;
        LiveNode node = plan.Pick(cluster.Running);
        switch (fault)
        {
            case Fault.Kill:
                await cluster.KillAsync(node, plan.Pause(0, 1_000));
                break;
            case Fault.Zombie:
                freeze = await cluster.FreezeAsync(node, null);
                break;
            case Fault.ZombieInCopy:
                freeze = await cluster.FreezeAsync(node, CheckpointPhase.Copy);
                break;
            case Fault.ZombieInTransaction:
                freeze = await cluster.FreezeAsync(node, CheckpointPhase.Transaction);
                break;
            case Fault.ZombieInCommit:
                freeze = await cluster.FreezeAsync(node, CheckpointPhase.Commit);
                break;
            case Fault.BrokerKill:
                await cluster.Broker.KillAsync(CancellationToken.None);
                await cluster.Load.GoOnAsync(plan.Pause(0, 2_000));
                await cluster.Broker.RestartAsync(CancellationToken.None);
                break;
            case Fault.BrokerRestart:
                await cluster.Broker.RestartAsync(CancellationToken.None);
                break;
            case Fault.DatabaseKill:
                await cluster.Database.KillAsync(CancellationToken.None);
                await cluster.Load.GoOnAsync(plan.Pause(0, 5_000));
                await cluster.Database.RestartAsync(CancellationToken.None);
                break;
            case Fault.DatabaseRestart:
                await cluster.Database.RestartAsync(CancellationToken.None);
                break;
            case Fault.RedisKill:
                await cluster.RedisServer.KillAsync(CancellationToken.None);
                await cluster.Load.GoOnAsync(plan.Pause(0, 2_000));
                await cluster.RedisServer.RestartAsync(CancellationToken.None);
                break;
            case Fault.RedisEmptied:
                await cluster.Watcher.ExpectLossAsync(() => cluster.Redis.Database.ExecuteAsync("FLUSHALL"));
                break;
            case Fault.RollingRestart:
                await cluster.RollAsync();
                break;
            case Fault.Scale:
                int before = cluster.Running.Count;
                await cluster.ScaleAsync(1);
                await cluster.ScaleAsync(before + 1);
                await cluster.ScaleAsync(2);
                await cluster.ScaleAsync(before);
                break;
            default:
                throw new InvalidOperationException($"unknown fault {fault}");
        }

        await cluster.SettleAsync($"after {fault}");
        return freeze;
    }
}
