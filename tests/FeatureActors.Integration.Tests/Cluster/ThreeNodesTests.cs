using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.Integration.Tests.Kafka;
using FeatureActors.Integration.Tests.Live;
using FeatureActors.LocalServers;
using Xunit.Abstractions;

namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>
/// Three node processes over a real broker, database and Redis: one is killed, one is frozen past its session and goes on as a zombie. In
/// the end Redis has exactly the values of <c>fa batch</c>, no version ever fell, and the zombie's writes were refused.
/// </summary>
[Collection(NodeServers.Name)]
[Trait("Category", "Cluster")]
public sealed class ThreeNodesTests(KafkaFixture kafka, PostgresFixture postgres, ITestOutputHelper output)
{
    private const int Shards = 12;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);
    private static readonly TimeSpan ReplayDuration = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("group")]
    [InlineData("lease")]
    public async Task Whoever_dies_or_freezes_the_others_take_over_and_the_values_are_those_of_the_batch(string ownership)
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
        using LiveRedis redis = await LiveRedis.ConnectAsync(server, connection.Namespace);
        await using var table = new ShardTable(postgres.Server, connection.Namespace);
        LiveNode[] nodes =
        [
            .. Enumerable.Range(1, 3).Select(i => LiveNode.InCluster(
                folder, $"node-{i}", ownership, definitions, kafka.Server.Endpoint, postgres.Server, server)),
        ];
        await using LiveNode killed = nodes[0], zombie = nodes[1], steady = nodes[2];
        await using var watcher = new VersionWatcher(server, RetailReplay.HotAndColdKeys(connection.Namespace, 50));
        await Task.WhenAll(nodes.Select(static n => n.StartAsync()));
        await OwnedByAsync("all three nodes own shards", "node-1", "node-2", "node-3");

        using var stop = new CancellationTokenSource();
        double share = 0;
        Task replay = RetailReplay.WriteAsync(connection, topic, ReplayDuration, s => Volatile.Write(ref share, s), stop.Token);
        try
        {
            await ReachAsync(0.25);
            await killed.KillAsync();
            long killedAt = TimeProvider.System.GetTimestamp();
            await OwnedByAsync("the others take over from the killed one", "node-2", "node-3");
            output.WriteLine($"{ownership}: taken over {TimeProvider.System.GetElapsedTime(killedAt).TotalSeconds:F1} s after the kill");

            await ReachAsync(0.5);
            zombie.Freeze();
            await OwnedByAsync("the last one takes over from the frozen one", "node-3");
            zombie.Thaw();
            await Eventually.NothingDiffersAsync(
                "a write of the zombie is refused", Patience,
                () => Task.FromResult(Refusals(zombie) > 0 ? null : $"it says: {zombie.Tail()}"));
            await killed.StartAsync();
            await OwnedByAsync("all three nodes own shards again", "node-1", "node-2", "node-3");
            await replay;

            Dictionary<string, Dictionary<string, string>> expected = await RetailReplay.ExpectedAsync(connection.Namespace);
            await Eventually.NothingDiffersAsync(
                "the replay ends with the values of the batch", Patience,
                async () => await redis.DifferenceAsync(expected) is { } text ? $"{text}; {await table.DifferenceAsync(Shards, [])}; {steady.Tail()}" : null,
                TimeSpan.FromMilliseconds(500));
            output.WriteLine($"{ownership}: {expected.Count} keys equal, {Refusals(zombie)} refusals of the zombie, {watcher.Rounds} rounds of the watcher");
            Assert.Empty(watcher.Falls);
            Assert.Equal(0, await redis.CountFallsAsync());
            await Task.WhenAll(nodes.Select(static n => n.StopAsync()));
        }
        finally
        {
            await stop.CancelAsync();
        }

        Task OwnedByAsync(string phase, params string[] names) => Eventually.NothingDiffersAsync(
            phase, Patience,
            async () => await table.DifferenceAsync(Shards, names) is { } text ? $"{text}; {string.Join('\n', nodes.Select(static n => n.Tail()))}" : null);

        Task ReachAsync(double at) => Eventually.HoldsAsync(
            $"the replay comes to {at:P0}", Patience, () => Volatile.Read(ref share) >= at || replay.IsFaulted, () => $"it stands at {share:P0}");
    }

    /// <summary>Writes that Redis or the database refused to a node, because the shard was another's.</summary>
    private static int Refusals(LiveNode node) => node.Output.Split('\n').Count(static l => l.Contains("-> Fenced", StringComparison.Ordinal));
}
