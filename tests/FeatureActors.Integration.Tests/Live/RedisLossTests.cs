using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.Integration.Tests.Kafka;
using FeatureActors.LocalServers;

namespace FeatureActors.Integration.Tests.Live;

/// <summary>Redis stops, is emptied, is set back and loses keys, under load and while nothing happens: the running node makes it right again.</summary>
[Collection(NodeServers.Name)]
[Trait("Category", "Chaos")]
public sealed class RedisLossTests(KafkaFixture kafka)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);
    private static readonly TimeSpan ReplayDuration = TimeSpan.FromSeconds(Math.Max(35, Away.TotalSeconds * 4));

    // The full run, asked for by FA_REDIS_AWAY=20, keeps it away for 20 s.
    private static TimeSpan Away => TimeSpan.FromSeconds(KillPlan.NumberOf("FA_REDIS_AWAY", 5));

    [Fact]
    public async Task Whatever_Redis_loses_it_holds_the_values_of_the_batch_again_without_a_restart_of_the_node()
    {
        using var folder = new LiveFolder();
        await using RedisServer server = await RedisServer.StartAsync(new RedisServerOptions { SaveOnStop = true });
        await using var connection = new KafkaNode(kafka.Server);
        string topic = await connection.NewTopicAsync(3);
        string definitions = folder.Write("definitions.conf", RetailReplay.Definitions(connection.Namespace, topic));
        using LiveRedis redis = await LiveRedis.ConnectAsync(server, connection.Namespace);
        await using LiveNode node = LiveNode.EmbeddedOnTopics(folder, definitions, kafka.Server.Endpoint, server);
        await using var watcher = new VersionWatcher(server, RetailReplay.HotAndColdKeys(connection.Namespace, 50));
        await node.StartAsync();
        using var stop = new CancellationTokenSource();
        double share = 0;
        Task replay = RetailReplay.WriteAsync(connection, topic, ReplayDuration, s => Volatile.Write(ref share, s), stop.Token);
        try
        {
            // Stopped in order: nothing is lost, so no version may fall either.
            await ReachAsync(0.15);
            await server.StopAsync(CancellationToken.None);
            await ReachAsync(Volatile.Read(ref share) + (Away / ReplayDuration));
            await server.RestartAsync(CancellationToken.None);
            await PublishesAsync("after Redis was away");

            await ReachAsync(0.5);
            await watcher.ExpectLossAsync(() => redis.Database.ExecuteAsync("FLUSHALL"));
            await PublishesAsync("after Redis was emptied");

            await ReachAsync(0.7);
            string snapshot = folder.Of("older.rdb");
            await server.SaveAsync(snapshot, CancellationToken.None);
            await ReachAsync(0.8);
            await watcher.ExpectLossAsync(() => server.RestartFromAsync(snapshot, CancellationToken.None));
            await PublishesAsync("after Redis was set back");
            await replay;

            var expected = await RetailReplay.ExpectedAsync(connection.Namespace);
            await IsRightAsync("the replay has ended", expected);
            Assert.Empty(watcher.Falls);

            // Nothing arrives any more.
            await watcher.ExpectLossAsync(() => server.RestartFromAsync(snapshot, CancellationToken.None));
            await IsRightAsync("set back while the node idles", expected);
            await server.SaveAsync(snapshot, CancellationToken.None);
            await watcher.ExpectLossAsync(() => server.RestartFromAsync(null, CancellationToken.None));
            await IsRightAsync("restarted empty while the node idles", expected);
            await server.RestartFromAsync(snapshot, CancellationToken.None);
            await IsRightAsync("restarted with its data while the node idles", expected);
            await redis.Database.KeyDeleteAsync(expected.Keys.Order(StringComparer.Ordinal).ElementAt(expected.Count / 2));
            await IsRightAsync("one key is deleted by hand", expected);
            Assert.Empty(watcher.Falls);
            await node.StopAsync();
        }
        finally
        {
            await stop.CancelAsync();
        }

        Task ReachAsync(double at) => Eventually.HoldsAsync(
            $"the replay comes to {at:P0}", Patience, () => Volatile.Read(ref share) >= at || replay.IsFaulted, () => $"it stands at {share:P1}; the node says: {node.Tail()}");

        async Task PublishesAsync(string phase)
        {
            long? before = null;
            await Eventually.NothingDiffersAsync($"the node publishes {phase}", Patience, async () =>
            {
                long now = (await redis.ProgressAsync()).NextOffsets;
                before ??= now;
                return now > before ? null : $"the fences stand at {now}; the node says: {node.Tail()}";
            });
        }

        Task IsRightAsync(string phase, Dictionary<string, Dictionary<string, string>> expected) => Eventually.NothingDiffersAsync(
            phase, Patience, async () => await redis.DifferenceAsync(expected) is { } text ? $"{text}; the node says: {node.Tail()}" : null,
            TimeSpan.FromMilliseconds(500));
    }
}
