using FeatureActors.Client;
using FeatureActors.LocalServers;
using StackExchange.Redis;
using Xunit.Abstractions;

namespace FeatureActors.Integration.Tests.Live;

/// <summary>The same features published in both forms by a real node read alike through the client, and the packed ones take less memory.</summary>
[Trait("Category", "Integration")]
public sealed class PackedFormTests(ITestOutputHelper output)
{
    private const string Features = """
        entity = item
              source = purchases
              key = item_id
              features {
                buys { type = count, windows = [1h, 1d, 7d, 30d] }
                quantity { type = sum, of = value, windows = [1d, 7d, 30d] }
                mean { type = avg, of = value, windows = [7d, 30d] }
                largest { type = max, of = value, windows = [30d] }
                buyers { type = top-k, key = user_id, by = count, k = 3, windows = [30d] }
                last_action { type = last, of = action, windows = [30d] }
                session { type = count, windows = [{ session = 30m }] }
                rate { type = ratio, numerator = quantity, denominator = buys }
                lift { type = derived, expr = "quantity - buys" }
              }
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task Packed_values_read_as_those_of_the_hash_form_and_take_less_memory()
    {
        using var folder = new LiveFolder();
        await using RedisServer server = await RedisServer.StartAsync();
        var definitionsNamespace = $"n{Guid.NewGuid():N}";
        string definitions = folder.Write("definitions.conf", $$"""
            namespace = {{definitionsNamespace}}
            clock = event
            sources.purchases {
              format = csv
              event-time { field = ts_ms, unit = ms }
              csv { columns = [seq, ts_ms, user_id, item_id, category_id, action, value, event_id] }
              fields { ts_ms = long, user_id = string, item_id = string, action = string, value = double }
            }
            entities.item { key = [string], shards = 4 }
            groups {
              hashed { {{Features}} }
              packed { {{Features}}
                form = packed }
            }
            """);
        using LiveRedis redis = await LiveRedis.ConnectAsync(server, definitionsNamespace);
        await using LiveNode node = LiveNode.Embedded(folder, definitions, RetailReplay.EventsFile, RetailReplay.EndText, server);
        await node.StartAsync();
        await Eventually.NothingDiffersAsync(
            "the replay is published to its end", Patience,
            async () => (await redis.ProgressAsync()).ClockMs >= RetailReplay.EndMs ? null : $"the node says: {node.Tail()}");
        string prefix = $"fa:{definitionsNamespace}:hashed:";
        string[] keys = [];
        await Eventually.NothingDiffersAsync("both groups have the same keys", Patience, () =>
        {
            IReadOnlyList<string> all = redis.FeatureKeys();
            keys = [.. all.Where(k => k.StartsWith(prefix, StringComparison.Ordinal)).Select(k => k[prefix.Length..])];
            return Task.FromResult(keys.Length > 1_000 && all.Count == 2 * keys.Length ? null : $"{keys.Length} of {all.Count} keys are hashed");
        });

        await using FeatureClient client = await FeatureClient.ConnectAsync(
            new FeatureClientOptions { Namespace = definitionsNamespace, ConnectionString = server.ConnectionString, ReadTimeout = TimeSpan.FromSeconds(20) });
        await Eventually.NothingDiffersAsync("both groups read alike", Patience, async () =>
        {
            foreach (string[] some in keys.Chunk(1_000))
            {
                if (await DifferenceAsync(client, some) is { } text)
                {
                    return text;
                }
            }

            return null;
        });

        (long hashed, long packed) = (await MemoryAsync(redis, keys, prefix), await MemoryAsync(redis, keys, $"fa:{definitionsNamespace}:packed:"));
        output.WriteLine($"{keys.Length} keys of 22 fields: {hashed / (double)keys.Length:F0} bytes a key as hash, {packed / (double)keys.Length:F0} packed");
        Assert.True(packed * 1.5 < hashed, $"{packed} bytes packed, {hashed} as hashes");
        await node.StopAsync();
    }

    private static async Task<string?> DifferenceAsync(FeatureClient client, string[] keys)
    {
        // Keys of the data are plain, so the escaped form is the raw one. A shard may still be publishing its last values.
        FeatureQuery named = client.Prepare("packed", "quantity:7d", "lift:30d", "last_action:30d");
        IReadOnlyList<FeatureRow> hashed = await client.ReadAsync(client.Prepare("hashed"), keys);
        IReadOnlyList<FeatureRow> packed = await client.ReadAsync(client.Prepare("packed"), keys);
        IReadOnlyList<FeatureRow> some = await client.ReadAsync(named, keys);
        for (int i = 0; i < keys.Length; i++)
        {
            string[] expected = [.. hashed[i].PresentFeatures.Order(StringComparer.Ordinal).Select(f => $"{f} = {hashed[i].Text(f)}")];
            string[] actual = [.. packed[i].PresentFeatures.Order(StringComparer.Ordinal).Select(f => $"{f} = {packed[i].Text(f)}")];
            if (!expected.SequenceEqual(actual))
            {
                return $"{keys[i]}: expected {string.Join(", ", expected)}, actual {string.Join(", ", actual)}";
            }

            foreach (string feature in named.Features)
            {
                string? value = packed[i].PresentFeatures.Contains(feature) ? packed[i].Text(feature) : null;
                if (some[i].Text(feature) != value)
                {
                    return $"{keys[i]} {feature}: expected {value}, actual {some[i].Text(feature)}";
                }
            }
        }

        return null;
    }

    private static async Task<long> MemoryAsync(LiveRedis redis, IEnumerable<string> keys, string prefix)
    {
        RedisResult[] sizes = await Task.WhenAll(keys.Select(k => redis.Database.ExecuteAsync("MEMORY", "USAGE", prefix + k)));
        return sizes.Sum(static s => (long)s);
    }
}
