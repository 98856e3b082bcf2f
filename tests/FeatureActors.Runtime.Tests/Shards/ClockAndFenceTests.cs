using FeatureActors.Abstractions.Identity;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.Runtime.Tests.Shards;

/// <summary>Clocks that jump by an hour, and a fence that belongs to somebody else.</summary>
public sealed class ClockAndFenceTests : IDisposable
{
    private const long HourMs = 3_600_000;
    private const string Definitions = """
        namespace = t
        sources.s { format = json, event-time { field = ts, unit = ms }, max-future = 2h, fields { k = string, ts = long } }
        entities.item { key = [string], shards = 1 }
        groups.g {
          entity = item, source = s, key = k
          features { n { type = count, windows = [1m] } }
          triggers = [{ on = update, coalesce = 50ms }]
        }
        """;

    private readonly ShardDriver _shard = new(Definitions);

    public void Dispose() => _shard.Dispose();

    [Fact]
    public void A_clock_that_leaps_an_hour_ahead_holds_T_and_says_what_to_do_until_it_is_right_again()
    {
        _shard.Tell("a");
        _shard.Advance(1_000);

        _shard.JumpClock(HourMs);
        _shard.Advance(1_000);
        Assert.Equal(ShardState.ClockJumped, _shard.Machine.State);
        Assert.InRange(_shard.Machine.ClockMs, ShardDriver.Start, ShardDriver.Start + 5_000);
        Assert.Contains("set this node's clock right", _shard.Said[^1], StringComparison.Ordinal);
        Assert.Equal("1", _shard.Read("a")?["n:1m"]);

        _shard.JumpClock(-HourMs);
        _shard.Advance(1_000);
        _shard.Tell("a");
        _shard.Advance(1_000);
        Assert.Equal(ShardState.Running, _shard.Machine.State);
        Assert.Equal("2", _shard.Read("a")?["n:1m"]);
    }

    [Fact]
    public void A_clock_that_goes_back_an_hour_holds_T_counts_on_and_says_what_to_do_once()
    {
        _shard.Tell("a");
        _shard.Advance(1_000);
        long held = _shard.Machine.ClockMs;

        _shard.JumpClock(-HourMs);
        _shard.TellAt("a", held);
        _shard.Advance(5_000);
        Assert.Equal(held, _shard.Machine.ClockMs);
        Assert.Equal("2", _shard.Read("a")?["n:1m"]);
        Assert.Contains("behind T", Assert.Single(_shard.Said, static s => s.Contains("set the clock right", StringComparison.Ordinal)), StringComparison.Ordinal);

        _shard.JumpClock(HourMs);
        _shard.Advance(70_000);
        Assert.True(_shard.Machine.ClockMs > held + 60_000);
        Assert.Null(_shard.Read("a"));
    }

    [Fact]
    public void A_clock_that_leaps_while_a_new_owner_asks_the_store_for_the_time_does_not_move_T()
    {
        _shard.Tell("a");
        _shard.Advance(1_000);

        _shard.JumpClockWhileStoreIsAsked(HourMs);
        Assert.Equal(ShardState.ClockJumped, _shard.Machine.State);
        Assert.True(_shard.Machine.ClockMs < ShardDriver.Start + 5_000);
        Assert.Contains("set the wrong one right", _shard.Said[^1], StringComparison.Ordinal);

        _shard.JumpClock(-HourMs);
        _shard.Advance(1_000);
        Assert.Equal(ShardState.Running, _shard.Machine.State);
        Assert.InRange(_shard.Machine.ClockMs, ShardDriver.Start + 1_000, ShardDriver.Start + 5_000);
    }

    [Fact]
    public void A_fence_of_somebody_the_store_does_not_know_stops_the_shard_and_names_the_causes()
    {
        _shard.Tell("a");
        _shard.Advance(1_000);
        _shard.RaiseForeignFence(new Epoch(99));

        _shard.Kill(next: ShardState.Fenced);

        Assert.Contains("another cluster publishes under this namespace", _shard.Said[^1], StringComparison.Ordinal);
    }
}
