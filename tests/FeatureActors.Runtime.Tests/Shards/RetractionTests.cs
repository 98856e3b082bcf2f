using FeatureActors.Abstractions.Errors;

namespace FeatureActors.Runtime.Tests.Shards;

/// <summary>Retractions from the event's bytes to the feature store.</summary>
public sealed class RetractionTests
{
    private const string Features =
        """
        n { type = count, windows = [1h] }, total { type = sum, of = v, windows = [1h] }, mean { type = avg, of = v, windows = [1h] },
        per { type = count-map, key = c, windows = [1h] }, sums { type = sum-map, key = c, of = v, windows = [1h] },
        top { type = top-k, key = c, k = 2, windows = [1h] }
        """;

    [Fact]
    public void Retraction_takes_its_row_back()
    {
        using ShardDriver shard = Group(Features);
        shard.Tell("a", "\"v\":2,\"c\":\"x\"");
        shard.Tell("a", "\"v\":5,\"c\":\"y\"");
        shard.Tell("a", "\"v\":5,\"c\":\"y\",\"undo\":true");
        shard.Advance(100);
        Assert.Equal("n:1h=1 total:1h=2 mean:1h=2 per:1h={\"x\":1} sums:1h={\"x\":2} top:1h=[[\"x\",1]]", Values(shard)[^1]);
    }

    [Fact]
    public void Rows_that_are_all_taken_back_leave_the_value_without_rows_in_either_order()
    {
        using ShardDriver shard = Group(Features);
        shard.Tell("a", "\"v\":5,\"c\":\"y\"");
        shard.Tell("a", "\"v\":5,\"c\":\"y\",\"undo\":true");
        shard.Tell("a", "\"v\":7,\"c\":\"z\",\"undo\":true");
        shard.Tell("a", "\"v\":7,\"c\":\"z\"");
        shard.Advance(100);
        Assert.Equal("n:1h=0 total:1h=0", Values(shard)[^1]);
    }

    [Fact]
    public void What_was_never_told_can_be_taken_back_and_shows_below_zero()
    {
        using ShardDriver shard = Group(Features);
        shard.Tell("a", "\"v\":5,\"c\":\"y\",\"undo\":true");
        shard.Advance(100);
        Assert.Equal("n:1h=-1 total:1h=-5 mean:1h=5 per:1h={\"y\":-1} sums:1h={\"y\":-5} top:1h=[[\"y\",-1]]", Values(shard)[^1]);
    }

    [Fact]
    public void Retraction_survives_a_restart_between_it_and_its_row()
    {
        using ShardDriver shard = Group("n { type = count, windows = [1h] }");
        long time = shard.NowMs;
        shard.TellAt("a", time);
        shard.Advance(100);
        shard.Restart();
        shard.TellAt("a", time, "\"undo\":true");
        shard.Advance(100);
        Assert.Equal("n:1h=0", Values(shard)[^1]);
    }

    [Fact]
    public void Retraction_beyond_retention_is_late_like_any_row()
    {
        using ShardDriver shard = Group("n { type = count, windows = [1m] }");
        shard.TellAt("a", shard.NowMs - 120_000, "\"undo\":true");
        shard.Advance(100);
        Assert.Equal(1, shard.Machine.Counters.Late);
        Assert.Null(shard.Read("a"));
    }

    [Fact]
    public void Retraction_with_the_event_id_of_its_row_is_no_repetition_but_a_second_one_is()
    {
        using ShardDriver shard = Group("n { type = count, windows = [1h] }", "event-id = c");
        shard.Tell("a", "\"c\":\"id1\"");
        shard.Tell("a", "\"c\":\"id2\"");
        shard.Tell("a", "\"c\":\"id1\",\"undo\":true");
        shard.Tell("a", "\"c\":\"id1\",\"undo\":true");
        shard.Tell("a", "\"c\":\"id1\"");
        shard.Advance(100);
        Assert.Equal("n:1h=1", Values(shard)[^1]);
    }

    [Fact]
    public void Group_with_types_that_cannot_take_back_is_refused_each_with_its_place()
    {
        ConfigException refused = Assert.Throws<ConfigException>(
            () => Group("n { type = count, windows = [1h] }\n  lo { type = min, of = v, windows = [1h] }\n  l { type = latest, of = v }"));
        Assert.Equal(2, refused.Errors.Count);
        Assert.Contains("d.conf:12:6", refused.Errors[0].ToString(), StringComparison.Ordinal);
        Assert.Contains("feature 'lo' of type min cannot take back a row, but source s has retractions", refused.Errors[0].ToString(), StringComparison.Ordinal);
        Assert.Contains("feature 'l' of type latest", refused.Errors[1].ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ session = 30m }", "window 'session-30m' of feature 'n' cannot take back a row")]
    [InlineData("{ last = 5 }", "window 'last-5' of feature 'n' cannot take back a row")]
    public void Windows_that_cannot_take_back_are_refused(string window, string message)
    {
        ConfigException refused = Assert.Throws<ConfigException>(
            () => Group($"n {{ type = count, windows = [1h, {window}] }}", more: "idle-expiry = 2h"));
        Assert.Contains(message, Assert.Single(refused.Errors).ToString(), StringComparison.Ordinal);
    }

    private static ShardDriver Group(string features, string source = "", string more = "") =>
        new(TriggerBehaviourTests.Text("{ on = update, coalesce = 0 }", features, more, source: "retract = undo\n" + source));

    private static string[] Values(ShardDriver shard) => [.. shard.Writes.Select(static w => w[(w.IndexOf(' ', StringComparison.Ordinal) + 1)..])];
}
