using System.Globalization;
using System.Text;
using System.Text.Json;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.Integration.Tests.Kafka;
using FeatureActors.LocalServers;

namespace FeatureActors.Integration.Tests.Live;

/// <summary>Input that cannot be used, in events, configuration and surroundings.</summary>
[Collection(NodeServers.Name)]
[Trait("Category", "Integration")]
public sealed class BadInputTests(KafkaFixture kafka)
{
    private const string Password = "pass-7f3a-not-to-be-shown";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Bad_events_are_kept_with_reason_and_position_and_good_ones_count_exactly()
    {
        using var folder = new LiveFolder();
        await using RedisServer server = await RedisServer.StartAsync(new RedisServerOptions { Password = Password });
        await using var connection = new KafkaNode(kafka.Server);
        string topic = await connection.NewTopicAsync(1);
        string definitions = folder.Write("definitions.conf", Definitions(connection.Namespace, topic));
        using LiveRedis redis = await LiveRedis.ConnectAsync(server, connection.Namespace);

        // Redis is away when the node starts: that does not stop it.
        await server.KillAsync(CancellationToken.None);
        await using LiveNode node = LiveNode.EmbeddedOnTopics(folder, definitions, kafka.Server.Endpoint, server, "log-level = debug");
        await node.StartAsync();

        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        (string Reason, byte[] Event)[] bad =
        [
            ("malformed-json", Bytes("""{"id":"a","v":1,""")),
            ("malformed-json", Bytes("")),
            ("malformed-json", Bytes("[1,2]")),
            ("malformed-json", Bytes($$"""{"id":"a","v":NaN,"ts":{{now}}}""")),
            ("wrong-type", Bytes($$"""{"id":"a","v":"much","ts":{{now}}}""")),
            ("wrong-type", Bytes($$"""{"id":{"x":1},"v":1,"ts":{{now}}}""")),
            ("not-finite", Bytes($$"""{"id":"a","v":1e999,"ts":{{now}}}""")),
            ("missing-key", Bytes($$"""{"v":1,"ts":{{now}}}""")),
            ("missing-key", Bytes($$"""{"id":null,"v":1,"ts":{{now}}}""")),
            ("missing-event-time", Bytes("""{"id":"a","v":1}""")),
            ("bad-event-time", Bytes("""{"id":"a","v":1,"ts":999999999999999999}""")),
            ("late", Bytes("""{"id":"a","v":1,"ts":0}""")),
            ("future", Bytes($$"""{"id":"a","v":1,"ts":{{now + 86_400_000}}}""")),
            ("too-deep", Bytes($$"""{"id":"a","x":{{new string('[', 5_000)}}{{new string(']', 5_000)}},"v":1,"ts":{{now}}}""")),
            ("invalid-utf8", [.. Bytes("{\"id\":\"a"), 0xC3, 0x28, .. Bytes($"\",\"v\":1,\"ts\":{now}}}")]),
            ("key-too-long", Bytes($$"""{"id":"{{new string('k', 1_000_000)}}","v":1,"ts":{{now}}}""")),
            ("too-large", Bytes($$"""{"id":"a","x":"{{new string('x', 11_000_000)}}","v":1,"ts":{{now}}}""")),
        ];
        List<byte[]> events = [];
        foreach ((string _, byte[] bytes) in bad)
        {
            events.Add(Bytes($$"""{"id":"good","v":2,"ts":{{now}}}"""));
            events.Add(bytes);
        }

        events.Add(Bytes($$"""{"id":"good","v":2,"ts":{{now}}}"""));
        await connection.WriteAsync(topic, 0, events);
        await server.RestartAsync(CancellationToken.None);
        var expected = new Dictionary<string, Dictionary<string, string>>
        {
            [$"fa:{connection.Namespace}:g:good"] = new()
            {
                ["n:1d"] = Number(bad.Length + 1),
                ["v:1d"] = Number(2 * (bad.Length + 1)),
            },
        };
        await Eventually.NothingDiffersAsync(
            "good events count exactly", Patience, async () => await redis.DifferenceAsync(expected) is { } text ? $"{text}; the node says: {node.Tail()}" : null);
        await node.StopAsync();

        (int code, string list) = await FaProcess.RunAsync(folder.Path, "dead-letters", "list", "--config", node.ConfigFile, "--json", "--limit", "1000");
        Assert.Equal(0, code);
        JsonElement[] letters = [.. list.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static l => JsonDocument.Parse(l).RootElement)];
        Assert.Equal(
            // Of an event that comes too late only the key has come to the shard that finds out.
            bad.Select(static (b, i) => $"{(2 * i) + 1} {b.Reason} {(b.Reason == "late" ? "a".Length : b.Event.Length)}"),
            letters.OrderBy(static l => l.GetProperty("offset").GetInt64())
                .Select(static l => $"{l.GetProperty("offset")} {l.GetProperty("reason").GetString()} {l.GetProperty("length")}"));
        Assert.All(letters, static l => Assert.NotEmpty(l.GetProperty("error").GetString()!));

        (code, string table) = await FaProcess.RunAsync(folder.Path, "dead-letters", "list", "--config", node.ConfigFile, "--reason", "missing-key");
        Assert.Equal(0, code);
        Assert.Contains("2 missing-key", table, StringComparison.Ordinal);
        Assert.Contains("purchases-0@15", table, StringComparison.Ordinal);
        string id = letters.Single(static l => l.GetProperty("offset").GetInt64() == 1).GetProperty("id").ToString();
        (code, string shown) = await FaProcess.RunAsync(folder.Path, "dead-letters", "show", id, "--config", node.ConfigFile);
        Assert.Equal(0, code);
        Assert.Contains("""{"id":"a","v":1,""", shown, StringComparison.Ordinal);

        foreach (string text in new[] { node.Output, list, table, shown })
        {
            Assert.DoesNotContain(Password, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Mistakes_of_configuration_and_definitions_end_with_exit_code_2_and_every_place()
    {
        using var folder = new LiveFolder();
        string definitions = folder.Write("definitions.conf", Definitions("shop", "t"));
        string config = folder.Write("node.conf", $$"""
            fa {
              definitions = "{{definitions}}"
              data-dirctory = "x"
              redis { port = many, password = "{{Password}}" }
              checkpoints.interval = 1ns
            }
            """);
        (int code, string text) = await FaProcess.RunAsync(folder.Path, "run", "--config", config);
        Assert.Equal(2, code);
        Assert.Contains($"{config}:3:", text, StringComparison.Ordinal);
        Assert.Contains("data-directory", text, StringComparison.Ordinal);
        Assert.Contains($"{config}:4:", text, StringComparison.Ordinal);
        Assert.Contains($"{config}:5:", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, text, StringComparison.Ordinal);

        definitions = folder.Write("wrong.conf", Definitions("shop", "t")
            .Replace("type = count", "type = cuont", StringComparison.Ordinal).Replace("key = id", "key = idd", StringComparison.Ordinal));
        config = folder.Write("node2.conf", $$"""fa { definitions = "{{definitions}}", data-directory = "{{folder.Of("data")}}", kafka.bootstrap-servers = "127.0.0.1:1" }""");
        (code, text) = await FaProcess.RunAsync(folder.Path, "run", "--config", config);
        Assert.Equal(2, code);
        Assert.Contains($"{definitions}:8:", text, StringComparison.Ordinal);
        Assert.Contains($"{definitions}:10:", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_that_stays_away_ends_the_start_with_exit_code_3_and_its_name()
    {
        using var folder = new LiveFolder();
        string bootstrap = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{FreePort.Pick()}");
        string definitions = folder.Write("definitions.conf", Definitions("shop", "t"));
        string config = folder.Write("node.conf", $$"""
            fa {
              definitions = "{{definitions}}", data-directory = "{{folder.Of("data")}}", log = kafka, startup-timeout = 2s
              kafka { bootstrap-servers = "{{bootstrap}}", request-timeout = 1s }
              redis.password = "{{Password}}"
            }
            """);
        (int code, string text) = await FaProcess.RunAsync(folder.Path, "run", "--config", config);
        Assert.Equal(3, code);
        Assert.Contains("kafka", text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(bootstrap, text, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, text, StringComparison.Ordinal);
    }

    private static string Definitions(string definitionsNamespace, string topic) => $$"""
        namespace = {{definitionsNamespace}}
        sources.purchases {
          topic = "{{topic}}", event-time { field = ts, unit = ms }, max-future = 1m, future = dead-letter
          fields { id = string, v = double, ts = long }
        }
        entities.e { key = [string], shards = 2 }
        groups.g {
          entity = e, source = purchases, key = id
          features {
            n { type = count, windows = [1d] }
            v { type = sum, of = v, windows = [1d] }
          }
          triggers = [{ on = update, coalesce = 50ms }]
          late = dead-letter
        }
        """;

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
