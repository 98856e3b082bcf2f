using System.Globalization;
using System.Text;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.Integration.Tests.Kafka;
using FeatureActors.LocalServers;
using Microsoft.Data.Sqlite;
using StackExchange.Redis;

namespace FeatureActors.Integration.Tests.Live;

/// <summary>On the wall clock, after the last event: values leave their windows at the right times, and then the keys leave Redis and SQLite.</summary>
[Collection(NodeServers.Name)]
[Trait("Category", "Integration")]
public sealed class NothingArrivesTests(KafkaFixture kafka)
{
    private const long SlotMs = 1_000;
    private const long LatenessMaxMs = 1_500;
    private static readonly int[] WindowsSeconds = [3, 5, 10];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);

    [Fact]
    public async Task Values_step_down_at_the_boundaries_of_their_windows_and_nothing_is_left_behind()
    {
        using var folder = new LiveFolder();
        await using RedisServer server = await RedisServer.StartAsync();
        await using var connection = new KafkaNode(kafka.Server);
        string topic = await connection.NewTopicAsync(1);
        string definitions = folder.Write("definitions.conf", Definitions(
            connection.Namespace, topic,
            string.Join('\n', WindowsSeconds.Select(static w => $"n{w} {{ type = count, windows = [{{ size = {w}s, slot = 1s, name = w }}] }}"))
            + "\nlargest { type = max, of = v, windows = [{ size = 5s, slot = 1s, name = w }] }"));
        using LiveRedis redis = await LiveRedis.ConnectAsync(server, connection.Namespace);
        await using LiveNode node = LiveNode.EmbeddedOnTopics(folder, definitions, kafka.Server.Endpoint, server);
        await node.StartAsync();

        // A first key shows that the node is up; the times of the second one are what is looked at.
        // An event leaves all windows after ten seconds, so a node that takes longer to start needs another.
        await Eventually.NothingDiffersAsync(
            "a first event is published", Patience,
            async () =>
            {
                await WriteAsync(connection, topic, "warm", NowMs, 1);
                return await redis.Database.KeyExistsAsync(Key("warm")) ? null : node.Tail();
            },
            TimeSpan.FromSeconds(1));
        long first = NowMs;
        await WriteAsync(connection, topic, "a", first, 2);
        await Eventually.HoldsAsync("two and a half seconds pass", Patience, () => NowMs >= first + 2_500, () => "");
        long second = NowMs;
        await WriteAsync(connection, topic, "a", second, 3);
        await Eventually.NothingDiffersAsync(
            "all events are published", TimeSpan.FromSeconds(5),
            async () => (string?)await redis.Database.HashGetAsync(Key("a"), "n10:w") is "5" ? null : $"n10 is {await redis.Database.HashGetAsync(Key("a"), "n10:w")}");

        long lastExit = Floor(second) + (WindowsSeconds[^1] * 1_000) + SlotMs;
        int steps = 0;
        string before = "";
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        while (NowMs < lastExit + LatenessMaxMs)
        {
            long asked = NowMs;
            HashEntry[] entries = await redis.Database.HashGetAllAsync(Key("a"));
            long answered = NowMs;
            string seen = Text(entries.Where(static e => !((string)e.Name!).StartsWith('_')).ToDictionary(static e => (string)e.Name!, static e => (string)e.Value!));

            // What was read must be right for some T of the last moments: 100 ms at most is the answer's way and the clock's grain.
            HashSet<string> right = [];
            for (long t = asked - LatenessMaxMs; t <= answered + 100; t += 10)
            {
                right.Add(Expected(t, first, second));
            }

            Assert.True(right.Contains(seen), $"{answered - Floor(first)} ms after the first slot: read {seen}, right would be {string.Join(" or ", right)}; {node.Tail()}");
            steps += seen == before ? 0 : 1;
            before = seen;
            await looks.WaitForNextTickAsync();
        }

        Assert.Equal("{}", before);
        Assert.InRange(steps, 5, 20);
        await Eventually.NothingDiffersAsync(
            "no key and no row is left", Patience,
            () => Task.FromResult((redis.FeatureKeys().Count, CountRows(folder)) is (0, 0) ? null : $"{redis.FeatureKeys().Count} keys, {CountRows(folder)} rows"));
        await node.StopAsync();

        string Key(string id) => $"fa:{connection.Namespace}:g:{id}";
    }

    [Fact]
    public async Task After_a_restart_ten_thousand_cold_keys_leave_in_time_without_an_event()
    {
        const int keys = 10_000;
        using var folder = new LiveFolder();
        await using RedisServer server = await RedisServer.StartAsync();
        await using var connection = new KafkaNode(kafka.Server);
        string topic = await connection.NewTopicAsync(1);
        string definitions = folder.Write("definitions.conf", Definitions(
            connection.Namespace, topic, "n { type = count, windows = [{ size = 20s, slot = 1s }] }"));
        using LiveRedis redis = await LiveRedis.ConnectAsync(server, connection.Namespace);
        await using LiveNode node = LiveNode.EmbeddedOnTopics(folder, definitions, kafka.Server.Endpoint, server);
        await node.StartAsync();
        await WriteAsync(connection, topic, "warm", NowMs, 1);
        await Eventually.NothingDiffersAsync("the node is up", Patience, () => Task.FromResult(redis.FeatureKeys().Count > 0 ? null : node.Tail()));
        long at = NowMs;
        await connection.WriteAsync(topic, 0, Enumerable.Range(0, keys).Select(i => Event($"k{i}", at, i)));
        await Eventually.NothingDiffersAsync(
            "all keys are published", TimeSpan.FromSeconds(15), () => Task.FromResult(redis.FeatureKeys().Count >= keys ? null : $"{redis.FeatureKeys().Count} keys; {node.Tail()}"));
        await node.StopAsync();
        Assert.True(CountRows(folder) >= keys, $"{CountRows(folder)} rows after the stop");

        await node.StartAsync();
        long exit = Floor(at) + 20_000 + SlotMs;
        await Eventually.NothingDiffersAsync(
            "the keys leave Redis", Patience,
            () =>
            {
                // Read before the clock: a key that is missing was missing at that time.
                int count = redis.FeatureKeys().Count;
                Assert.True(count >= keys || NowMs >= exit, $"{keys - count} keys left {exit - NowMs} ms too early");
                return Task.FromResult(count == 0 ? null : $"{count} keys; {node.Tail()}");
            });
        long late = NowMs - exit;
        await Eventually.NothingDiffersAsync("the keys leave SQLite", Patience, () => Task.FromResult(CountRows(folder) is var n and > 0 ? $"{n} rows" : null));
        Assert.True(late < 10_000, $"the last key left {late} ms after its window; the node says: {node.Tail()}");
        await node.StopAsync();
    }

    private static long NowMs => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    private static long Floor(long ms) => ms / SlotMs * SlotMs;

    private static string Definitions(string definitionsNamespace, string topic, string features) => $$"""
        namespace = {{definitionsNamespace}}
        sources.purchases {
          topic = "{{topic}}"
          event-time { field = ts, unit = ms }
          fields { id = string, v = long, ts = long }
        }
        entities.e { key = [string], shards = 2 }
        groups.g {
          entity = e, source = purchases, key = id
          features {
            {{features}}
          }
          triggers = [{ on = update, coalesce = 50ms }]
        }
        """;

    /// <summary>The formula of the windows: the slots from floor((T − W)/r)·r to floor(T/r)·r.</summary>
    private static string Expected(long t, long first, long second)
    {
        var fields = new Dictionary<string, string>();
        foreach (int seconds in WindowsSeconds)
        {
            fields[$"n{seconds}:w"] = ((Has(first, seconds) ? 2 : 0) + (Has(second, seconds) ? 3 : 0)).ToString(CultureInfo.InvariantCulture);
        }

        if (Has(second, 5) || Has(first, 5))
        {
            fields["largest:w"] = Has(second, 5) ? "3" : "2";
        }

        return fields.Values.All(static v => v == "0") ? "{}" : Text(fields);

        bool Has(long at, int seconds) => Floor(at) >= Floor(t - (seconds * 1_000)) && Floor(at) <= Floor(t);
    }

    private static string Text(Dictionary<string, string> fields) =>
        $"{{{string.Join(", ", fields.OrderBy(static f => f.Key, StringComparer.Ordinal).Select(static f => $"{f.Key}={f.Value}"))}}}";

    private static Task WriteAsync(KafkaNode connection, string topic, string id, long ts, int count) =>
        connection.WriteAsync(topic, 0, Enumerable.Range(0, count).Select(_ => Event(id, ts, count)));

    private static byte[] Event(string id, long ts, int v) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"id":"{{id}}","v":{{v}},"ts":{{ts}}}"""));

    private static long CountRows(LiveFolder folder)
    {
        long rows = 0;
        foreach (string file in Directory.EnumerateFiles(folder.Of("data"), "state-*.db"))
        {
            using var connection = new SqliteConnection($"Data Source={file};Mode=ReadOnly;Pooling=False");
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "SELECT count(*) FROM entities";
            rows += (long)command.ExecuteScalar()!;
        }

        return rows;
    }
}
