using FeatureActors.Abstractions.Features;

namespace FeatureActors.Runtime.Tests.Shards;

/// <summary>What each trigger writes and when, on virtual time, through the whole shard.</summary>
public sealed class TriggerBehaviourTests
{
    private const string Change = "{ on = change, of = n, by = 3, coalesce = 100ms }";

    [Fact]
    public void Change_writes_the_first_value_and_then_only_what_is_far_enough_from_it()
    {
        using ShardDriver shard = Group(Change, "n { type = count, windows = [1h] }");
        Tell(shard, 1);
        Tell(shard, 2);
        Assert.Equal(["n:1h=1"], Values(shard));

        Tell(shard, 1);
        Assert.Equal(["n:1h=1", "n:1h=4"], Values(shard));
    }

    [Fact]
    public void Change_by_a_share_is_measured_against_the_value_last_written()
    {
        using ShardDriver shard = Group("{ on = change, of = \"n:1h\", by = 50%, coalesce = 0 }", "n { type = sum, of = v, windows = [1h] }");
        shard.Tell("a", "\"v\":10");
        shard.Advance(100);
        shard.Tell("a", "\"v\":4");
        shard.Advance(100);
        Assert.Equal(["n:1h=10"], Values(shard));

        shard.Tell("a", "\"v\":1");
        shard.Advance(100);
        Assert.Equal(["n:1h=10", "n:1h=15"], Values(shard));
    }

    [Fact]
    public void Change_from_absent_to_present_and_back_counts()
    {
        using ShardDriver shard = Group(
            "{ on = change, of = n, by = 1000, coalesce = 0 }",
            "n { type = max, of = v, windows = [1m] }, all { type = count, windows = [1h] }");
        shard.Tell("a");
        shard.Advance(100);
        shard.Tell("a", "\"v\":1");
        shard.Advance(100);
        Assert.Equal(["all:1h=1", "n:1m=1 all:1h=2"], Values(shard));

        shard.Advance(62_000);
        Assert.Equal("all:1h=2", Values(shard)[^1]);
    }

    [Fact]
    public void Change_without_a_bound_counts_any_other_value_of_a_list()
    {
        using ShardDriver shard = Group(
            "{ on = change, of = top, coalesce = 0 }",
            "top { type = top-k, key = c, k = 1, windows = [1h] }, all { type = count, windows = [1h] }");
        shard.Tell("a", "\"c\":\"x\"");
        shard.Advance(100);
        shard.Tell("a", "\"c\":\"z\"");
        shard.Advance(100);
        Assert.Single(Values(shard));

        shard.Tell("a", "\"c\":\"z\"");
        shard.Advance(100);
        Assert.Equal(["top:1h=[[\"x\",1]] all:1h=1", "top:1h=[[\"z\",2]] all:1h=3"], Values(shard));
    }

    [Fact]
    public void Changes_within_the_coalescing_time_are_one_evaluation()
    {
        using ShardDriver shard = Group(Change, "n { type = count, windows = [1h] }");
        for (int i = 0; i < 5; i++)
        {
            shard.Tell("a");
        }

        shard.Advance(50);
        Assert.Empty(shard.Writes);
        shard.Advance(100);
        Assert.Equal(["n:1h=5"], Values(shard));
    }

    [Fact]
    public void What_did_not_fire_is_written_when_a_slot_leaves()
    {
        using ShardDriver shard = Group(Change, "n { type = count, windows = [{ size = 10s, slot = 1s }] }");
        Tell(shard, 1);
        shard.Advance(5_000);
        Tell(shard, 2);
        Assert.Equal(["n:10s=1"], Values(shard));

        // The first event leaves 11 s after the start of its slot.
        shard.Advance(ShardDriver.Start + 10_950 - shard.NowMs);
        Assert.Equal(["n:10s=1"], Values(shard));
        shard.Advance(200);
        Assert.Equal(["n:10s=1", "n:10s=2"], Values(shard));
    }

    [Fact]
    public void A_row_that_enters_a_window_before_its_own_evaluation_is_written_when_it_enters()
    {
        using ShardDriver shard = Group(
            "{ on = change, of = n, by = 1000, coalesce = 2s }", "n { type = count, windows = [{ size = 10s, slot = 1s }] }");
        Tell(shard, 1);
        shard.Advance(3_000);
        long ahead = (shard.NowMs / 1_000 * 1_000) + 1_000;
        shard.TellAt("a", ahead + 500);
        shard.Advance(ahead + 100 - shard.NowMs);
        Assert.Equal(["n:10s=1", "n:10s=2"], Values(shard));
    }

    [Theory]
    [InlineData("7%", 100, 7)]
    [InlineData("35%", 60, 21)]
    [InlineData("55%", 100, 55)]
    public void A_change_that_is_the_bound_itself_counts_whatever_the_bound_is_in_binary(string by, int first, int more)
    {
        using ShardDriver shard = Group($"{{ on = change, of = n, by = {by}, coalesce = 0 }}", "n { type = sum, of = v, windows = [1h] }");
        shard.Tell("a", $"\"v\":{first}");
        shard.Advance(100);
        shard.Tell("a", $"\"v\":{more - 1}");
        shard.Advance(100);
        Assert.Equal([$"n:1h={first}"], Values(shard));
        shard.Tell("a", "\"v\":1");
        shard.Advance(100);
        Assert.Equal([$"n:1h={first}", $"n:1h={first + more}"], Values(shard));
    }

    [Fact]
    public void What_did_not_fire_stays_unwritten_over_a_restart_and_the_bound_still_counts_from_what_was_written()
    {
        using ShardDriver shard = Group(Change, "n { type = count, windows = [1d] }");
        Tell(shard, 1);
        Tell(shard, 2);
        shard.Restart();
        shard.Advance(10_000);
        Assert.Equal(["n:1d=1"], Values(shard));
        Assert.Equal("1", shard.Read("a")!["n:1d"]);

        Tell(shard, 1);
        Assert.Equal(["n:1d=1", "n:1d=4"], Values(shard));
    }

    [Fact]
    public void What_did_not_fire_is_written_by_the_exit_that_comes_while_nobody_was_there()
    {
        using ShardDriver shard = Group(Change, "n { type = count, windows = [1m] }");
        Tell(shard, 1);
        shard.Advance(30_000);
        Tell(shard, 2);
        shard.Restart(ms: 27_000);
        shard.Advance(3_000);
        Assert.Equal(["n:1m=1", "n:1m=2"], Values(shard));
    }

    [Fact]
    public void A_refresh_of_expiries_writes_nothing_that_did_not_fire()
    {
        using ShardDriver shard = Group(Change, "n { type = count, windows = [1d] }");
        Tell(shard, 1);
        Tell(shard, 2);
        shard.Advance(150_000);
        Assert.Equal(["n:1d=1"], Values(shard));
        Assert.True(shard.Machine.Counters.Refreshes > 0);
    }

    [Fact]
    public void Group_that_does_not_fire_is_not_evaluated_again_and_again()
    {
        using ShardDriver shard = Group(Change, "n { type = count, windows = [1d] }");
        Tell(shard, 1);
        Tell(shard, 2);
        long evaluations = shard.Machine.Counters.Evaluations;
        shard.Advance(30_000);
        Assert.Equal(evaluations, shard.Machine.Counters.Evaluations);
    }

    [Fact]
    public void When_fires_on_the_edge_only()
    {
        using ShardDriver shard = Group(
            "{ on = when, expr = \"\\\"n:1d\\\" >= 3\", coalesce = 0 }", "n { type = sum, of = v, windows = [1d] }");
        Sum(shard, 2);
        Assert.Empty(shard.Writes);
        Sum(shard, 1);
        Sum(shard, 5);
        Assert.Equal(["n:1d=3"], Values(shard));

        // Down below the bound and up again: another edge, also over a restart.
        Sum(shard, -7);
        Assert.Equal(["n:1d=3"], Values(shard));
        shard.Restart();
        Sum(shard, 3);
        Sum(shard, 1);
        Assert.Equal(["n:1d=3", "n:1d=4"], Values(shard));
    }

    [Fact]
    public void When_that_was_true_before_a_restart_has_no_edge_after_it()
    {
        using ShardDriver shard = Group(
            "{ on = when, expr = \"n > 0\", coalesce = 0 }", "n { type = count, windows = [1d] }");
        Tell(shard, 1);
        shard.Restart();
        Tell(shard, 1);
        Assert.Equal(["n:1d=1"], Values(shard));
    }

    [Fact]
    public void When_reads_texts_and_an_absent_field_is_null()
    {
        using ShardDriver shard = Group(
            "{ on = when, expr = \"last = 'z' OR last IS NULL\", coalesce = 0 }",
            "last { type = last, of = c, windows = [1d] }, all { type = count, windows = [1d] }");
        shard.Tell("a");
        shard.Advance(100);
        shard.Tell("a", "\"c\":\"x\"");
        shard.Advance(100);
        shard.Tell("a", "\"c\":\"z\"");
        shard.Advance(100);
        Assert.Equal(["all:1d=1", "last:1d=z all:1d=3"], Values(shard));
    }

    [Fact]
    public void Timer_beside_a_value_trigger_writes_what_did_not_fire()
    {
        using ShardDriver shard = Group($"{Change}, {{ on = timer, every = 10s }}", "n { type = count, windows = [1d] }");
        Tell(shard, 1);
        Tell(shard, 1);
        Assert.Equal(["n:1d=1"], Values(shard));
        shard.Advance(10_000);
        Assert.Equal(["n:1d=1", "n:1d=2"], Values(shard));

        // What fires does not wait for the timer, however many changes before it did not.
        Tell(shard, 1);
        Tell(shard, 3);
        Assert.Equal(["n:1d=1", "n:1d=2", "n:1d=5"], Values(shard));
    }

    [Fact]
    public void Value_trigger_beside_update_only_makes_it_faster()
    {
        using ShardDriver shard = Group(
            "{ on = change, of = n, by = 5, coalesce = 0 }, { on = update, coalesce = 5s }", "n { type = count, windows = [1d] }");
        Tell(shard, 1);
        Tell(shard, 1);
        Assert.Equal(["n:1d=1"], Values(shard));
        shard.Advance(5_000);
        Assert.Equal(["n:1d=1", "n:1d=2"], Values(shard));
    }

    [Fact]
    public void Custom_trigger_keeps_its_state_and_is_bound_with_its_settings()
    {
        using var shard = new ShardDriver(Text("{ on = \"custom:third\", of = n }", "n { type = count, windows = [1d] }"), new EveryNth());
        for (int i = 0; i < 4; i++)
        {
            Tell(shard, 1);
        }

        Assert.Equal(["n:1d=3"], Values(shard));
        shard.Restart();
        Tell(shard, 1);
        Tell(shard, 1);
        Assert.Equal(["n:1d=3", "n:1d=6"], Values(shard));
    }

    [Fact]
    public void Custom_trigger_that_throws_writes_rather_than_keeps_back()
    {
        using var shard = new ShardDriver(Text("{ on = \"custom:broken\" }", "n { type = count, windows = [1d] }"), new Broken());
        Tell(shard, 1);
        Tell(shard, 1);
        Assert.Equal(["n:1d=1", "n:1d=2"], Values(shard));
        Assert.Equal(2, shard.Machine.Counters.Faults);
    }

    [Fact]
    public void Jitter_puts_exits_off_by_each_keys_own_share_and_never_beyond_its_bound()
    {
        using ShardDriver shard = Group(
            "{ on = update, coalesce = 0 }", "n { type = count, windows = [{ size = 1m, slot = 20s }] }", "jitter = 10s");
        Assert.Equal(2_000, shard.JitterMs);
        var written = new HashSet<long>();
        for (int k = 0; k < 40; k++)
        {
            shard.Tell($"k{k}");
        }

        shard.Advance(1_000);
        shard.Writes.Clear();
        long exit = ((ShardDriver.Start / 20_000) * 20_000) + 80_000;
        shard.Advance(exit - shard.NowMs - 100);
        Assert.Equal(40, Enumerable.Range(0, 40).Count(k => shard.Read($"k{k}") is not null));
        for (int step = 0; step <= 44; step++)
        {
            written.Add(Enumerable.Range(0, 40).Count(k => shard.Read($"k{k}") is null));
            shard.Advance(50);
        }

        Assert.Equal(40, Enumerable.Range(0, 40).Count(k => shard.Read($"k{k}") is null));
        Assert.True(written.Count > 10, "exits of different keys come at different times");
    }

    [Fact]
    public void Exit_that_is_put_off_is_written_although_an_evaluation_that_did_not_fire_saw_it_first()
    {
        using ShardDriver shard = Group(
            "{ on = change, of = all, by = 100, coalesce = 0 }",
            "n { type = count, windows = [{ size = 1m, slot = 20s }] }, all { type = count, windows = [{ size = 10m, slot = 20s }] }",
            "jitter = 2s");
        for (int k = 0; k < 20; k++)
        {
            shard.Tell($"k{k}");
        }

        long exit = ((ShardDriver.Start / 20_000) * 20_000) + 80_000;
        shard.Advance(exit - shard.NowMs + 50);
        for (int k = 0; k < 20; k++)
        {
            shard.Tell($"k{k}");
        }

        shard.Advance(2_050);
        Assert.All(Enumerable.Range(0, 20), k => Assert.Equal("2", shard.Read($"k{k}")!["all:10m"]));
    }

    [Fact]
    public void Jittered_exit_carries_the_time_of_its_values()
    {
        using ShardDriver shard = Group(
            "{ on = update, coalesce = 0 }",
            "n { type = count, windows = [{ size = 1m, slot = 20s }] }, all { type = count, windows = [{ size = 10m, slot = 20s }] }",
            "jitter = 2s");
        Tell(shard, 1);
        shard.Advance(90_000);
        IReadOnlyDictionary<string, string> hash = shard.Read("a")!;
        long exit = ((ShardDriver.Start / 20_000) * 20_000) + 80_000;
        Assert.Equal("0", hash["n:1m"]);
        Assert.InRange(long.Parse(hash["_t"], System.Globalization.CultureInfo.InvariantCulture), exit, exit + 2_050);
        Assert.EndsWith("-" + hash["_t"], hash["_v"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("jitter = 1h", "{ on = timer, every = 5s }", "windows = [1h]", 500)]
    [InlineData("jitter = 100ms", "{ on = timer, every = 5s }", "windows = [1h]", 100)]
    [InlineData("jitter = 1h", "{ on = update }", "windows = [1h]", 6_000)]
    [InlineData("jitter = 1h", "{ on = update }", "windows = [1h, { size = 1m, slot = 15s }]", 1_500)]
    [InlineData("jitter = 1h", "{ on = update }", "windows = [{ size = 1h, offset = 7s }]", 100)]
    [InlineData("", "{ on = update }", "windows = [1h]", 0)]
    public void Jitter_is_bounded_by_slots_and_timers(string jitter, string trigger, string windows, long expectedMs)
    {
        using ShardDriver shard = Group(trigger, $"n {{ type = count, {windows} }}", jitter);
        Assert.Equal(expectedMs, shard.JitterMs);
    }

    [Fact]
    public void Ids_given_up_before_their_time_flag_every_field_while_a_window_can_show_it()
    {
        using var shard = new ShardDriver(
            Text("{ on = update, coalesce = 0 }", "n { type = count, windows = [1m] }, last { type = last, of = c, windows = [1m] }")
                .Replace("format = json,", "format = json, event-id { field = c, keep = 1h, max = 2 },", StringComparison.Ordinal));
        foreach (string id in (string[])["x", "y", "z"])
        {
            shard.Tell("a", $"\"c\":\"{id}\"");
            shard.Advance(100);
        }

        Assert.Equal("{\"truncated\":[\"n:1m\",\"last:1m\"]}", shard.Read("a")!["_flags"]);
        Assert.False(shard.Writes[1].Contains("_flags", StringComparison.Ordinal));

        shard.Restart();
        shard.Advance(56_000);
        shard.Tell("a", "\"c\":\"w\"");
        shard.Advance(100);
        Assert.False(shard.Read("a")!.ContainsKey("_flags"));
    }

    private static ShardDriver Group(string triggers, string features, string more = "") => new(Text(triggers, features, more));

    internal static string Text(string triggers, string features, string more = "", string source = "") =>
        $$"""
        namespace = t
        sources.s {
          topic = s, format = json, event-time { field = ts, unit = ms }
          fields { ts = long, k = string, v = long, c = string, undo = boolean }
          {{source}}
        }
        entities.item { key = [string], shards = 1 }
        groups.g {
          entity = item, source = s, key = k
          features { {{features}} }
          triggers = [{{triggers}}]
          {{more}}
        }
        """;

    private static void Tell(ShardDriver shard, int times)
    {
        for (int i = 0; i < times; i++)
        {
            shard.Tell("a");
            shard.Advance(150);
        }
    }

    private static void Sum(ShardDriver shard, int value)
    {
        shard.Tell("a", $"\"v\":{value}");
        shard.Advance(100);
    }

    private static string[] Values(ShardDriver shard) => [.. shard.Writes.Select(static w => w[(w.IndexOf(' ', StringComparison.Ordinal) + 1)..])];

    /// <summary>Fires at every third evaluation.</summary>
    private sealed class EveryNth : ITriggerType
    {
        public string Name => "custom:third";

        public ITrigger? Bind(TriggerBinding binding) =>
            binding.RequiredField("of", mustBeNumber: true) is null ? null : new Trigger(binding.Integer("nth", 3, 1, 100));

        private sealed class Trigger(long nth) : IValueTrigger
        {
            public TriggerClock Clock => TriggerClock.Processing;

            public int StateBytes => 1;

            public long NextEvaluationMs(in TriggerInput input) => input.ChangedAtMs;

            public bool Fires(in TriggerValues values, Span<byte> state) => ++state[0] % nth == 0;
        }
    }

    private sealed class Broken : ITriggerType
    {
        public string Name => "custom:broken";

        public ITrigger? Bind(TriggerBinding binding) => new Trigger();

        private sealed class Trigger : IValueTrigger
        {
            public TriggerClock Clock => TriggerClock.Processing;

            public int StateBytes => 0;

            public long NextEvaluationMs(in TriggerInput input) => input.ChangedAtMs;

            public bool Fires(in TriggerValues values, Span<byte> state) => throw new InvalidOperationException("broken");
        }
    }
}
