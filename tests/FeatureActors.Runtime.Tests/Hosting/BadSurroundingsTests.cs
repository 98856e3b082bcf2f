using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Core.Formats;
using FeatureActors.Runtime.Ingest;
using FeatureActors.Runtime.Shards;
using FeatureActors.TestKit.Faults;
using FeatureActors.TestKit.Ports;

namespace FeatureActors.Runtime.Tests.Hosting;

/// <summary>What a node finds around it cannot be right: the shard or source concerned stands still and says what to do, the others go on.</summary>
public sealed class BadSurroundingsTests
{
    private static readonly ShardId Halted = new("user", 1);

    private readonly MemoryNode.World _world = new();

    [Fact]
    public async Task A_batch_of_a_newer_release_stops_its_shard_and_the_others_go_on()
    {
        await using var node = new MemoryNode(_world);
        MemoryNode.Tell(_world.Clicks);
        await node.UntilCountAsync("clicked", 1, 0, 1, 2, 3);
        byte[] newer = new byte[100];
        "FA"u8.CopyTo(newer);
        newer[2] = StoredFormat.Newest + 1;
        await _world.Log.AppendAsync(Halted, newer, CancellationToken.None);

        await node.UntilAsync("the shard stands still", () => IsIn(node, ShardState.Faulted));
        MemoryNode.Tell(_world.Clicks);
        await node.UntilCountAsync("clicked", 2, 0, 2, 3);
        await node.UntilCountAsync("clicked", 1, 1);

        Assert.Contains("run the newer release", Assert.Single(node.Status.Halts), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sink", "WriteAsync")]
    [InlineData("sink", "RaiseFenceAsync")]
    [InlineData("log", "AppendAsync")]
    [InlineData("log", "GetRangeAsync")]
    public async Task What_fails_in_a_way_nobody_foresaw_costs_a_new_beginning_and_no_value(string port, string operation)
    {
        int failures = 0;
        (port == "sink" ? (FaultyPort)_world.Sink : _world.Log).Fault = (name, shard) =>
            name == operation && shard == Halted && Interlocked.Increment(ref failures) == 1
                ? throw new InvalidOperationException("a fault of the client itself")
                : PortFault.None;
        await using var node = new MemoryNode(_world);
        MemoryNode.Tell(_world.Clicks);

        await node.UntilCountAsync("clicked", 1, 0, 1, 2, 3);
        Assert.True(failures > 1, "it was called again");
    }

    [Fact]
    public async Task All_logs_that_do_not_fit_are_named_at_once()
    {
        await _world.Log.OpenAsync("user", MemoryNode.Shards + 1, CancellationToken.None);
        await _world.Log.OpenAsync("guest", 2, CancellationToken.None);
        await using var node = new MemoryNode(_world);

        var error = await Assert.ThrowsAsync<LogSetupException>(() => node.UntilAsync("the node refuses", static () => false));
        Assert.Contains("user", error.Message, StringComparison.Ordinal);
        Assert.Contains("guest", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_fails_while_a_node_warms_up_does_not_end_the_node()
    {
        int failures = 0;
        _world.Sink.Fault = (name, _) => name == "ReadFenceAsync" && Interlocked.Increment(ref failures) == 1
            ? throw new InvalidOperationException("a fault of the client itself")
            : PortFault.None;
        await using var node = new MemoryNode(_world);
        MemoryNode.Tell(_world.Clicks);

        await node.UntilCountAsync("clicked", 1, 0, 1, 2, 3);
        Assert.True(failures > 0, "nothing failed");
    }

    [Fact]
    public async Task A_log_that_lost_what_a_checkpoint_has_stops_its_shard_and_the_others_go_on()
    {
        await RunOnceAsync();
        _world.Log.LoseTail(Halted, 0);

        await using var node = new MemoryNode(_world);
        await node.UntilAsync("the shard stands still", () => IsIn(node, ShardState.LogLostTail));
        MemoryNode.Tell(_world.Clicks);
        await node.UntilCountAsync("clicked", 2, 0, 2, 3);

        Assert.Contains("restore the log, or forget the namespace", Assert.Single(node.Status.Halts), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_that_begins_behind_a_checkpoint_stops_its_shard_and_the_others_go_on()
    {
        await RunOnceAsync();
        long end = (await _world.Log.GetRangeAsync(Halted, CancellationToken.None)).End;
        await _world.Log.AppendAsync(Halted, new byte[100], CancellationToken.None);
        await _world.Log.TrimAsync(Halted, end + 1, CancellationToken.None);

        await using var node = new MemoryNode(_world);
        await node.UntilAsync("the shard stands still", () => IsIn(node, ShardState.LogLostTail));
        MemoryNode.Tell(_world.Clicks);
        await node.UntilCountAsync("clicked", 2, 0, 2, 3);

        Assert.Contains("forget the namespace and replay the sources", Assert.Single(node.Status.Halts), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_that_was_made_anew_stops_its_entity_type_and_the_other_goes_on()
    {
        await RunOnceAsync();
        _world.Log.Delete("user");

        await using var node = new MemoryNode(_world);
        await node.UntilAsync("all shards of users stand still", () => node.Status.Halts.Count() == MemoryNode.Shards);
        MemoryNode.Tell(_world.Views);
        await node.UntilAsync("guests go on", () => _world.Sink.TryRead($"fa:shop:visits:{MemoryNode.UserOf(0)}") is not null);

        Assert.All(node.Status.Halts, static h => Assert.Contains("restore the old setting or start with an empty namespace", h, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_source_that_was_made_anew_stands_still_until_a_new_lane_is_opened_and_the_others_go_on()
    {
        await RunOnceAsync();
        _world.Clicks = new("clicks", 1);
        await using (var node = new MemoryNode(_world))
        {
            await node.UntilAsync("the source stands still", () => node.Status.Sources.Any(static s => s.State == IngestState.SourceRewound));
            MemoryNode.Tell(_world.Views);
            await node.UntilCountAsync("viewed", 1, 0, 1, 2, 3);
            Assert.Contains("start once with fa.ingest.new-lanes = [clicks]", Assert.Single(node.Status.Halts), StringComparison.Ordinal);
        }

        await using var accepting = new MemoryNode(_world, "clicks");
        await accepting.UntilAsync("the source is read", () => accepting.Status.Sources.Any(static s => s.Source == "clicks" && s.State == IngestState.Running));
        MemoryNode.Tell(_world.Clicks);
        await accepting.UntilCountAsync("clicked", 2, 0, 1, 2, 3);
        Assert.Empty(accepting.Status.Halts);
    }

    private static bool IsIn(MemoryNode node, ShardState state) => node.Status.Shards.Any(s => s.Shard == Halted && s.State == state);

    /// <summary>A node that takes one event of each shard, keeps its state and positions, and stops.</summary>
    private async Task RunOnceAsync()
    {
        await using var node = new MemoryNode(_world);
        MemoryNode.Tell(_world.Clicks);
        await node.UntilCountAsync("clicked", 1, 0, 1, 2, 3);
        await node.UntilAsync("all is checkpointed", () => node.Status.Shards.Where(static s => s.Shard.Entity == "user").All(static s => s.Counters.Checkpoints > 0));
        await node.UntilAsync("the position is saved", async () => await _world.Positions.ReadAsync("clicks", 0, CancellationToken.None) is { NextOffset: MemoryNode.Shards });
    }
}
