using FeatureActors.Client;

namespace FeatureActors.Integration.Tests.Redis;

/// <summary>The C# example of docs/redis.md, word by word but for the server's address and the console; a test compares both.</summary>
internal static class RedisDocExample
{
    public static async Task RunAsync(string server, Action<string> print)
    {
        // <example>
        await using FeatureClient client = await FeatureClient.ConnectAsync(
            new FeatureClientOptions { Namespace = "shop", ConnectionString = server });
        FeatureQuery sales = client.Prepare("item_sales", "buys:1h", "cancel_rate", "top_buyers:7d", "by_category:7d");
        FeatureQuery pair = client.Prepare("user_item"); // no names: all fields

        IReadOnlyList<FeatureRow> rows = await client.ReadAsync(
            [FeatureRequest.For(sales, "i42"), FeatureRequest.For(pair, "u 1", "i42"), FeatureRequest.For(sales, "nobody")]);

        print($"{rows[0].Long("buys:1h")} {rows[0].Double("cancel_rate")} {rows[0].TopK("top_buyers:7d")?[0].Key}");
        print($"{rows[0].Map("by_category:7d")?["c1"]} {rows[0].Version} {string.Join(',', rows[0].Flags.Truncated)}");
        print($"{rows[1].Long("views:1d")} {rows[1].Exists} {rows[2].Exists} {rows[2].Long("buys:1h") is null}");
        // </example>
    }
}
