using System.Globalization;
using FeatureActors.Histories.Tests.Driving;
using FeatureActors.Histories.Tests.Generation;
using FeatureActors.Histories.Tests.Model;
using FeatureActors.Runtime.Shards;
using Xunit.Abstractions;

namespace FeatureActors.Histories.Tests;

/// <summary>
/// After the last event nothing arrives. The clock goes on in steps of at most a slot, and at every boundary the sink has what the
/// naive evaluator says, for every type and window, until nothing is left.
/// </summary>
public sealed class WindowExitTests(ITestOutputHelper output)
{
    private const long Second = 1_000;
    private const long Minute = 60_000;
    private const long Idle = 10 * Minute;
    private const int StepsMax = 5_000;

    /// <summary>An evening on Lord Howe Island before the clock goes on by half an hour.</summary>
    private static readonly long Start = DateTimeOffset.Parse("2024-10-05T10:00:00.250Z", CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (string type in Supported.Types)
            {
                foreach (string kind in Supported.WindowKinds.Append("no window"))
                {
                    if (Supported.IsPromised(type, kind) && !(type is "ratio" or "derived" && kind == "no window"))
                    {
                        cases.Add(type, kind);
                    }
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_exit_of_a_key_in_memory_is_written_at_its_boundary(string type, string kind) => Follow(type, kind, isCold: false);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_exit_of_a_key_that_has_left_memory_is_written_at_its_boundary(string type, string kind) => Follow(type, kind, isCold: true);

    private void Follow(string type, string kind, bool isCold)
    {
        (WindowSpec? window, long step) = WindowOf(kind);
        var group = new GroupSpec
        {
            Features = FeatureForms.Simple(type, "f0", window is null ? [] : [window]),
            IdleMs = window is null or { IsForLife: true } && type != "decayed-sum" ? Idle : 0,
            Trigger = TriggerSpec.Update(0),
        };
        HistoryRow[] rows = Rows(step);
        var naive = new NaiveGroup(group);
        var options = new ShardOptions
        {
            CheckpointInterval = TimeSpan.FromMilliseconds(1),
            PassivateAfter = isCold ? TimeSpan.FromMilliseconds(1) : TimeSpan.FromDays(3_650),
        };
        using var shard = new ShardUnderTest(EngineUnderTest.Compile(group.Hocon()), options, rows[0].ArrivalMs - 1);
        foreach (HistoryRow row in rows)
        {
            // Without a where every row is taken or late; both ways are right here.
            naive.Apply(row, row.ArrivalMs);
            shard.Advance(row.ArrivalMs, [row]);
        }

        Watch(naive, shard, rows[^1].ArrivalMs, naive.AgeingStepMs ?? step, isCold);
    }

    private void Watch(NaiveGroup naive, ShardUnderTest shard, long fromMs, long stepMs, bool isCold)
    {
        long now = fromMs;
        var expected = new List<string>();
        var written = new List<string>();
        int steps = 0;
        for (; steps < StepsMax; steps++)
        {
            bool isOver = naive.NextBoundary(now) == long.MaxValue && (naive.AgeingStepMs is null || naive.Evaluate(now).All(static w => w is WantNothing));
            if (isOver)
            {
                break;
            }

            // At most a step, and exactly on every boundary.
            now = Math.Min(WindowSpec.Floor(now, stepMs) + stepMs, naive.NextBoundary(now));
            shard.Advance(now, []);
            if (isCold)
            {
                shard.Settle(now);
            }

            IReadOnlyList<Want> wants = naive.Evaluate(now);
            IReadOnlyDictionary<string, string>? hash = shard.Read();
            string? difference = SinkDifference.Of(naive.Fields, wants, hash, hasAgeing: now % stepMs == 0);
            Assert.True(difference is null, $"{(now - fromMs).ToString(CultureInfo.InvariantCulture)} ms after the last event: {difference}");
            Add(expected, string.Join(' ', wants.Select(static w => SinkDifference.IsEmpty(w) ? "-" : Comparison.Show(w))));
            Add(written, string.Join(' ', naive.Fields.Select(f => hash?.GetValueOrDefault(f.Name) ?? "-")));
        }

        Assert.InRange(steps, 1, StepsMax - 1);
        shard.Advance(now + 1, []);
        shard.Settle(now + 1);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{steps} steps, {expected.Count} values: {string.Join(" > ", written)}"));
        Assert.Null(shard.Read());
        Assert.True(expected.Count > 1, "nothing ever left");
    }

    private static void Add(List<string> values, string value)
    {
        if (values.Count == 0 || values[^1] != value)
        {
            values.Add(value);
        }
    }

    /// <summary>Rows at a few boundaries and between them, one late, one ahead of T, two of one time.</summary>
    private static HistoryRow[] Rows(long step)
    {
        long[] places = [0, 3, 4, 1, 9, 9, 9, 12];
        string[] items = ["x", "y", "x", "z", "y", "x", "z", "x"];
        long start = WindowSpec.Floor(Start, step);
        return
        [
            .. places.Select((p, i) =>
            {
                long time = start + (p * step / 2) + (i % 3 == 0 ? 0 : 250) + (i == 6 ? 3 * Second : 0);
                long arrival = start + (Math.Max(p, places[..(i + 1)].Max()) * step / 2) + 500 + i;
                return new HistoryRow { Id = i, StatedMs = i == 7 ? arrival + Second : time, ArrivalMs = arrival, V = (i * 3) + 1, C = items[i], U = "u1", D = i, L = i };
            }),
        ];
    }

    private static (WindowSpec? Window, long StepMs) WindowOf(string kind) => kind switch
    {
        "sliding" => (WindowForms.Sliding(Minute, 5 * Second, 0, "w"), 5 * Second),
        "sliding+offset" => (WindowForms.Sliding(Minute, 5 * Second, 30 * Second, "w"), 5 * Second),
        "tumbling" => (WindowForms.Tumbling(Minute, 1), 10 * Second),
        "calendar" => (WindowForms.Calendar("day", "Australia/Lord_Howe", 1), 30 * Minute),
        "session" => (WindowForms.Session(10 * Second, 20 * Second), 4 * Second),
        "last-n" => (WindowForms.Last(3), 5 * Second),
        "lifetime" => (WindowForms.Lifetime(), 5 * Second),
        _ => (null, 5 * Second),
    };
}
