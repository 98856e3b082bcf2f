using System.Globalization;
using System.Text;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.Integration.Tests.Kafka;
using FeatureActors.LocalServers;
using Npgsql;
using Xunit.Abstractions;

namespace FeatureActors.Integration.Tests.Live;

/// <summary>
/// A node killed in the middle of a stream that begins again with other definitions: a feature with a new column, a group in front of those
/// that were there, a feature less. What existed counts every event once; what is new counts exactly the events from the offset on that the
/// database names for their partition.
/// </summary>
[Collection(NodeServers.Name)]
[Trait("Category", "Integration")]
public sealed class ChangedDefinitionsTests(KafkaFixture kafka, PostgresFixture postgres, ITestOutputHelper output)
{
    private const int Partitions = 2;
    private const int Users = 40;
    private const int Shards = 3;
    private const string Triggers = "triggers = [{ on = update, coalesce = 50ms }]";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);

    [Fact]
    public async Task Node_killed_mid_stream_goes_on_with_other_definitions_exactly()
    {
        using var folder = new LiveFolder();
        await using RedisServer server = await RedisServer.StartAsync();
        await using var connection = new KafkaNode(kafka.Server);
        string topic = await connection.NewTopicAsync(Partitions);
        await connection.CreateLogAsync("user", Shards);
        string definitions = folder.Write("definitions.conf", First(connection.Namespace, topic));
        using LiveRedis redis = await LiveRedis.ConnectAsync(server, connection.Namespace);
        await using LiveNode node = LiveNode.InCluster(
            folder, "node-1", "lease", definitions, kafka.Server.Endpoint, postgres.Server, server, "ingest.batch-bytes = 4KiB");
        var events = new Events(connection, topic, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());

        await events.WriteAsync(2_000);
        await node.StartAsync();
        await MovesAsync("the first version publishes", 0);
        await KillWhileWritingAsync("the first version", 40_000);
        long[] ends = events.Ends;

        folder.Write("definitions.conf", Second(connection.Namespace, topic));
        await node.StartAsync();
        long[] begins = await BeginsAsync();
        Assert.Equal(ends, begins);
        await KillWhileWritingAsync("the second version", 20_000);
        await node.StartAsync();
        await KillWhileWritingAsync("the second version once more", 10_000);
        await events.WriteLastAsync();
        await node.StartAsync();

        Dictionary<string, Dictionary<string, string>> expected = events.Expected(connection.Namespace, begins);
        await Eventually.NothingDiffersAsync(
            "every feature counts what lies behind its beginning", Patience,
            async () => await redis.DifferenceAsync(expected) is { } text ? $"{text}; the node says: {node.Tail()}" : null);
        Assert.Equal(0, await redis.CountFallsAsync());
        output.WriteLine($"{events.Ends.Sum()} events, the second version begins at {string.Join(" and ", begins)}, {expected.Count} keys audited");
        await node.StopAsync();

        async Task KillWhileWritingAsync(string phase, int count)
        {
            (long before, _, _) = await redis.ProgressAsync();
            Task writing = events.WriteAsync(count);
            await MovesAsync($"{phase} is in the middle of {count} events", before + 2);
            await node.KillAsync();
            await writing;
        }

        Task MovesAsync(string phase, long beyond) => Eventually.NothingDiffersAsync(phase, Patience, async () =>
            (await redis.ProgressAsync()).NextOffsets is var now && now > beyond ? null : $"fences stand at {now}; {node.Tail()}");

        async Task<long[]> BeginsAsync()
        {
            await using NpgsqlDataSource source = NpgsqlDataSource.Create(postgres.Server.ConnectionString + ";Pooling=false");
            long[] found = [];
            await Eventually.NothingDiffersAsync("the second version has begun in both partitions", Patience, async () =>
            {
                await using NpgsqlCommand command = source.CreateCommand(
                    $"SELECT definitions_from FROM \"fa_{connection.Namespace}\".source_definitions WHERE version = 2 AND definitions_from >= 0 ORDER BY source_partition");
                await using NpgsqlDataReader row = await command.ExecuteReaderAsync();
                var offsets = new List<long>();
                while (await row.ReadAsync())
                {
                    offsets.Add(row.GetInt64(0));
                }

                found = [.. offsets];
                return found.Length == Partitions ? null : $"{found.Length} of {Partitions}; {node.Tail()}";
            });
            return found;
        }
    }

    private static string First(string definitionsNamespace, string topic) => $$"""
        namespace = {{definitionsNamespace}}
        sources.clicks { topic = "{{topic}}", format = json, event-time { field = ts, unit = ms }, fields { user = string, friend = string, v = long, ts = long } }
        entities.user { key = [string], shards = {{Shards}} }
        groups.a { entity = user, source = clicks, key = user, {{Triggers}}, features { n { type = count, windows = [12h] }, s { type = sum, of = v, windows = [12h] } } }
        """;

    private static string Second(string definitionsNamespace, string topic) => $$"""
        namespace = {{definitionsNamespace}}
        sources.clicks { topic = "{{topic}}", format = json, event-time { field = ts, unit = ms }, fields { w = long, user = string, friend = string, v = long, ts = long } }
        entities.user { key = [string], shards = {{Shards}} }
        groups.z { entity = user, source = clicks, key = friend, {{Triggers}}, features { n { type = count, windows = [12h] } } }
        groups.a { entity = user, source = clicks, key = user, {{Triggers}}, features { n { type = count, windows = [12h] }, w { type = sum, of = w, windows = [12h] } } }
        """;

    /// <summary>What the topic holds.</summary>
    private sealed class Events(KafkaNode connection, string topic, long timeMs)
    {
        private readonly Random _random = new(17);
        private readonly List<(int User, int Friend, int W)>[] _told = [.. Enumerable.Range(0, Partitions).Select(static _ => new List<(int, int, int)>())];

        public long[] Ends => [.. _told.Select(static t => (long)t.Count)];

        public async Task WriteAsync(int count)
        {
            for (int p = 0; p < Partitions; p++)
            {
                await WriteAsync(p, Enumerable.Range(0, count / Partitions).Select(_ => (_random.Next(Users), _random.Next(Users), _random.Next(10))));
            }
        }

        /// <summary>One event more of every user, so that every key is written again.</summary>
        public Task WriteLastAsync() => WriteAsync(0, Enumerable.Range(0, Users).Select(static u => (u, u, 1)));

        /// <summary>The oracle, from the words of the design.</summary>
        public Dictionary<string, Dictionary<string, string>> Expected(string definitionsNamespace, long[] begins)
        {
            var (n, w, z) = (new long[Users], new long[Users], new long[Users]);
            for (int p = 0; p < Partitions; p++)
            {
                for (int offset = 0; offset < _told[p].Count; offset++)
                {
                    (int user, int friend, int value) = _told[p][offset];
                    n[user]++;
                    w[user] += offset >= begins[p] ? value : 0;
                    z[friend] += offset >= begins[p] ? 1 : 0;
                }
            }

            var all = new Dictionary<string, Dictionary<string, string>>();
            for (int u = 0; u < Users; u++)
            {
                all.Add($"fa:{definitionsNamespace}:a:u{u}", new() { ["n:12h"] = Text(n[u]), ["w:12h"] = Text(w[u]) });
                all.Add($"fa:{definitionsNamespace}:z:u{u}", new() { ["n:12h"] = Text(z[u]) });
            }

            return all;
        }

        private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

        private async Task WriteAsync(int partition, IEnumerable<(int User, int Friend, int W)> told)
        {
            var events = told.ToList();
            _told[partition].AddRange(events);
            await connection.WriteAsync(topic, partition, events.Select(e => Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $$"""{"user":"u{{e.User}}","friend":"u{{e.Friend}}","v":1,"w":{{e.W}},"ts":{{timeMs}}}"""))));
        }
    }
}
