using FeatureActors.Node.Hosting.Control;

namespace FeatureActors.Node.Tests.Plugins;

public sealed class PluginExchangeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fa-plugins-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_new_version_takes_over_the_state_of_the_old_one_while_the_node_runs()
    {
        PluginFiles.PutTally(_folder);
        await using var node = new PluginNode(_folder);
        node.Send("u", "a", 3);
        await node.UntilValueAsync("u", "tally:1h", "3");

        PluginFiles.PutNextTally(_folder);
        ControlAnswer answer = await node.AskAsync("plugins reload", "tally");

        Assert.True(answer.IsDone, string.Join('\n', answer.Lines));
        Assert.Equal(["tally 2.0.0 is loaded: type custom:tally, function twice"], answer.Lines);
        await node.UntilValueAsync("u", "tally:1h", "30");
        node.Send("u", "a");
        await node.UntilValueAsync("u", "tally:1h", "40");
        Assert.Equal("4", node.Value("u", "clicks:1h"));
        Assert.Equal("3", node.Value("u", "matching:1h"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_old_version_leaves_memory_after_an_exchange(bool isFunctionUsed)
    {
        PluginFiles.PutTally(_folder);
        await using var node = new PluginNode(
            _folder, isFunctionUsed ? PluginNode.Definitions : PluginNode.Definitions.Replace(", where = \"twice(what) = 'aa'\"", "", StringComparison.Ordinal));
        node.Send("u", "a", 3);
        if (Environment.GetEnvironmentVariable("NOTHROW") is null) { node.Send("u", "throw"); }
        await node.UntilValueAsync("u", "clicks:1h", Environment.GetEnvironmentVariable("NOTHROW") is null ? "4" : "3");

        PluginFiles.PutNextTally(_folder);
        Assert.True((await node.AskAsync("plugins reload")).IsDone);
        node.Send("u", "a");
        await node.UntilValueAsync("u", "clicks:1h", Environment.GetEnvironmentVariable("NOTHROW") is null ? "5" : "4");

        WeakReference old = Assert.Single(node.Loaded);
        await node.UntilAsync(
            () =>
            {
                PluginLoaderTests.Collect(old);
                return !old.IsAlive;
            },
            "the old version leaves memory");
    }

    [Fact]
    public async Task An_exchange_reaches_entities_that_are_not_in_memory()
    {
        PluginFiles.PutTally(_folder);
        await using var node = new PluginNode(_folder, passivateAfter: TimeSpan.FromMilliseconds(1));
        node.Send("u", "a", 2);
        await node.UntilAsync(() => node.Runtime.Status.Shards.Sum(static s => s.ColdEntities) == 1, "the entity leaves memory");

        PluginFiles.PutNextTally(_folder);
        Assert.True((await node.AskAsync("plugins reload")).IsDone);

        await node.UntilValueAsync("u", "tally:1h", "20");
    }

    [Fact]
    public async Task A_version_that_cannot_read_the_state_is_refused_and_the_old_one_goes_on()
    {
        PluginFiles.PutNextTally(_folder);
        await using var node = new PluginNode(_folder);
        node.Send("u", "a");
        await node.UntilValueAsync("u", "tally:1h", "10");

        PluginFiles.PutTally(_folder);
        ControlAnswer answer = await node.AskAsync("plugins reload", "tally");

        Assert.False(answer.IsDone);
        Assert.Equal(
            ["feature tally: the new custom:tally writes state of version 1, the one that runs wrote version 2 already", "nothing was changed"], answer.Lines);
        node.Send("u", "a");
        await node.UntilValueAsync("u", "tally:1h", "20");
    }

    [Fact]
    public async Task What_cannot_be_loaded_is_refused_and_the_old_one_goes_on()
    {
        PluginFiles.PutTally(_folder);
        await using var node = new PluginNode(_folder);
        await File.WriteAllTextAsync(Path.Combine(_folder, "tally", "tally.dll"), "half a file");

        ControlAnswer answer = await node.AskAsync("plugins reload", "tally");

        Assert.Equal(["plug-in 'tally': tally.dll is no .NET assembly", "nothing was changed"], answer.Lines);
        node.Send("u", "a");
        await node.UntilValueAsync("u", "tally:1h", "1");
    }

    [Fact]
    public async Task List_says_what_is_loaded_and_how_each_use_behaves()
    {
        PluginFiles.PutTally(_folder);
        await using var node = new PluginNode(_folder);

        ControlAnswer answer = await node.AskAsync("plugins list");

        Assert.Equal(
            [
                "tally 1.0.0: type custom:tally, function twice",
                "feature activity.tally (tally): on, 0 calls failed",
                "function twice (tally): on, 0 calls failed",
            ],
            answer.Lines);
    }
}
