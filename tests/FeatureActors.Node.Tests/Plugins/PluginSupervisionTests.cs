using System.Diagnostics;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Runtime.Hosting;
using Xunit.Abstractions;

namespace FeatureActors.Node.Tests.Plugins;

public sealed class PluginSupervisionTests : IDisposable
{
    private readonly ITestOutputHelper _output;
    private readonly string _folder = Directory.CreateTempSubdirectory("fa-plugins-").FullName;

    public PluginSupervisionTests(ITestOutputHelper output)
    {
        _output = output;
        PluginFiles.PutTally(_folder);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("throw", "TallyFeatureType.Aggregate.Apply")]
    [InlineData("bloat", "the slot would have 100000 bytes, more than the declared 8")]
    public async Task A_row_that_goes_wrong_costs_its_own_feature_and_is_dead_lettered_with_the_stack(string what, string error)
    {
        await using var node = new PluginNode(_folder);
        node.Send("u", "a");
        node.Send("u", what);
        node.Send("u", "a");
        await node.UntilValueAsync("u", "clicks:1h", "3");

        Assert.Equal("2", node.Value("u", "tally:1h"));
        Assert.Equal(1, node.Part("activity.tally").Faults);
        DeadLetter letter = await LetterAsync(node, static l => l.Feature == "tally");
        Assert.Equal("feature-error", letter.Reason);
        Assert.Contains(error, letter.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_feature_that_fails_on_most_rows_is_switched_off_absent_and_back_by_command()
    {
        await using var node = new PluginNode(_folder);
        node.Send("u", "a");
        await node.UntilValueAsync("u", "tally:1h", "1");

        node.Send("u", "throw", 200);
        await node.UntilAsync(() => node.Part("activity.tally").IsOff, "the feature is switched off");
        await node.UntilValueAsync("u", "clicks:1h", "201");
        await node.UntilValueAsync("u", "tally:1h", null);
        await node.UntilAsync(() => node.Runtime.Status.PluginsSwitchedOff == 2, "feature and function are counted as switched off");
        long faults = node.Part("activity.tally").Faults;
        Assert.InRange(faults, 100, 130);

        Assert.Equal(["activity.tally is switched on"], (await node.AskAsync("plugins switch-on", "activity.tally")).Lines);
        await node.UntilValueAsync("u", "tally:1h", "1");
        node.Send("u", "b");
        await node.UntilValueAsync("u", "tally:1h", "2");
        _output.WriteLine($"switched off after {faults} failures of 201 rows; its state stayed");
    }

    [Fact]
    public async Task A_function_that_throws_costs_the_feature_that_calls_it()
    {
        await using var node = new PluginNode(_folder);
        node.Send("u", "a");
        node.Send("u", "throw");
        await node.UntilValueAsync("u", "clicks:1h", "2");

        Assert.Equal("1", node.Value("u", "matching:1h"));
        DeadLetter letter = await LetterAsync(node, static l => l.Feature == "matching");
        Assert.Contains("function twice of plug-in tally failed: told to throw", letter.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("throw", "told to throw at evaluation")]
    [InlineData("nan", "the value is not finite")]
    [InlineData("json", "the value is no JSON text")]
    public async Task A_value_that_is_nonsense_is_absent_counted_and_dead_lettered(string how, string error)
    {
        await using var node = new PluginNode(
            _folder, PluginNode.Definitions.Replace("of = what,", $"of = what, evaluate = {how},", StringComparison.Ordinal));
        node.Send("u", "a");
        await node.UntilValueAsync("u", "clicks:1h", "1");

        Assert.Null(node.Value("u", "tally:1h"));
        DeadLetter letter = await LetterAsync(node, static l => l.Feature == "tally");
        Assert.Equal("evaluation-error", letter.Reason);
        Assert.Contains(error, letter.Error, StringComparison.Ordinal);
        Assert.InRange(node.Runtime.Status.Shards.Sum(static s => s.Counters.EvaluationFaults), 1, 100);
    }

    [Fact]
    public async Task A_call_that_never_returns_costs_its_thread_and_other_shards_publish_meanwhile()
    {
        var budget = TimeSpan.FromSeconds(1);
        await using var node = new PluginNode(_folder, callBudget: budget);
        string stuck = PluginNode.KeyOf(0);
        for (int shard = 0; shard < 4; shard++)
        {
            node.Send(PluginNode.KeyOf(shard), "a");
            await node.UntilValueAsync(PluginNode.KeyOf(shard), "tally:1h", "1");
        }

        await node.UntilAsync(() => node.Checkpoints.CountEntities(new ShardId("user", 0)) == 1, "a checkpoint");
        Epoch before = node.EpochOf(0);
        long start = Stopwatch.GetTimestamp();
        node.Send(stuck, "hang");
        for (int shard = 1; shard < 4; shard++)
        {
            node.Send(PluginNode.KeyOf(shard), "b");
        }

        for (int shard = 1; shard < 4; shard++)
        {
            await node.UntilValueAsync(PluginNode.KeyOf(shard), "clicks:1h", "2");
        }

        TimeSpan others = Stopwatch.GetElapsedTime(start);
        await node.UntilAsync(() => node.Part("activity.tally").IsOff, "the feature is switched off");
        TimeSpan off = Stopwatch.GetElapsedTime(start);
        await node.UntilValueAsync(stuck, "clicks:1h", "2");
        TimeSpan back = Stopwatch.GetElapsedTime(start);

        Assert.True(others < TimeSpan.FromSeconds(2), $"the other shards published after {others}");
        Assert.True(node.EpochOf(0).Value > before.Value);
        Assert.Equal(1, node.Runtime.Status.StuckThreads);
        await node.UntilValueAsync(stuck, "tally:1h", null);
        Assert.Contains("did not return", (await LetterAsync(node, static l => l.Reason == "stuck-call")).Error, StringComparison.Ordinal);
        _output.WriteLine(
            $"budget {budget.TotalMilliseconds:F0} ms: other shards published after {others.TotalMilliseconds:F0} ms, switched off after {off.TotalMilliseconds:F0} ms, the shard itself published after {back.TotalMilliseconds:F0} ms");
    }

    [Fact]
    public async Task Two_calls_that_never_return_make_the_node_ask_for_a_new_start()
    {
        await using var node = new PluginNode(_folder, callBudget: TimeSpan.FromSeconds(1));
        node.Send(PluginNode.KeyOf(0), "hang");
        node.Send(PluginNode.KeyOf(1), "hang");

        RestartNeededException error = await Assert.ThrowsAsync<RestartNeededException>(() => node.Running.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System));

        Assert.Contains("2 threads hang in calls of plug-ins", error.Message, StringComparison.Ordinal);
    }

    private static async Task<DeadLetter> LetterAsync(PluginNode node, Func<DeadLetter, bool> which)
    {
        DeadLetter? letter = null;
        await node.UntilAsync(
            async () =>
            {
                letter = (await node.Letters.ListAsync(null, null, 1000, CancellationToken.None)).FirstOrDefault(which);
                return letter is not null;
            },
            "a dead letter is kept");
        return letter!;
    }
}
