namespace FeatureActors.Node.Tests.Plugins;

public sealed class PluginCommandTests : IDisposable
{
    private const string Definitions =
        """
        namespace = shop
        sources.clicks { format = json, event-time { field = ts, unit = ms }, fields { user = string, what = string, ts = long } }
        entities.user { key = [string], shards = 2 }
        groups.activity {
          entity = user, source = clicks, key = user
          features {
            tally { type = "custom:tally", of = what, where = "twice(what) <> 'xx'", windows = [1m] }
            clicks { type = count, windows = [1m] }
          }
        }
        """;

    private readonly Fa _fa = new();

    public PluginCommandTests() => PluginFiles.PutTally(_fa.Path("plugins"));

    public void Dispose() => _fa.Dispose();

    [Fact]
    public async Task Plan_knows_the_types_and_functions_of_plug_ins()
    {
        Assert.Equal(0, await _fa.RunAsync("plan", "--definitions", _fa.Write("d.conf", Definitions), "--plugins", _fa.Path("plugins")));

        Assert.Contains("custom:tally", _fa.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Batch_computes_with_plug_ins_and_what_they_throw_costs_their_own_feature()
    {
        string events = _fa.Write(
            "c.jsonl",
            """
            {"ts":1000,"user":"u","what":"a"}
            {"ts":1001,"user":"u","what":"x"}
            {"ts":1002,"user":"u","what":"throw"}
            {"ts":1003,"user":"u","what":"bloat"}
            {"ts":1004,"user":"u","what":"b"}

            """);

        int code = await _fa.RunAsync(
            "batch", "--definitions", _fa.Write("d.conf", Definitions), "--plugins", _fa.Path("plugins"), "--input", events, "--source", "clicks",
            "--at", "2000", "--output", "-");

        Assert.Equal(0, code);
        Assert.Contains("\"feature\":\"tally\",\"window\":\"1m\",\"at\":2000,\"value\":2}", _fa.Out, StringComparison.Ordinal);
        Assert.Contains("\"feature\":\"clicks\",\"window\":\"1m\",\"at\":2000,\"value\":5}", _fa.Out, StringComparison.Ordinal);
        Assert.Contains("2 not used: feature-error", _fa.Error, StringComparison.Ordinal);
        Assert.Contains("the slot would have 100000 bytes, more than the declared 8", _fa.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("throw")]
    [InlineData("nan")]
    [InlineData("json")]
    [InlineData("open")]
    public async Task A_value_that_is_nonsense_leaves_its_own_field_absent(string how)
    {
        string definitions = _fa.Write("d.conf", Definitions.Replace("of = what,", $"of = what, evaluate = {how},", StringComparison.Ordinal));
        string events = _fa.Write("c.jsonl", "{\"ts\":1000,\"user\":\"u\",\"what\":\"a\"}\n");

        int code = await _fa.RunAsync(
            "batch", "--definitions", definitions, "--plugins", _fa.Path("plugins"), "--input", events, "--source", "clicks", "--at", "2000", "--output", "-");

        Assert.Equal(0, code);
        Assert.Contains("\"feature\":\"tally\",\"window\":\"1m\",\"at\":2000,\"value\":null}", _fa.Out, StringComparison.Ordinal);
        Assert.Contains("\"feature\":\"clicks\",\"window\":\"1m\",\"at\":2000,\"value\":1}", _fa.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Batch_reads_a_file_by_the_format_of_a_plug_in_and_looks_up_columns()
    {
        PluginFiles.PutKinds(_fa.Path("plugins"));
        string definitions = _fa.Write(
            "d.conf",
            """
            namespace = shop
            sources.clicks {
              format = "custom:pipes", event-time { field = ts, unit = ms }, fields { ts = long, user = string, what = string }
              lookups.catalog { type = "custom:catalog", key = what, columns = [brand, price] }
            }
            entities.user { key = [string] }
            groups.activity {
              entity = user, source = clicks, key = user
              features { brands { type = count-map, key = brand, windows = [1m] }, label { type = "custom:label", of = what } }
            }
            """);
        string events = _fa.Write("c.log", "1000|u|apple\nsoon|u|pear\n1002|u|cod\n1003|u|throw-format\n1001|u|ale\n");

        int code = await _fa.RunAsync(
            "batch", "--definitions", definitions, "--plugins", _fa.Path("plugins"), "--input", events, "--source", "clicks", "--at", "2000", "--output", "-");

        Assert.Equal(0, code);
        Assert.Contains("\"feature\":\"brands\",\"window\":\"1m\",\"at\":2000,\"value\":{\"a\":2,\"c\":1}}", _fa.Out, StringComparison.Ordinal);
        Assert.Matches("\"feature\":\"label\",.*\"at\":2000,\"value\":\"cod\"}", _fa.Out);
        Assert.Contains("malformed", _fa.Error, StringComparison.Ordinal);
        Assert.Contains("format-error", _fa.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_without_a_node_says_what_it_would_load()
    {
        string config = _fa.Write("node.conf", "fa { plugins.folder = plugins, data-directory = data }");

        Assert.Equal(0, await _fa.RunAsync("plugins", "list", "--config", config));

        Assert.Equal("tally 1.0.0: type custom:tally, function twice\n", _fa.Out);
        Assert.Contains("no node runs on", _fa.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reload_without_a_node_exits_3_and_says_so()
    {
        string config = _fa.Write("node.conf", "fa { plugins.folder = plugins, data-directory = data }");

        Assert.Equal(3, await _fa.RunAsync("plugins", "reload", "--config", config));

        Assert.Contains("no node runs on", _fa.Error, StringComparison.Ordinal);
    }
}
