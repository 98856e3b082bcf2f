using FeatureActors.Core.Tests.Decoding;

namespace FeatureActors.Core.Tests.Windows;

public sealed class WindowAllocationTests
{
    [Theory]
    [InlineData("{ tumbling = 1h }, 1d")]
    [InlineData("{ tumbling = day, zone = Asia/Kolkata }, { tumbling = month, zone = Europe/Paris }, 7d")]
    [InlineData("{ session = 10m, lateness = 1h }")]
    [InlineData("{ last = 50 }")]
    [InlineData("{ last = 5 }, { session = 1m }, { tumbling = 5m, back = 1 }, lifetime")]
    public void Rows_and_evaluations_allocate_nothing_after_warm_up(string windows)
    {
        var engine = new WindowCase(
            $"a {{ type = count-map, key = k, windows = [{windows}] }}, b {{ type = sum, of = n, windows = [{windows}] }}", "idle-expiry = never");
        Step[] rows = Rows(engine);
        long now = 1_700_000_000_000;

        // Three rounds, so that every buffer has grown to what a round needs.
        for (int i = 0; i < 3; i++)
        {
            Round();
        }

        Assert.Equal(0, AllocationProbe.Least(Round));

        void Round()
        {
            foreach (Step row in rows)
            {
                now += row.StepMs;
                engine.Apply(row.Row, now - row.LateMs, now);
                if (row.StepMs > 60_000)
                {
                    engine.Evaluate(now);
                }
            }
        }
    }

    private static Step[] Rows(WindowCase engine)
    {
        var random = new Random(5);
        return
        [
            .. Enumerable.Range(0, 500).Select(_ => new Step(
                engine.RowOf($"k{random.Next(9)}", random.Next(100)),
                random.Next(30) == 0 ? random.Next(20 * 60_000) : random.Next(5_000),
                random.Next(4) == 0 ? random.Next(30 * 60_000) : 0)),
        ];
    }

    private sealed record Step(WindowRow Row, long StepMs, long LateMs);
}
