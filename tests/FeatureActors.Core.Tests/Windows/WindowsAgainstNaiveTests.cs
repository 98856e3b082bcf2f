using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Tests.Windows;

/// <summary>
/// Rows in random order over random windows: at every time at which something can change, and just before, the values are those of a
/// model that keeps all rows, until nothing is left.
/// </summary>
public sealed class WindowsAgainstNaiveTests
{
    private const long Second = 1_000;
    private const long Minute = 60_000;
    private const long Hour = 3_600_000;
    private const long Day = 24 * Hour;

    private static readonly string[] Types = ["count", "sum", "last", "count-map"];

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 240)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Values_at_every_boundary_are_those_of_all_rows_recomputed(int seed)
    {
        var random = new Random(seed);
        NaiveWindow[] windows = RandomWindows(random);
        string list = string.Join(", ", windows.Select(static w => w.Text));
        var engine = new WindowCase(
            $$"""
            f0 { type = count, windows = [{{list}}] }, f1 { type = sum, of = n, windows = [{{list}}] }
            f2 { type = last, of = n, n = 3, windows = [{{list}}] }, f3 { type = count-map, key = k, windows = [{{list}}] }
            """,
            windows.Any(static w => w is NaiveLast) ? "idle-expiry = never" : "");
        var rows = new List<NaiveRow>();
        long span = windows.Max(static w => w is NaiveCalendar { Unit: not "day" } ? 60 * Day : w is NaiveCalendar ? 3 * Day : 20 * Minute);
        long now = Start(windows, random);
        for (int step = 0; step < 60; step++)
        {
            for (int r = random.Next(4); r > 0; r--)
            {
                Row(random, engine, windows, rows, now, span);
            }

            if (random.Next(8) == 0)
            {
                engine.Reload();
            }

            AssertAt(engine, windows, rows, now, seed);
            now = Next(random, engine, windows, rows, now, span, seed);
        }

        AssertAt(engine, windows, rows, now, seed);
        bool isEndless = windows.Any(static w => w is NaiveLast);
        while (engine.Values.IsAlive && !(isEndless && engine.Values.NextDueMs == long.MaxValue))
        {
            long due = engine.Values.NextDueMs;
            Assert.True(due > now && due < long.MaxValue, $"seed {seed}: due at {due} after {now}");
            AssertAt(engine, windows, rows, due - 1, seed);
            AssertAt(engine, windows, rows, now = due, seed);
        }

        Assert.True(isEndless || rows.TrueForAll(r => !windows.Any(w => w.Takes(r.TimeMs, now))), $"seed {seed}: a row has not left at {now}");
        Assert.Equal(isEndless && rows.Count > 0, engine.Values.IsAlive);
    }

    private static void Row(Random random, WindowCase engine, NaiveWindow[] windows, List<NaiveRow> rows, long now, long span)
    {
        long time = random.Next(5) switch
        {
            0 => now - random.NextInt64(span * 2),
            1 => now + random.NextInt64(span / 10),
            2 when rows.Count > 0 => rows[random.Next(rows.Count)].TimeMs,
            3 => NaiveWindow.Floor(now, Hour) - random.Next(2),
            _ => now - random.NextInt64(span / 5),
        };
        var row = new NaiveRow(time, now, random.Next(6) == 0 ? null : $"k{random.Next(4)}", random.Next(6) == 0 ? null : random.Next(100), rows.Count);
        NaiveRow? same = rows.Find(r => r.TimeMs == time);
        if (same is not null && (random.Next(2) == 0 || windows.Any(static w => w is NaiveLast)))
        {
            row = row with { K = same.K, N = same.N };
        }

        bool isTaken = engine.Apply(time, now, row.K, row.N);
        Assert.Equal(windows.Any(w => w.Takes(time, now)), isTaken);
        rows.Add(row);
    }

    /// <summary>The next time to look at: the next change, just before it, or somewhere else.</summary>
    private static long Next(
        Random random, WindowCase engine, NaiveWindow[] windows, List<NaiveRow> rows, long now, long span, int seed)
    {
        long due = engine.Values.NextDueMs;
        if (due != long.MaxValue && random.Next(3) > 0)
        {
            if (due - 1 > now)
            {
                // Until it is due, nothing changes.
                AssertAt(engine, windows, rows, due - 1, seed);
                Assert.Equal(due, engine.Values.NextDueMs);
            }

            return due;
        }

        return now + random.NextInt64(1, random.Next(5) == 0 ? span * 2 : (span / 10) + 2);
    }

    private static void AssertAt(WindowCase engine, NaiveWindow[] windows, List<NaiveRow> rows, long now, int seed)
    {
        engine.Evaluate(now);
        for (int f = 0; f < Types.Length; f++)
        {
            foreach (NaiveWindow window in windows)
            {
                NaiveRow[] taken = [.. rows.Where(r => NaiveValues.Accepts(Types[f], r) && window.Takes(r.TimeMs, r.AtMs))];
                string expected = NaiveValues.Of(Types[f], window.Rows(taken, now));
                string found = engine.Text($"f{f}:{window.Name}");
                Assert.True(expected == found, $"seed {seed}, {Types[f]} over {window.Text} at {now}: expected {expected}, found {found}");
            }
        }
    }

    private static long Start(NaiveWindow[] windows, Random random)
    {
        NaiveCalendar? calendar = windows.OfType<NaiveCalendar>().FirstOrDefault();
        if (calendar is null)
        {
            return random.NextInt64(-Hour, 1000 * Day);
        }

        // Around a clock change of 2024, so that days of 23 and 25 hours are among them.
        DateOnly date = calendar.Zone == "Australia/Lord_Howe" ? new DateOnly(2024, random.Next(2) == 0 ? 4 : 10, 4)
            : calendar.Zone == "America/St_Johns" ? new DateOnly(2009, random.Next(2) == 0 ? 3 : 11, random.Next(2) == 0 ? 7 : 1)
            : new DateOnly(2024, random.Next(2) == 0 ? 3 : 11, random.Next(1, 12));
        return ReferenceCalendar.Zones[calendar.Zone].StartOf(date) - random.NextInt64(Day);
    }

    private static NaiveWindow[] RandomWindows(Random random)
    {
        bool isCalendar = random.Next(3) == 0;
        string[] zones = ["Asia/Kolkata", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "America/Havana", "UTC"];
        string zone = random.Next(12) == 0 ? "America/St_Johns" : zones[random.Next(zones.Length)];
        var windows = new List<NaiveWindow>();
        for (int w = random.Next(1, 5); w > 0; w--)
        {
            string name = $"w{w}";
            switch (random.Next(isCalendar ? 5 : 4))
            {
                case 2:
                    long gap = isCalendar ? random.Next(1, 9) * Hour : random.Next(1, 200) * Second;
                    long lateness = random.Next(2) == 0 ? gap : gap * random.Next(1, 4);
                    windows.Add(new NaiveSession($"{{ session = {gap}ms, lateness = {lateness}ms, name = {name} }}", name, gap, lateness));
                    break;
                case 3:
                    int count = random.Next(1, 12);
                    windows.Add(new NaiveLast($"{{ last = {count}, name = {name} }}", name, count));
                    break;
                case 0:
                    long size = isCalendar ? random.Next(1, 40) * Hour : random.Next(1, 600) * Second;
                    long slot = random.Next(2) == 0 ? Math.Max(size / random.Next(1, 20), 1) : SlotWidths.ForWindow(size);
                    long offset = random.Next(2) == 0 ? 0 : random.Next(1, 9) * Minute;
                    windows.Add(new NaiveSliding($"{{ size = {size}ms, slot = {Math.Min(slot, size)}ms, offset = {offset}ms, name = {name} }}", name, size, Math.Min(slot, size), offset));
                    break;
                case 1:
                    long period = isCalendar ? random.Next(1, 30) * Hour : random.Next(1, 900) * Second;
                    int back = random.Next(3);
                    windows.Add(new NaiveTumbling($"{{ tumbling = {period}ms, back = {back}, name = {name} }}", name, period, back));
                    break;
                default:
                    string unit = ((string[])["day", "week", "month"])[random.Next(3)];
                    int periods = random.Next(3);
                    windows.Add(new NaiveCalendar($"{{ tumbling = {unit}, zone = \"{zone}\", back = {periods}, name = {name} }}", name, zone, unit, periods));
                    break;
            }
        }

        return [.. windows];
    }
}
