using System.Text;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.LocalServers;
using FeatureActors.Redis;

namespace FeatureActors.Integration.Tests.Redis;

/// <summary>The values that docs/redis.md talks about, written by the real sink.</summary>
internal static class PublishedShop
{
    public const long ClockMs = 1_700_000_000_000;

    public static async Task WriteAsync(RedisServer server)
    {
        await using var sink = new RedisFeatureSink(
            "shop", new RedisSinkOptions { ConnectionString = server.ConnectionString }, TimeProvider.System);
        var shard = new ShardId("item", 0);
        await sink.RaiseFenceAsync(shard, new Epoch(7), 1, default);
        List<PublishItem> items = [];
        List<PublishField> fields = [];
        Add(
            "fa:shop:item_sales:i42",
            ("buys:1h", "3"),
            ("buys:1d", "41"),
            ("quantity:1d", "57.5"),
            ("by_category:7d", """{"c1":30,"c2":11}"""),
            ("top_buyers:7d", """[["u1",12],["u2",9]]"""),
            ("last_buyers:30d", """["u1","u2"]"""),
            ("carts:7d", """{"c1":["u1","u\"2"],"c2":[]}"""),
            ("last_page", "/a b\"c"),
            ("cancel_rate", "0.05"),
            ("_flags", """{"truncated":["by_category:7d"],"approximate":[],"warming":["last_buyers:30d"],"later":["x"]}"""));
        Add("fa:shop:user_item:" + EntityKey.Join("u 1", "i42"), ("views:1d", "2"));
        SinkAnswer answer = await sink.WriteAsync(
            new PublishBatch(shard, new Epoch(7), 2, new PublishPosition(18_231, ClockMs), items, fields), default);
        Assert.Equal(SinkOutcome.Written, answer.Outcome);

        void Add(string key, params (string Name, string Value)[] values)
        {
            items.Add(new PublishItem(PublishKind.Write, Encoding.UTF8.GetBytes(key), 0, fields.Count, values.Length + 2));
            foreach ((string name, string value) in values.Append(("_v", $"18231-{ClockMs}")).Append(("_t", $"{ClockMs}")))
            {
                fields.Add(new PublishField(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value)));
            }
        }
    }
}
