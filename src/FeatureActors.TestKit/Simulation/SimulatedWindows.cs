using FeatureActors.Abstractions.Configuration;
using static FeatureActors.TestKit.Simulation.ConfigTree;

namespace FeatureActors.TestKit.Simulation;

/// <summary>Random windows of every kind, once as the definitions write them and once for the naive model.</summary>
internal static class SimulatedWindows
{
    private static readonly long[] Sizes = [2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 1_800_000, 3_600_000, 21_600_000];

    /// <summary>One to three windows of a feature, of the kinds that its type takes.</summary>
    public static (List<NaiveWindow> Windows, ConfigArray Tree) Random(Random random, string feature, string type, bool retracts)
    {
        var windows = new List<NaiveWindow>();
        var trees = new List<ConfigNode>();
        int count = random.Next(1, 4);
        int most = random.Next(3) == 0 ? Sizes.Length : 5;
        for (int w = 0; w < count; w++)
        {
            (NaiveWindow window, ConfigNode tree) = Random(random, $"{feature}:w{w}", $"w{w}", type, retracts, Sizes[random.Next(most)]);
            if (window is NaiveLifetime && windows.Exists(static x => x is NaiveLifetime))
            {
                continue;
            }

            windows.Add(window);
            trees.Add(tree);
        }

        return (windows, List(trees));
    }

    /// <summary>ARCHITECTURE section 4: the coarsest of these not above max(W/60, 1 s).</summary>
    public static long StandardSlot(long size) =>
        new long[] { 86_400_000, 21_600_000, 10_800_000, 3_600_000, 900_000, 300_000, 60_000, 15_000, 5_000, 1_000 }
            .First(r => r <= Math.Max(size / 60, 1_000));

    private static (NaiveWindow Window, ConfigNode Tree) Random(Random random, string field, string name, string type, bool retracts, long size)
    {
        ConfigScalar named = Text(name);
        switch (random.Next(14))
        {
            case 0 when type is not ("rate" or "session-count" or "session-duration"):
                return (new NaiveLifetime(field), Tree(("size", Text("lifetime")), ("name", named)));
            case 1 or 2:
                long period = Math.Min(size, 300_000);
                int back = random.Next(3) == 0 ? random.Next(1, 3) : 0;
                return (new NaiveTumbling(field, period, back), Tree(("tumbling", Ms(period)), ("back", Number(back)), ("name", named)));
            case 3 when type != "rate":
                string unit = random.Next(4) switch { 0 => "week", 1 => "month", _ => "day" };
                (string zone, long offset) = random.Next(2) == 0 ? ("UTC", 0) : ("Asia/Kolkata", 19_800_000);
                int periods = random.Next(3) == 0 ? 1 : 0;
                return (new NaiveCalendar(field, unit, offset, periods), Tree(("tumbling", Text(unit)), ("zone", Text(zone)), ("back", Number(periods)), ("name", named)));
            case 4 or 5 when type != "rate" && !retracts:
                long gap = Math.Clamp(size / 4, 1_000, 600_000);
                long lateness = gap * random.Next(1, 5);
                return (new NaiveSession(field, gap, lateness), Tree(("session", Ms(gap)), ("lateness", Ms(lateness)), ("name", named)));
            case 6 when type != "rate" && !retracts:
                int rows = random.Next(1, 8);
                return (new NaiveLastRows(field, rows), Tree(("last", Number(rows)), ("name", named)));
            default:
                long slot = random.Next(3) switch
                {
                    0 => StandardSlot(size),
                    1 => Math.Max(size / random.Next(1, 12), 200),
                    _ => Math.Max(size / 10 / 1000 * 1000, 1000),
                };
                long behind = random.Next(5) == 0 ? random.Next(1, 20_000) : 0;
                return (new NaiveSliding(field, size, slot, behind), Tree(("size", Ms(size)), ("slot", Ms(slot)), ("offset", Ms(behind)), ("name", named)));
        }
    }
}
