using System.Globalization;
using FeatureActors.Node.Commands;

namespace FeatureActors.Node.Tests.Plugins;

/// <summary>Commands against a node of <c>fa run</c> with its data directory; Redis is away, which never stops a node.</summary>
public sealed class PluginNodeCommandTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Fa _fa = new();
    private readonly string _config;

    public PluginNodeCommandTests()
    {
        PluginFiles.PutTally(_fa.Path("plugins"));
        _fa.Write("d.conf", PluginNode.Definitions);
        _fa.Write("clicks.jsonl", "");
        _config = _fa.Write(
            "node.conf",
            """
            fa {
              definitions = d.conf, data-directory = data, log-level = error, redis.port = 1
              plugins { folder = plugins, call-budget = 500ms }
              sources.clicks.file = clicks.jsonl
            }
            """);
    }

    public void Dispose() => _fa.Dispose();

    [Fact]
    public async Task Plug_ins_of_a_running_node_are_listed_exchanged_and_switched_by_commands()
    {
        var said = new StringWriter();
        using CommandHost node = Host(said);
        Task<int> run = CommandLine.RunAsync(["run", "--config", _config], node);
        await Eventually.HoldsAsync(ListsTheFeatureAsync, "the node answers commands", run);

        Assert.Contains("feature activity.tally (tally): on, 0 calls failed\n", _fa.Out, StringComparison.Ordinal);
        PluginFiles.PutNextTally(_fa.Path("plugins"));
        Assert.Equal((0, "tally 2.0.0 is loaded: type custom:tally, function twice\n"), (await _fa.RunAsync("plugins", "reload", "tally", "--config", _config), _fa.Out));
        Assert.Equal((0, "activity.tally is switched off\n"), (await _fa.RunAsync("plugins", "switch-off", "activity.tally", "--config", _config), _fa.Out));
        await Eventually.HoldsAsync(() => Task.FromResult(File.Exists(_fa.Path("data/plugins-off.json"))), "the switch-off is kept", run);
        Assert.DoesNotContain("is switched off", said.ToString(), StringComparison.Ordinal);
        Assert.Equal((0, "activity.tally is switched on\n"), (await _fa.RunAsync("plugins", "switch-on", "activity.tally", "--config", _config), _fa.Out));
        Assert.Equal(1, await _fa.RunAsync("plugins", "switch-on", "tally", "--config", _config));
        Assert.Contains("no plug-in is used under the name 'tally'; there is activity.tally, twice", _fa.Error, StringComparison.Ordinal);
        Assert.Equal(1, await _fa.RunAsync("plugins", "reload", "other", "--config", _config));
        Assert.Contains("there is no plug-in 'other'", _fa.Error, StringComparison.Ordinal);

        node.Stop();
        Assert.Equal(0, await run.WaitAsync(Patience, TimeProvider.System));
        Assert.False(File.Exists(_fa.Path("data/control.sock")));
    }

    [Fact]
    public async Task A_node_with_two_stuck_threads_exits_4_and_begins_again_with_what_hung_switched_off()
    {
        // One row and two features that hang at it: the second one when the shard is taken up again without the first. Two shards that
        // hang at once would not do: the feature is off for both when the first is noticed.
        const string Tally = "tally { type = \"custom:tally\", of = what, windows = [1h] }";
        _fa.Write("d.conf", PluginNode.Definitions.Replace(Tally, $"{Tally}\n    second_{Tally}", StringComparison.Ordinal));
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        _fa.Write("clicks.jsonl", string.Create(
            CultureInfo.InvariantCulture, $$"""{"ts":{{now}},"user":"{{PluginNode.KeyOf(0)}}","what":"hang"}""") + "\n");
        var said = new StringWriter();
        using CommandHost first = Host(said);

        Assert.Equal(4, await CommandLine.RunAsync(["run", "--config", _config], first).WaitAsync(Patience, TimeProvider.System));
        Assert.Contains("2 threads hang in calls of plug-ins: start the node again; what hung is switched off", said.ToString(), StringComparison.Ordinal);

        using CommandHost second = Host(new StringWriter());
        Task<int> run = CommandLine.RunAsync(["run", "--config", _config], second);
        await Eventually.HoldsAsync(ListsTheFeatureAsync, "the node answers commands", run);
        Assert.Contains("activity.tally (tally): switched off: a call did not return within 00:00:00.5000000", _fa.Out, StringComparison.Ordinal);
        second.Stop();

        // 0, or 1 when the stop comes before the start is over: it answers commands early.
        await run.WaitAsync(Patience, TimeProvider.System);
    }

    private async Task<bool> ListsTheFeatureAsync() =>
        await _fa.RunAsync("plugins", "list", "--config", _config) == 0 && _fa.Out.Contains("activity.tally", StringComparison.Ordinal);

    private static CommandHost Host(StringWriter error) =>
        new() { Out = new StringWriter(), Error = TextWriter.Synchronized(error), OpenOutput = () => new MemoryStream() };
}
