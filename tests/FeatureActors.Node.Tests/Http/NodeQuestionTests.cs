using System.Text.Json.Nodes;

namespace FeatureActors.Node.Tests.Http;

public sealed class NodeQuestionTests
{
    [Fact]
    public async Task Shards_are_shown_from_a_running_node()
    {
        var cluster = new Cluster();
        await using HttpNode node = await HttpNode.StartAsync(cluster, "first-node");
        await node.UntilReadyAsync();
        using var fa = new Fa();
        string config = Config(fa, node);

        Assert.Equal(0, await fa.RunAsync("shards", "--config", config));
        Assert.Contains("pair-1", fa.Out, StringComparison.Ordinal);
        Assert.Contains("first-node", fa.Out, StringComparison.Ordinal);

        Assert.Equal(0, await fa.RunAsync("shards", "--config", config, "--json"));
        JsonNode[] lines = [.. fa.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static l => JsonNode.Parse(l)!)];
        Assert.Equal(6, lines.Length);
        Assert.All(lines, static l => Assert.Equal("Running", l["state"]!.GetValue<string>()));
        Assert.DoesNotContain(HttpNode.Token, fa.Out + fa.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Live_values_come_from_the_owner()
    {
        var cluster = new Cluster();
        await using HttpNode node = await HttpNode.StartAsync(cluster, "n");
        await node.UntilReadyAsync();
        cluster.Send("u|1", 7);
        await node.UntilAsync(async () => (await node.GetJsonAsync("/v1/entities/pair/u%7C1/7"))["groups"]!["pairs"] is not null, "the pair");
        using var fa = new Fa();
        fa.Write("d.conf", HttpNode.Definitions);
        string config = Config(fa, node, "definitions = d.conf");

        Assert.Equal(0, await fa.RunAsync("get", "--live", "--config", config, "--group", "activity", "--key", "u|1"));

        JsonNode answer = JsonNode.Parse(fa.Out)!;
        Assert.True(answer["exists"]!.GetValue<bool>());
        Assert.Equal(1, answer["features"]!["clicks:1h"]!.GetValue<long>());
    }

    [Fact]
    public async Task A_node_that_answers_late_is_waited_for_longer_than_nodes_wait_for_each_other()
    {
        await using HttpNode node = await HttpNode.StartAsync(new Cluster(), "n");
        await node.UntilReadyAsync();
        using var fa = new Fa();

        // The first answer takes tens of milliseconds.
        Assert.Equal(0, await fa.RunAsync("shards", "--config", Config(fa, node, http: "forward-timeout = 10ms")));
    }

    [Fact]
    public async Task A_node_that_does_not_answer_is_a_dependency_that_is_away()
    {
        using var fa = new Fa();
        string config = fa.Write("node.conf", "fa.http { enabled = true, port = 1 }");

        Assert.Equal(3, await fa.RunAsync("shards", "--config", config));
        Assert.Contains("127.0.0.1:1 does not answer", fa.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_without_http_says_what_to_write()
    {
        using var fa = new Fa();

        Assert.Equal(2, await fa.RunAsync("shards", "--config", fa.Write("node.conf", "")));
        Assert.Contains("fa.http { enabled = true", fa.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_token_is_refused_and_not_shown()
    {
        await using HttpNode node = await HttpNode.StartAsync(new Cluster(), "n");
        using var fa = new Fa();
        string config = fa.Write("node.conf", $"fa.http {{ enabled = true, port = {node.Server.Address.Split(':')[1]}, token = \"this is the wrong one\" }}");

        Assert.Equal(2, await fa.RunAsync("shards", "--config", config));
        Assert.Contains("wants another token", fa.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong one", fa.Error, StringComparison.Ordinal);
    }

    private static string Config(Fa fa, HttpNode node, string more = "", string http = "") => fa.Write(
        "node.conf", $"fa {{ {more}\n http {{ enabled = true, port = {node.Server.Address.Split(':')[1]}, token = \"{HttpNode.Token}\"\n {http} }} }}");
}
