using FeatureActors.Core.Definitions;

namespace FeatureActors.Core.Tests.Windows;

public sealed class SessionAndLastRowsTests
{
    private const long Minute = 60_000;

    [Fact]
    public void A_late_row_between_two_sessions_makes_them_one()
    {
        var engine = new WindowCase("a { type = count-map, key = k, windows = [{ session = 10m, lateness = 30m }] }");
        engine.Apply(100 * Minute, 100 * Minute, "x", null);
        engine.Apply(115 * Minute, 115 * Minute, "y", null);
        engine.Evaluate(115 * Minute);
        Assert.Equal("""{"y":1}""", engine.Text("a:session-10m"));
        Assert.Equal(125 * Minute, engine.Values.NextDueMs);

        Assert.True(engine.Apply((107 * Minute) + 30_000, 116 * Minute, "x", null));
        engine.Evaluate(116 * Minute);
        Assert.Equal("""{"x":2,"y":1}""", engine.Text("a:session-10m"));
        engine.Evaluate((125 * Minute) - 1);
        Assert.Equal("""{"x":2,"y":1}""", engine.Text("a:session-10m"));
        engine.Evaluate(125 * Minute);
        Assert.Equal("", engine.Text("a:session-10m"));
        Assert.True(engine.Values.IsAlive);
        Assert.Equal((125 + 30) * Minute, engine.Values.NextDueMs);
        engine.Evaluate(155 * Minute);
        Assert.False(engine.Values.IsAlive);
    }

    [Fact]
    public void Rows_exactly_a_gap_apart_are_two_sessions_and_one_millisecond_less_is_one()
    {
        var engine = new WindowCase("a { type = count, windows = [{ session = 10m }] }");
        engine.Apply(0, 0, null, null);
        engine.Apply(10 * Minute, 10 * Minute, null, null);
        engine.Evaluate(10 * Minute);
        Assert.Equal("1", engine.Text("a:session-10m"));
        engine.Apply((20 * Minute) - 1, 20 * Minute, null, null);
        engine.Evaluate(20 * Minute);
        Assert.Equal("2", engine.Text("a:session-10m"));
    }

    [Fact]
    public void A_row_is_taken_until_the_lateness_is_over_and_not_after()
    {
        var engine = new WindowCase("a { type = count, windows = [{ session = 10m, lateness = 1h }] }");
        Assert.True(engine.Apply((40 * Minute) + 1, 100 * Minute, null, null));
        Assert.False(engine.Apply(40 * Minute, 100 * Minute, null, null));
    }

    [Fact]
    public void Rows_of_one_time_are_kept_alike_in_every_order_and_distinct_keys_never_outgrow_their_bound()
    {
        for (int seed = 1; seed <= 50; seed++)
        {
            var random = new Random(seed);
            (long Time, string K, long N)[] rows = [.. Enumerable.Range(0, 60).Select(_ => (random.NextInt64(12), $"k{random.Next(30)}", random.NextInt64(5)))];
            string? first = null;
            for (int order = 0; order < 4; order++)
            {
                var engine = new WindowCase(
                    "a { type = count-map, key = k, max-keys = 7, windows = [{ last = 7 }] }, b { type = last, of = n, n = 7, windows = [{ last = 7 }, 1h] }",
                    "idle-expiry = never");
                foreach ((long time, string k, long n) in rows)
                {
                    engine.Apply(time * Minute, 20 * Minute, k, n);
                }

                engine.Evaluate(20 * Minute);
                string found = engine.Text("a:last-7") + engine.Text("b:last-7") + engine.Values.Fields[engine.IndexOf("a:last-7")].Quality;
                Assert.True((first ??= found) == found, $"seed {seed}: {first} in one order, {found} in another");
                Assert.DoesNotContain("Truncated", found, StringComparison.Ordinal);
                random.Shuffle(rows);
            }
        }
    }

    [Fact]
    public void Windows_of_several_kinds_have_states_with_numbers_of_their_own_and_those_over_time_keep_theirs()
    {
        var plain = new WindowCase("a { type = count, windows = [1h] }, b { type = count, windows = [1h] }", "idle-expiry = 90d");
        var engine = new WindowCase(
            "a { type = count, windows = [{ last = 3 }, 1h, { session = 30m }, { tumbling = 1h }] }, b { type = count, windows = [1h] }, r { type = ratio, numerator = a, denominator = a, windows = [{ session = 30m }, 1h] }",
            "idle-expiry = 90d");
        DefinitionsAssignment first = DefinitionsCatalog.Assign(plain.Model, null, 7);
        DefinitionsAssignment second = DefinitionsCatalog.Assign(engine.Model, first.Snapshot, 8);
        Assert.Equal(
            ["g.a 1", "g.b 2", "g.a[last 3] 3", "g.a[session 30m] 4"],
            second.Snapshot.Numbers.Where(static n => n is { IsLive: true, Kind: Abstractions.Ports.NumberKind.Feature }).Select(static n => $"{n.Name} {n.Number}"));
        Assert.False(second.NeedsAcceptReset);
        Assert.Equal(
            ["a:last-3", "a:1h", "a:session-30m", "a:tumbling-1h", "b:1h", "r:session-30m", "r:1h"],
            engine.Plan.Groups[0].Fields.Select(static f => f.Name));

        engine.Apply(0, 0, null, null);
        engine.Apply(2 * 60 * Minute, 2 * 60 * Minute, null, null);
        engine.Evaluate(2 * 60 * Minute);
        Assert.Equal("2 1 1 1 1 1", string.Join(' ', ((string[])["a:last-3", "a:1h", "a:session-30m", "a:tumbling-1h", "b:1h", "r:1h"]).Select(engine.Text)));
    }

    [Fact]
    public void Last_rows_end_with_the_idle_time_of_the_group()
    {
        var engine = new WindowCase("a { type = count, windows = [{ last = 3 }] }", "idle-expiry = 1h");
        engine.Apply(0, 0, null, null);
        engine.Evaluate(61 * Minute - 1);
        Assert.Equal("1", engine.Text("a:last-3"));
        Assert.Equal(61 * Minute, engine.Values.NextDueMs);
        engine.Evaluate(61 * Minute);
        Assert.False(engine.Values.IsAlive);
    }

    [Fact]
    public void A_session_added_later_warms_until_one_began_after_it_and_last_rows_until_all_are_newer()
    {
        const string before = "a { type = count, windows = [1h] }";
        const string after = "a { type = count, windows = [1h, { session = 10m }, { last = 2 }] }";
        DefinitionsAssignment first = DefinitionsCatalog.Assign(new WindowCase(before).Model, null, 0);
        var engine = new WindowCase(after, "idle-expiry = never", previous: first.Snapshot, sinceMs: 100 * Minute);
        Assert.Equal("session last", Warming(engine, 105 * Minute));
        engine.Apply(108 * Minute, 108 * Minute, null, null);
        engine.Apply(112 * Minute, 112 * Minute, null, null);
        Assert.Equal("session", Warming(engine, 112 * Minute));
        engine.Apply(125 * Minute, 125 * Minute, null, null);
        Assert.Equal("", Warming(engine, 125 * Minute));

        static string Warming(WindowCase engine, long nowMs)
        {
            engine.Evaluate(nowMs);
            return string.Join(' ', ((string[])["session-10m", "last-2"])
                .Where(w => (engine.Values.Fields[engine.IndexOf("a:" + w)].Quality & Abstractions.Features.ValueQuality.Warming) != 0)
                .Select(static w => w.Split('-')[0]));
        }
    }
}
