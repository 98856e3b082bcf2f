using FeatureActors.Histories.Tests.Model;

namespace FeatureActors.Histories.Tests.Generation;

/// <summary>
/// Random rows that seek the edges of windows: in order and shuffled, late within retention and beyond it, ahead of T, on the boundary
/// and the millisecond before it, at one time, told twice, taken back; with silences.
/// </summary>
internal sealed class RowGenerator(Random random, long nearMs)
{
    private const long Second = 1_000;
    private const long Minute = 60_000;
    private const long Day = 86_400_000;

    private static readonly int[] Paces = [2, 8, 30];
    private static readonly string?[] Users = ["u1", "u2", "u3", "u3", "u 4%", null];
    private static readonly string?[] Texts = ["x", "x", "y", "z", "ü", "q\"u\\o", "a|b", "€ 5", "", null];
    private static readonly double[] Doubles = [0.1, 0.2, -0.3, 3.14, 1e-9, -7.5, 12, 0, 1e15, -1e15, 2.5e-3, 1e150];

    public List<HistoryRow> Make(GroupSpec group, List<WindowSpec> pool)
    {
        var rows = new List<HistoryRow>();
        int count = random.Next(3, 12) * random.Next(1, 5);
        WindowSpec guide = Pick(pool.ToArray());
        long length = guide switch
        {
            SlidingSpec s => s.SizeMs,
            TumblingSpec t => t.PeriodMs,
            CalendarSpec c => c.LeavesAt(nearMs) - nearMs,
            SessionSpec s => s.GapMs * 3,
            _ => Pick(HistoryGenerator.Sizes),
        };
        long pace = Math.Max(1, length / Pick(Paces));
        long arrival = nearMs + random.NextInt64(Day);
        long time = arrival;
        for (int i = 0; i < count; i++)
        {
            arrival += random.Next(12) switch
            {
                0 => 0,
                1 => length + random.NextInt64(length + 1),
                2 => random.NextInt64(2),
                _ => (long)(-Math.Log(1 - random.NextDouble()) * pace),
            };
            long stated = random.Next(12) switch
            {
                0 => arrival - random.NextInt64(length + 1),
                1 => arrival - length - random.NextInt64(Math.Max(1, length / 4)),
                2 => arrival - (3 * length) - random.NextInt64(length + 1),
                3 => arrival + random.NextInt64(2 * Minute),
                4 => time,
                5 => time + Pick(new long[] { 1, -1, 0 }) + GapOf(guide),
                6 or 7 => Snapped(Pick(pool.ToArray()), arrival),
                _ => arrival,
            };
            if (random.Next(8) == 0)
            {
                // The clock stands exactly on the boundary too.
                arrival = Math.Max(arrival, stated);
            }

            time = stated;
            HistoryRow row = RandomRow(group, rows, i, stated, arrival);
            rows.Add(row);
        }

        return rows;
    }

    private static long GapOf(WindowSpec window) => window is SessionSpec s ? s.GapMs : Second;

    private long Snapped(WindowSpec window, long atMs)
    {
        long[] boundaries = [.. window.Boundaries(atMs).Where(b => Math.Abs(b - atMs) < 400L * Day)];
        long at = window is SlidingSpec s ? WindowSpec.Floor(atMs, s.SlotMs) : boundaries.Length == 0 ? WindowSpec.Floor(atMs, Second) : boundaries.Min();
        return at - random.Next(2);
    }

    private HistoryRow RandomRow(GroupSpec group, List<HistoryRow> rows, int id, long stated, long arrival)
    {
        if (rows.Count > 0 && group.HasRetractions && random.Next(4) == 0)
        {
            HistoryRow original = rows[random.Next(rows.Count)];
            if (original.Undoes < 0 && !rows.Exists(r => r.Undoes == original.Id))
            {
                // A retraction states the time that the row counted at.
                return original with { Id = id, Undoes = original.Id, ArrivalMs = arrival, StatedMs = original.TimeMs };
            }
        }

        if (rows.Count > 0 && !group.HasRetractions && random.Next(10) == 0)
        {
            // Told twice: dropped with ids, counted again without. Ids are kept for 90 days.
            HistoryRow first = rows[random.Next(rows.Count)];
            HistoryRow again = first with { Id = id, ArrivalMs = arrival, StatedMs = first.TimeMs };
            if (again.StatedMs > arrival - (80 * Day))
            {
                return again;
            }
        }

        return new HistoryRow
        {
            Id = id,
            StatedMs = stated,
            ArrivalMs = arrival,
            V = random.Next(10) switch { 0 => null, 1 => random.NextInt64(-1_000_000_000_000, 1_000_000_000_000), _ => random.Next(-3, 12) },
            D = random.Next(10) == 0 ? null : Pick(Doubles),
            M = random.Next(10) == 0 ? null : random.Next(-500, 5_000) / 100m,
            C = Pick(Texts),
            U = Pick(Users),
            L = random.Next(8) == 0 ? null : random.Next(-2, 4),
            A = random.Next(4) == 0 ? "view" : "buy",
            EventId = group.HasIds && random.Next(10) != 0 ? $"id{id}" : null,
        };
    }

    private T Pick<T>(T[] items) => items[random.Next(items.Length)];
}
