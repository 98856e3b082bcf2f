using System.Text;
using System.Text.Json.Nodes;
using FeatureActors.Node.Commands;

namespace FeatureActors.Node.Tests.Plugins;

/// <summary>A node of <c>fa run</c> that publishes to the sink of a plug-in.</summary>
public sealed class PluginSinkNodeTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Fa _fa = new();

    public PluginSinkNodeTests()
    {
        PluginFiles.PutKinds(_fa.Path("plugins"));
        _fa.Write(
            "d.conf",
            """
            namespace = shop
            sources.clicks { format = json, event-time { field = ts, unit = ms }, fields { user = string, ts = long } }
            entities.user { key = [string], shards = 1 }
            groups.activity { entity = user, source = clicks, key = user, features.clicks { type = count, windows = [1h] }, triggers = [{ on = update }] }
            """);
        _fa.Write("clicks.jsonl", $$"""{"user":"u","ts":{{TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()}}}""" + "\n");
    }

    public void Dispose() => _fa.Dispose();

    [Fact]
    public async Task Values_come_to_the_sink_also_after_it_threw_and_after_it_hung_and_after_its_plug_in_was_exchanged()
    {
        string config = Config("folder = shelf, is-moody = true");
        Directory.CreateDirectory(Shelf);
        await File.WriteAllTextAsync(Mood, "throw");
        using var node = new CommandHost { Out = new StringWriter(), Error = TextWriter.Synchronized(new StringWriter()), OpenOutput = static () => new MemoryStream() };
        Task<int> run = CommandLine.RunAsync(["run", "--config", config], node);
        await Eventually.HoldsAsync(async () => await FaultsAsync(config) > 0, "the sink throws", run);
        Assert.Empty(Keys());

        await File.WriteAllTextAsync(Mood, "hang");
        await Eventually.HoldsAsync(async () => (await ListAsync(config)).Contains("a call did not return within", StringComparison.Ordinal), "the sink hangs", run);
        Assert.Empty(Keys());

        File.Delete(Mood);
        Assert.Equal(0, await _fa.RunAsync("plugins", "reload", "kinds", "--config", config));
        await Eventually.HoldsAsync(() => Task.FromResult(Keys().Length == 1), "the value is there", run);
        Assert.StartsWith("fa:shop:activity:u", Encoding.UTF8.GetString(Convert.FromHexString(Path.GetFileNameWithoutExtension(Keys()[0]))), StringComparison.Ordinal);
        Assert.NotNull(JsonNode.Parse(await File.ReadAllTextAsync(Keys()[0]))!["Fields"]!["_v"]);
        Assert.NotEqual(0, await _fa.RunAsync("get", "--group", "activity", "--key", "u", "--config", config));
        Assert.Contains("publishes to sink custom:shelf, not to Redis", _fa.Error, StringComparison.Ordinal);

        node.Stop();
        Assert.Equal(0, await run.WaitAsync(Patience, TimeProvider.System));
    }

    [Theory]
    [InlineData("sink.type = \"custom:cupboard\"", "has the sink 'custom:cupboard': there is custom:shelf")]
    [InlineData("sink.type = cupboard", "'cupboard' is no sink")]
    [InlineData("sink.settings.folder = x", "the sink redis reads none")]
    [InlineData("sink { type = \"custom:shelf\" }", "folder")]
    [InlineData("sink { type = \"custom:shelf\", settings { folder = x, folded = 1 } }", "folded")]
    public async Task A_mistake_in_the_configuration_of_the_sink_is_named_with_its_place(string sink, string expected)
    {
        string config = _fa.Write("node.conf", $"fa {{\n  definitions = d.conf, data-directory = data, log-level = error\n  {sink}\n  plugins.folder = plugins, sources.clicks.file = clicks.jsonl\n}}\n");

        Assert.NotEqual(0, await _fa.RunAsync("run", "--config", config));

        Assert.Contains(expected, _fa.Error, StringComparison.Ordinal);
        Assert.Contains("node.conf:3", _fa.Error, StringComparison.Ordinal);
    }

    private string Shelf => _fa.Path("shelf");

    private string Mood => Path.Combine(Shelf, "mood");

    private string[] Keys() => Directory.GetFiles(Shelf, "*.key");

    private string Config(string settings) => _fa.Write(
        "node.conf",
        $$"""
        fa {
          definitions = d.conf, data-directory = data, log-level = error
          plugins { folder = plugins, call-budget = 200ms }
          sink { type = "custom:shelf", settings { {{settings.Replace("shelf", $"\"{Shelf}\"", StringComparison.Ordinal)}} } }
          sources.clicks.file = clicks.jsonl
        }
        """);

    private async Task<string> ListAsync(string config) => await _fa.RunAsync("plugins", "list", "--config", config) == 0 ? _fa.Out : "";

    private async Task<int> FaultsAsync(string config) =>
        (await ListAsync(config)).Split('\n').FirstOrDefault(static l => l.StartsWith("sink sink (kinds): on, ", StringComparison.Ordinal)) is { } line
            ? int.Parse(line.Split(", ")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture)
            : 0;
}
