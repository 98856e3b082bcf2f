using System.Globalization;
using System.Text.Json.Nodes;
using FeatureActors.Node.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeatureActors.Node.Tests.Http;

public sealed class NodeHttpServerTests
{
    [Fact]
    public async Task Before_the_node_is_put_together_it_is_alive_and_not_ready()
    {
        await using NodeHttpServer server = await NodeHttpServer.StartAsync(HttpNode.Options, "n", TimeProvider.System, NullLoggerFactory.Instance, default);
        using var client = new HttpClient { BaseAddress = new Uri($"http://{server.Address}") };

        Assert.Equal("ok\n", await client.GetStringAsync("/healthz/live"));
        using HttpResponseMessage ready = await client.GetAsync("/healthz/ready");
        Assert.Equal(503, (int)ready.StatusCode);
        Assert.Equal("starting\n", await ready.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_node_that_ends_is_alive_and_not_ready()
    {
        await using HttpNode node = await HttpNode.StartAsync(new Cluster(), "n");
        await node.UntilReadyAsync();

        node.Server.Drain();

        Assert.Equal((503, "ending\n"), await node.GetAsync("/healthz/ready"));
        Assert.Equal((200, "ok\n"), await node.GetAsync("/healthz/live"));
    }

    [Theory]
    [InlineData("/metrics")]
    [InlineData("/v1/shards")]
    [InlineData("/v1/entities/user/a")]
    [InlineData("/healthzz")]
    public async Task Everything_but_health_needs_the_token(string target)
    {
        await using HttpNode node = await HttpNode.StartAsync(new Cluster(), "n");

        foreach (string? shown in new[] { null, "Bearer wrong", $"Bearer {HttpNode.Token}x", HttpNode.Token, $"Basic {HttpNode.Token}" })
        {
            (int status, string body) = await node.GetAsync(target, r =>
            {
                r.Headers.Remove("Authorization");
                r.Headers.TryAddWithoutValidation("Authorization", shown ?? "");
            });
            Assert.Equal(401, status);
            Assert.DoesNotContain(HttpNode.Token, body, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(HttpNode.Token, HttpNode.Options.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_entity_is_read_with_everything_that_its_shard_has_applied()
    {
        var cluster = new Cluster();
        await using HttpNode node = await HttpNode.StartAsync(cluster, "n");
        await node.UntilReadyAsync();
        cluster.Send("a/b|c é", 7);
        cluster.Send("a/b|c é", 8);
        string target = "/v1/entities/user/" + Uri.EscapeDataString("a/b|c é");

        await node.UntilAsync(
            async () => (await node.GetJsonAsync(target))["groups"]?["activity"]?["features"]?["clicks:1h"]?.GetValue<long>() == 2, "two clicks");

        JsonNode answer = await node.GetJsonAsync(target);
        Assert.Equal("user", answer["entity"]!.GetValue<string>());
        Assert.Equal(8, answer["groups"]!["activity"]!["features"]!["last_item"]!.GetValue<long>());
        Assert.Equal(2, answer["groups"]!["activity"]!["features"]!["clicks:1d"]!.GetValue<long>());
        Assert.EndsWith("-" + answer["at"]!.GetValue<long>().ToString(CultureInfo.InvariantCulture), answer["version"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_composite_key_is_one_segment_joined_by_bars_or_a_segment_each()
    {
        var cluster = new Cluster();
        await using HttpNode node = await HttpNode.StartAsync(cluster, "n");
        await node.UntilReadyAsync();
        cluster.Send("u|1", 7);

        await node.UntilAsync(async () => (await node.GetJsonAsync("/v1/entities/pair/u%7C1/7"))["groups"]!["pairs"] is not null, "the pair");

        Assert.Equal("u%7C1|7", (await node.GetJsonAsync("/v1/entities/pair/u%7C1/7"))["key"]!.GetValue<string>());
        Assert.Equal("x|7", (await node.GetJsonAsync("/v1/entities/pair/x|7"))["key"]!.GetValue<string>());
        Assert.Empty((await node.GetJsonAsync("/v1/entities/pair/x|7"))["groups"]!.AsObject());
    }

    [Theory]
    [InlineData("/v1/entities/nobody/1", 404, "there is user, pair")]
    [InlineData("/v1/entities/pair/1", 400, "key of 2 parts, 1 were stated")]
    [InlineData("/v1/entities/pair/a/b/c", 400, "key of 2 parts, 3 were stated")]
    [InlineData("/v1/entities/pair/a/seven", 400, "part 2 of the key, 'seven', is no whole number")]
    [InlineData("/v1/entities/pair/a/007", 400, "no whole number")]
    [InlineData("/v1/entities/user/", 400, "part 1 of the key")]
    public async Task A_key_that_cannot_be_says_what_is_wrong(string target, int status, string why)
    {
        await using HttpNode node = await HttpNode.StartAsync(new Cluster(), "n");

        (int answered, string body) = await node.GetAsync(target);

        Assert.Equal(status, answered);
        Assert.Contains(why, JsonNode.Parse(body)!["error"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_entity_that_left_memory_is_read_from_the_checkpoint_store()
    {
        var cluster = new Cluster();
        await using HttpNode node = await HttpNode.StartAsync(cluster, "n", passivateAfter: TimeSpan.FromMilliseconds(1));
        cluster.Send("cold", 7);
        await node.UntilAsync(() => Task.FromResult(node.Status.Shards.Sum(static s => s.ColdEntities) == 2), "both entities are passive");

        JsonNode answer = await node.GetJsonAsync("/v1/entities/user/cold");

        Assert.Equal(1, answer["groups"]!["activity"]!["features"]!["clicks:1d"]!.GetValue<long>());
    }

    [Fact]
    public async Task A_node_that_does_not_own_the_shard_asks_the_owner_once()
    {
        var cluster = new Cluster();
        await using HttpNode owner = await HttpNode.StartAsync(cluster, "owner");
        await using HttpNode other = await HttpNode.StartAsync(cluster, "other", isShard: false);
        cluster.Send("u", 7);
        await owner.UntilReadyAsync();

        await owner.UntilAsync(
            async () => (await other.GetJsonAsync("/v1/entities/user/u"))["groups"]?["activity"]?["features"]?["clicks:1h"]?.GetValue<long>() == 1, "the owner's answer");

        (int status, string body) = await other.GetAsync("/v1/entities/user/u", r => r.Headers.Add("X-Fa-Forwarded-By", "third"));
        Assert.Equal(503, status);
        Assert.Contains("is not running on other", body, StringComparison.Ordinal);
        Assert.Equal(400, (await other.GetAsync("/v1/entities/pair/a/b")).Status);
    }

    [Fact]
    public async Task An_owner_that_is_gone_is_named_within_the_deadline()
    {
        var cluster = new Cluster();
        HttpNode owner = await HttpNode.StartAsync(cluster, "owner");
        await owner.UntilReadyAsync();
        string address = owner.Server.Address;
        await owner.DisposeAsync();
        await using HttpNode other = await HttpNode.StartAsync(cluster, "other", isShard: false);

        (int status, string body) = await other.GetAsync("/v1/entities/user/u");

        Assert.Equal(504, status);
        Assert.Contains($"belongs to owner at {address}, which does not answer", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shards_of_the_cluster_are_listed_by_any_node()
    {
        var cluster = new Cluster();
        await using HttpNode owner = await HttpNode.StartAsync(cluster, "owner");
        await using HttpNode other = await HttpNode.StartAsync(cluster, "other", isShard: false);
        for (int i = 0; i < 300; i++)
        {
            cluster.Send("hot", 7);
        }

        await owner.UntilReadyAsync();
        await owner.UntilAsync(
            async () => (await other.GetJsonAsync("/v1/shards")).AsArray().Any(static s => s!["topKeys"]!.AsArray().Any(static k => k!["key"]!.GetValue<string>() == "hot")), "the hot key");

        JsonArray all = (await other.GetJsonAsync("/v1/shards")).AsArray();
        Assert.Equal(6, all.Count);
        Assert.All(all, static s => Assert.Equal("owner", s!["owner"]!.GetValue<string>()));
        Assert.All(all, static s => Assert.Equal("Running", s!["state"]!.GetValue<string>()));
        Assert.Empty((await other.GetJsonAsync("/v1/shards?scope=node")).AsArray());
    }

    [Fact]
    public async Task What_is_too_large_is_refused()
    {
        await using HttpNode node = await HttpNode.StartAsync(new Cluster(), "n");

        (int tooLong, _) = await node.GetAsync("/v1/entities/user/" + new string('a', 20_000));
        (int withBody, _) = await node.GetAsync("/metrics", static r => r.Content = new ByteArrayContent(new byte[100]));

        Assert.Equal(414, tooLong);
        Assert.True(withBody is 200 or 413, $"{withBody}");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Metrics_are_of_the_form_that_was_asked_for(bool isOpen)
    {
        var cluster = new Cluster();
        await using HttpNode node = await HttpNode.StartAsync(cluster, "n");
        await node.UntilReadyAsync();
        cluster.Send("u", 7);
        await node.UntilAsync(() => Task.FromResult(node.Status.Shards.Sum(static s => s.Counters.Batches) >= 2), "published");

        (int status, string text) = await node.GetAsync("/metrics", r => r.Headers.TryAddWithoutValidation("Accept", isOpen ? "application/openmetrics-text; version=1.0.0" : "text/plain"));

        Assert.Equal(200, status);
        Dictionary<string, double> samples = MetricsReader.Read(text, isOpen);
        Assert.Equal(1, samples["fa_source_events_total{source=\"clicks\",partition=\"0\"}"]);
        Assert.Equal(2, samples.Where(static s => s.Key.StartsWith("fa_shard_rows_total{", StringComparison.Ordinal)).Sum(static s => s.Value));
        Assert.Equal(0, samples.Where(static s => s.Key.StartsWith("fa_shard_lag_rows{", StringComparison.Ordinal)).Sum(static s => s.Value));
        Assert.Equal(6, samples.Count(static s => s.Key.StartsWith("fa_shard_state{", StringComparison.Ordinal)));
        Assert.Equal(samples["fa_event_to_publish_seconds_count"], samples["fa_event_to_publish_seconds_bucket{le=\"+Inf\"}"]);
        Assert.True(samples["fa_event_to_publish_seconds_count"] > 0);
    }

    [Fact]
    public void A_label_with_quotes_and_breaks_is_escaped() => Assert.Contains(
        "reason=\"a\\\"b\\\\c\\nd\"",
        FeatureActors.Node.Http.Metrics.MetricsText.Write(
            new FeatureActors.Node.Http.Metrics.MetricMoment(new Runtime.Hosting.NodeStatus([], [], new Dictionary<string, long> { ["a\"b\\c\nd"] = 1 }, 0), 0), isOpen: true),
        StringComparison.Ordinal);
}
