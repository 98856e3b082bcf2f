using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.Integration.Tests.Kafka;
using FeatureActors.LocalServers;
using Xunit.Abstractions;

namespace FeatureActors.Integration.Tests.Live;

/// <summary>
/// A year of events through real processes that are killed meanwhile: Redis ends with exactly the values of <c>fa batch</c>, and no
/// version ever fell. With <c>FA_KILLS=20</c> the replay lasts over three minutes.
/// </summary>
[Collection(NodeServers.Name)]
[Trait("Category", "Chaos")]
public sealed class ReplayTests(KafkaFixture kafka, ITestOutputHelper output)
{
    private const int KeysEach = 50;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);
    private static readonly TimeSpan ReplayDuration = TimeSpan.FromSeconds(Math.Max(55, KillPlan.Count * 10));

    [Fact]
    public async Task Killed_at_any_moment_a_node_on_Kafka_ends_with_the_values_of_the_batch_and_no_version_fell()
    {
        using var folder = new LiveFolder();
        await using RedisServer server = await RedisServer.StartAsync();
        await using var connection = new KafkaNode(kafka.Server);
        string topic = await connection.NewTopicAsync(3);
        foreach ((string entity, int shards) in new[] { ("item", 6), ("customer", 4), ("taste", 2) })
        {
            await connection.CreateLogAsync(entity, shards);
        }

        string definitions = folder.Write("definitions.conf", RetailReplay.Definitions(connection.Namespace, topic));
        KillPlan plan = KillPlan.Create();
        output.WriteLine(plan.ToString());
        using LiveRedis redis = await LiveRedis.ConnectAsync(server, connection.Namespace);
        await using LiveNode node = LiveNode.OnKafka(folder, definitions, kafka.Server.Endpoint, server);
        await using var watcher = new VersionWatcher(server, RetailReplay.HotAndColdKeys(connection.Namespace, KeysEach));
        await node.StartAsync();

        using var stop = new CancellationTokenSource();
        double share = 0;
        Task replay = RetailReplay.WriteAsync(connection, topic, ReplayDuration, s => Volatile.Write(ref share, s), stop.Token);
        try
        {
            foreach ((double at, KillMoment moment) in plan.Kills)
            {
                await Eventually.HoldsAsync(
                    $"the replay comes to {at:P1}", Patience, () => Volatile.Read(ref share) >= at || replay.IsFaulted, () => $"it stands at {share:P1}");
                long? before = null;
                await Eventually.NothingDiffersAsync($"the node publishes before it is killed at {at:P1}", Patience, async () =>
                {
                    long offsets = (await redis.ProgressAsync()).NextOffsets;
                    before ??= offsets;
                    return offsets > before ? null : $"the fences stand at {offsets}; the node says: {node.Tail()}";
                });
                await KillPlan.KillAndRestartAsync(node, redis, folder.Of("data"), LogFiles, moment);
            }

            await replay;
            await EndsWithAsync(await RetailReplay.ExpectedAsync(connection.Namespace), redis, node, watcher, plan);
        }
        finally
        {
            await stop.CancelAsync();
        }

        IEnumerable<string> LogFiles() => Directory
            .EnumerateDirectories(kafka.Server.DataFolder, $"fa.{connection.Namespace}.*", SearchOption.AllDirectories)
            .SelectMany(static d => Directory.EnumerateFiles(d, "*.log"));
    }

    [Fact]
    public async Task Killed_at_any_moment_an_embedded_node_ends_with_the_values_of_the_batch_and_no_version_fell()
    {
        using var folder = new LiveFolder();
        await using RedisServer server = await RedisServer.StartAsync();
        var definitionsNamespace = $"n{Guid.NewGuid():N}";
        string definitions = folder.Write("definitions.conf", RetailReplay.Definitions(definitionsNamespace, "none"));
        KillPlan plan = KillPlan.Create();
        output.WriteLine(plan.ToString());
        using LiveRedis redis = await LiveRedis.ConnectAsync(server, definitionsNamespace);
        await using LiveNode node = LiveNode.Embedded(folder, definitions, RetailReplay.EventsFile, RetailReplay.EndText, server);
        await using var watcher = new VersionWatcher(server, RetailReplay.HotAndColdKeys(definitionsNamespace, KeysEach));
        await node.StartAsync();
        (long begin, long length) = (1_291_191_960_000, RetailReplay.EndMs - 1_291_191_960_000);
        foreach ((double at, KillMoment moment) in plan.Kills)
        {
            await Eventually.NothingDiffersAsync(
                $"values come to {at:P1} of the year", Patience,
                async () => (await redis.ProgressAsync()).ClockMs >= begin + (at * length) ? null : $"the node says: {node.Tail()}",
                TimeSpan.FromMilliseconds(10));
            await KillPlan.KillAndRestartAsync(node, redis, folder.Of("data"), () => Directory.EnumerateFiles(folder.Of("data"), "log-*"), moment);
        }

        await EndsWithAsync(await RetailReplay.ExpectedAsync(definitionsNamespace), redis, node, watcher, plan);
    }

    private async Task EndsWithAsync(
        Dictionary<string, Dictionary<string, string>> expected, LiveRedis redis, LiveNode node, VersionWatcher watcher, KillPlan plan)
    {
        Assert.True(expected.Count > 5_000, $"the batch gave only {expected.Count} keys");
        await Eventually.NothingDiffersAsync(
            $"the replay ends with the values of the batch ({plan})", Patience,
            async () => await redis.DifferenceAsync(expected) is { } text ? $"{text}; the node says: {node.Tail()}" : null,
            TimeSpan.FromSeconds(1));
        output.WriteLine($"{expected.Count} keys equal; {watcher.Rounds} rounds of the watcher, {watcher.RoundsPerSecond:F0} a second");
        Assert.Empty(watcher.Falls);
        Assert.Equal(0, await redis.CountFallsAsync());
        Assert.True(watcher.RoundsPerSecond >= 200, $"the watcher came to {watcher.RoundsPerSecond:F0} rounds a second only");
        await node.StopAsync();
    }
}
