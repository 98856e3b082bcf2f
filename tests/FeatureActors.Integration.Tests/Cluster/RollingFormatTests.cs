using System.Globalization;
using System.Text;
using FeatureActors.Integration.Tests.Kafka;
using FeatureActors.Integration.Tests.Live;
using FeatureActors.LocalServers;
using Xunit.Abstractions;

namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>
/// A release that knows one stored format more rolls against this one under load, in the steps of docs/runbook.md and against them; in the
/// end each key equals a naive recomputation. <c>./fa chaos --nodes 3 --rolling-format</c> runs it for longer.
/// </summary>
[Trait("Category", "RollingFormat")]
public sealed class RollingFormatTests(ITestOutputHelper output)
{
    private const int HotKeys = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);

    private readonly StringBuilder _report = new();

    // The share of ./fa test runs beside the other chaos.
    private static int Rate { get; } = KillPlan.NumberOf("FA_CHAOS_RATE", 1_000);

    /// <summary>How long rolls forth and back go on, with kills in between, behind the steps that are always taken.</summary>
    private static TimeSpan Duration { get; } = TimeSpan.FromSeconds(KillPlan.NumberOf("FA_ROLLING_SECONDS", 0));

    [Fact]
    public async Task A_release_of_one_more_format_rolls_forth_and_back_under_load_and_every_value_is_right()
    {
        int seed = KillPlan.NumberOf("FA_SEED", 4_711);
        string ownership = Environment.GetEnvironmentVariable("FA_CHAOS_OWNERSHIP") is { Length: > 0 } word ? word : "lease";
        using var folder = new LiveFolder();
        await using KafkaServer broker = await KafkaServer.StartAsync();
        await using PostgresServer database = await PostgresServer.StartAsync();
        await using RedisServer server = await RedisServer.StartAsync();
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
        var events = new ChaosEvents(kafka, topic, seed);
        await using var cluster = new ChaosCluster(NewNode, table, redis, broker, database, server, watcher, events);
        using var formats = new StoredFormats(kafka, database);
        Say($"seed {seed}, ownership by {ownership}, {Rate} events a second");

        long start = TimeProvider.System.GetTimestamp();
        using var quiet = new CancellationTokenSource();
        Task load = events.WriteAsync(Rate, quiet.Token);
        try
        {
            await cluster.ScaleAsync(3);
            await new RollingFormat(cluster, formats, NewNode, Say).RunAsync(Duration, new Random(seed));
            Assert.False(load.IsFaulted, $"the load broke: {load.Exception}");
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
        }

        await load;
        List<ChaosEvent> produced = await events.ReadAllAsync();
        var audit = new ChaosAudit(produced, kafka.Namespace);
        await Eventually.NothingDiffersAsync(
            $"the audit of {produced.Count} events (seed {seed})", Patience,
            async () => await audit.DifferenceAsync(redis) is { } text ? $"{text}\n{cluster.Tails()}" : null, TimeSpan.FromSeconds(1));
        long falls = watcher.Falls.Count + await redis.CountFallsAsync();
        Say($"{TimeProvider.System.GetElapsedTime(start).TotalSeconds:F0} s, {produced.Count} events, {audit.Keys} keys audited, 0 differ; versions that fell: {falls} of {watcher.Rounds} looks at {HotKeys}");
        Assert.Empty(watcher.Falls);
        Assert.Equal(0, falls);
        await cluster.StopAsync();

        LiveNode NewNode(string name)
        {
            var node = LiveNode.InCluster(folder, name, ownership, definitions, broker.Endpoint, database, server);
            node.ListenOn(FreePort.Pick());
            return node;
        }
    }

    private void Say(FormattableString line)
    {
        string text = line.ToString(CultureInfo.InvariantCulture);
        _report.Append(text).Append('\n');
        output.WriteLine(text);
        if (Environment.GetEnvironmentVariable("FA_CHAOS_REPORT") is { Length: > 0 } file)
        {
            File.WriteAllText(file, _report.ToString());
        }
    }
}
