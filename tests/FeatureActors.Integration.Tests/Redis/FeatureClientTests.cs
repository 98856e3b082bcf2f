using FeatureActors.Abstractions.Errors;
using FeatureActors.Client;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.LocalServers;

namespace FeatureActors.Integration.Tests.Redis;

[Trait("Category", "Integration")]
public sealed class FeatureClientTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Every_kind_of_value_is_read_by_name_and_by_reading_all(bool named)
    {
        await PublishedShop.WriteAsync(redis.Server);
        await using FeatureClient client = await OpenAsync(redis.Server);
        FeatureQuery query = client.Prepare(
            "item_sales",
            named
                ? ["buys:1h", "quantity:1d", "by_category:7d", "top_buyers:7d", "last_buyers:30d", "carts:7d", "last_page", "none:1h"]
                : []);

        FeatureRow row = await client.ReadAsync(query, "i42");

        Assert.True(row.Exists);
        Assert.Equal("item_sales", row.Group);
        Assert.Equal("i42", row.Key);
        Assert.Equal(3, row.Long("buys:1h"));
        Assert.Equal(3.0, row.Double("buys:1h"));
        Assert.Equal(57.5, row.Double("quantity:1d"));
        Assert.Equal(new Dictionary<string, double> { ["c1"] = 30, ["c2"] = 11 }, row.Map("by_category:7d"));
        Assert.Equal([new RankedKey("u1", 12), new RankedKey("u2", 9)], row.TopK("top_buyers:7d"));
        Assert.Equal(["u1", "u2"], row.List("last_buyers:30d"));
        Assert.Equal(["u1", "u\"2"], row.MapOfLists("carts:7d")?["c1"]);
        Assert.Equal("/a b\"c", row.Text("last_page"));
        Assert.Equal("3"u8.ToArray(), row.Raw("buys:1h")?.ToArray());
        Assert.Equal(new FeatureVersion(18_231, PublishedShop.ClockMs), row.Version);
        Assert.Equal(TimeSpan.FromSeconds(90), row.Age);
        Assert.Equal(["by_category:7d"], row.Flags.Truncated);
        Assert.Empty(row.Flags.Approximate);
        Assert.Equal(["last_buyers:30d"], row.Flags.Warming);
        Assert.True(row.Has("buys:1h"));
        Assert.Equal(named ? 7 : 9, row.PresentFeatures.Count());

        Assert.False(row.Has("none:1h"));
        Assert.Null(row.Long("none:1h"));
        Assert.Null(row.Double("none:1h"));
        Assert.Null(row.Text("none:1h"));
        Assert.Null(row.List("none:1h"));
        Assert.Null(row.Map("none:1h"));
        Assert.Null(row.TopK("none:1h"));
        Assert.Null(row.MapOfLists("none:1h"));
        Assert.Null(row.Raw("none:1h"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_absent_key_has_an_empty_row(bool named)
    {
        await using FeatureClient client = await OpenAsync(redis.Server);
        FeatureRow row = await client.ReadAsync(client.Prepare("item_sales", named ? ["buys:1h"] : []), "nobody");

        Assert.False(row.Exists);
        Assert.Null(row.Long("buys:1h"));
        Assert.Null(row.Version);
        Assert.Null(row.EvaluatedAtMs);
        Assert.Null(row.Age);
        Assert.Same(FeatureFlags.None, row.Flags);
        Assert.Empty(row.PresentFeatures);
    }

    [Fact]
    public async Task A_value_of_another_kind_is_refused_with_its_place()
    {
        await PublishedShop.WriteAsync(redis.Server);
        await using FeatureClient client = await OpenAsync(redis.Server);
        FeatureRow row = await client.ReadAsync(client.Prepare("item_sales"), "i42");

        var error = Assert.Throws<FormatException>(() => row.Long("quantity:1d"));
        Assert.Equal("could not read the feature quantity:1d of item_sales, key i42: its value is not an integer", error.Message);
        Assert.Throws<FormatException>(() => row.Map("last_buyers:30d"));
        Assert.Throws<FormatException>(() => row.List("by_category:7d"));
        Assert.Throws<FormatException>(() => row.List("last_page"));
        Assert.Throws<FormatException>(() => row.TopK("last_buyers:30d"));
        Assert.Throws<FormatException>(() => row.Double("last_page"));
        Assert.Throws<FormatException>(() => row.Map("carts:7d"));
    }

    [Fact]
    public async Task A_feature_that_the_query_does_not_read_is_a_mistake_of_the_caller()
    {
        await using FeatureClient client = await OpenAsync(redis.Server);
        FeatureRow row = await client.ReadAsync(client.Prepare("item_sales", "buys:1h"), "i42");

        Assert.Contains("buys:1d", Assert.Throws<ArgumentException>(() => row.Long("buys:1d")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_keys_of_several_groups_come_in_the_order_asked()
    {
        await PublishedShop.WriteAsync(redis.Server);
        await using FeatureClient client = await OpenAsync(redis.Server);
        FeatureQuery sales = client.Prepare("item_sales", "buys:1h");
        FeatureQuery pair = client.Prepare("user_item", "views:1d");
        FeatureRequest[] requests =
        [
            .. Enumerable.Range(0, 500).Select(i => FeatureRequest.For(sales, $"none {i}")),
            FeatureRequest.For(pair, "u 1", "i42"),
            FeatureRequest.For(sales, "i42"),
        ];

        IReadOnlyList<FeatureRow> rows = await client.ReadAsync(requests);

        Assert.Equal(502, rows.Count);
        Assert.All(rows.Take(500), row => Assert.False(row.Exists));
        Assert.Equal("none%20499", rows[499].Key);
        Assert.Equal(2, rows[500].Long("views:1d"));
        Assert.Equal(3, rows[501].Long("buys:1h"));
        Assert.Equal("fa:shop:user_item:u%201|i42", pair.BuildKey("u 1", "i42"));
        Assert.Empty(await client.ReadAsync([]));
    }

    [Fact]
    public async Task A_server_that_is_away_is_named_and_read_again_when_it_is_back()
    {
        await using RedisServer server = await RedisServer.StartAsync(new RedisServerOptions { Password = "s3cret-word" });
        await server.StopAsync(default);
        await using FeatureClient client = await FeatureClient.ConnectAsync(new FeatureClientOptions
        {
            Namespace = "shop",
            ConnectionString = server.Endpoint,
            Password = "s3cret-word",
            ConnectTimeout = TimeSpan.FromSeconds(1),
        });
        FeatureQuery query = client.Prepare("item_sales", "buys:1h");

        var error = await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await client.ReadAsync(query, "i42"));
        Assert.Equal($"redis at {server.Endpoint}", error.Dependency);
        Assert.Equal(
            $"could not read features: no connection; check host and port, and that the server runs; check the configured password (redis at {server.Endpoint})", error.Message);
        Assert.DoesNotContain("s3cret-word", error.ToString(), StringComparison.Ordinal);

        await server.RestartAsync(default);
        await PublishedShop.WriteAsync(server);
        FeatureRow row = await Eventually.AnswersAsync(() => client.ReadAsync(query, "i42"));
        Assert.Equal(3, row.Long("buys:1h"));
    }

    [Fact]
    public async Task A_frozen_server_ends_in_a_time_out()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using FeatureClient client = await FeatureClient.ConnectAsync(new FeatureClientOptions
        {
            Namespace = "shop",
            ConnectionString = server.Endpoint,
            ReadTimeout = TimeSpan.FromMilliseconds(200),
        });
        server.Freeze();
        try
        {
            var error = await Assert.ThrowsAsync<DependencyUnavailableException>(
                async () => await client.ReadAsync(client.Prepare("item_sales"), "i42"));
            Assert.Contains("no answer within 200 ms", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            server.Thaw();
        }
    }

    private static Task<FeatureClient> OpenAsync(RedisServer server) => FeatureClient.ConnectAsync(new FeatureClientOptions
    {
        Namespace = "shop",
        ConnectionString = server.ConnectionString,
        TimeProvider = new FixedClock(),
    });

    /// <summary>Stands 90 s behind the evaluation of the published values; timers are the system's.</summary>
    private sealed class FixedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(PublishedShop.ClockMs + 90_000);
    }
}
