using Confluent.Kafka;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.Integration.Tests.Kafka;
using FeatureActors.Integration.Tests.Live;
using FeatureActors.LocalServers;
using Xunit.Abstractions;

namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>
/// The database is away: values go on until a bounded part of the state waits to be kept, then the shards pause while the log takes what
/// comes; afterwards they go on, and nothing is lost or counted twice.
/// </summary>
[Collection(NodeServers.Name)]
[Trait("Category", "Cluster")]
public sealed class DatabaseAwayTests(KafkaFixture kafka, ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);

    [Fact]
    public async Task While_the_database_is_away_values_go_on_to_a_bound_and_then_wait_and_nothing_is_lost()
    {
        using var folder = new LiveFolder();
        await using PostgresServer database = await PostgresServer.StartAsync();
        await using RedisServer server = await RedisServer.StartAsync();
        await using var connection = new KafkaNode(kafka.Server);
        string topic = await connection.NewTopicAsync(2);
        foreach ((string entity, int shards) in ChaosDefinitions.Shards)
        {
            await connection.CreateLogAsync(entity, shards);
        }

        string definitions = folder.Write("definitions.conf", ChaosDefinitions.Text(connection.Namespace, topic));
        using LiveRedis redis = await LiveRedis.ConnectAsync(server, connection.Namespace);
        await using LiveNode node = LiveNode.InCluster(
            folder, "node-1", "lease", definitions, kafka.Server.Endpoint, database, server, "checkpoints.bytes = 64KiB");
        await node.StartAsync();
        var events = new ChaosEvents(connection, topic, seed: 5, users: 30_000);
        using var quiet = new CancellationTokenSource();
        Task load = events.WriteAsync(1_500, quiet.Token);
        try
        {
            await MovesAsync("values come to Redis", atLeast: 100);

            await database.StopAsync(CancellationToken.None);
            long stoppedAt = TimeProvider.System.GetTimestamp();
            await MovesAsync("values go on without the database", atLeast: 50);
            await PausesAsync();
            output.WriteLine($"paused {TimeProvider.System.GetElapsedTime(stoppedAt).TotalSeconds:F1} s after the database went away");
            Assert.True(node.IsRunning, node.Tail());

            await database.RestartAsync(CancellationToken.None);
            await MovesAsync("values go on with the database", atLeast: 1_000);
        }
        finally
        {
            await quiet.CancelAsync();
            await load;
        }

        List<ChaosEvent> produced = await events.ReadAllAsync();
        var audit = new ChaosAudit(produced, connection.Namespace);
        await Eventually.NothingDiffersAsync(
            $"the audit of {produced.Count} events", Patience,
            async () => await audit.DifferenceAsync(redis) is { } text ? $"{text}\n{node.Tail()}" : null, TimeSpan.FromSeconds(1));
        output.WriteLine($"{produced.Count} events, {audit.Keys} keys audited");
        await node.StopAsync();

        async Task MovesAsync(string phase, long atLeast)
        {
            (long before, _, _) = await redis.ProgressAsync();
            await Eventually.NothingDiffersAsync(phase, Patience, async () =>
                (await redis.ProgressAsync()).NextOffsets is var now && now >= before + atLeast ? null : $"fences stand at {now}, {before} at first; {node.Tail()}");
        }

        // Entries of the user shards' log, and what is published of it: the one rises by hundreds while the other stands still. The few
        // items stay below the bound, whatever comes.
        async Task PausesAsync()
        {
            using IConsumer<Ignore, Ignore> consumer = new ConsumerBuilder<Ignore, Ignore>(
                new ConsumerConfig(KafkaServer.ClientSettings.ToDictionary()) { BootstrapServers = kafka.Server.Endpoint, GroupId = "look" }).Build();
            (long Published, long Logged) since = default;
            await Eventually.NothingDiffersAsync("the shards pause", Patience, async () =>
            {
                long published = (await redis.ProgressAsync("user")).NextOffsets;
                long logged = Enumerable.Range(0, ChaosDefinitions.Shards["user"]).Sum(p => consumer
                    .QueryWatermarkOffsets(new TopicPartition($"fa.{connection.Namespace}.user", p), TimeSpan.FromSeconds(20)).High.Value);
                if (published != since.Published)
                {
                    since = (published, logged);
                }

                return logged >= since.Logged + 500 ? null : $"published {published}, the log has {logged}, {since.Logged} when publishing moved last; {node.Tail()}";
            });
        }
    }
}
