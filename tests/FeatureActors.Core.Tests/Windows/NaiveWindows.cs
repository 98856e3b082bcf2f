using System.Globalization;

namespace FeatureActors.Core.Tests.Windows;

/// <summary>A row as a naive model keeps it: event time, the time T at which it came, its columns, and its place among all rows.</summary>
internal sealed record NaiveRow(long TimeMs, long AtMs, string? K, long? N, int Place);

/// <summary>What a window holds at T, by definition, from all rows.</summary>
internal abstract record NaiveWindow(string Text, string Name)
{
    /// <summary>The rows that the window would hold at some time, were it evaluated from <paramref name="atMs"/> on.</summary>
    public abstract bool Takes(long timeMs, long atMs);

    /// <summary>The rows in the window, of those that it took.</summary>
    public abstract IEnumerable<NaiveRow> Rows(IReadOnlyList<NaiveRow> taken, long nowMs);

    public static long Floor(long value, long width) => (value - (((value % width) + width) % width));
}

internal sealed record NaiveSliding(string Text, string Name, long SizeMs, long SlotMs, long OffsetMs) : NaiveWindow(Text, Name)
{
    public override bool Takes(long timeMs, long atMs) => Floor(timeMs, SlotMs) + OffsetMs + SizeMs + SlotMs > atMs;

    public override IEnumerable<NaiveRow> Rows(IReadOnlyList<NaiveRow> taken, long nowMs)
    {
        long first = Floor(nowMs - OffsetMs - SizeMs, SlotMs);
        long last = Floor(nowMs - OffsetMs, SlotMs);
        return taken.Where(r => Floor(r.TimeMs, SlotMs) >= first && Floor(r.TimeMs, SlotMs) <= last);
    }
}

internal sealed record NaiveTumbling(string Text, string Name, long PeriodMs, int Back) : NaiveWindow(Text, Name)
{
    public override bool Takes(long timeMs, long atMs) => Floor(timeMs, PeriodMs) + ((Back + 1) * PeriodMs) > atMs;

    public override IEnumerable<NaiveRow> Rows(IReadOnlyList<NaiveRow> taken, long nowMs) =>
        taken.Where(r => Floor(r.TimeMs, PeriodMs) == Floor(nowMs, PeriodMs) - (Back * PeriodMs));
}

internal sealed record NaiveCalendar(string Text, string Name, string Zone, string Unit, int Back) : NaiveWindow(Text, Name)
{
    private ReferenceCalendar Calendar => ReferenceCalendar.Zones[Zone];

    public override bool Takes(long timeMs, long atMs) => Calendar.StartOf(Moved(First(Calendar.DateAt(timeMs)), Back + 1)) > atMs;

    public override IEnumerable<NaiveRow> Rows(IReadOnlyList<NaiveRow> taken, long nowMs)
    {
        DateOnly first = Moved(First(Calendar.DateAt(nowMs)), -Back);
        long start = Calendar.StartOf(first);
        long end = Calendar.StartOf(Moved(first, 1));
        return taken.Where(r => r.TimeMs >= start && r.TimeMs < end);
    }

    private DateOnly First(DateOnly date) => Unit switch
    {
        "day" => date,
        "week" => date.AddDays(-(((int)date.DayOfWeek + 6) % 7)),
        _ => new DateOnly(date.Year, date.Month, 1),
    };

    private DateOnly Moved(DateOnly first, int periods) => Unit switch
    {
        "day" => first.AddDays(periods),
        "week" => first.AddDays(7 * periods),
        _ => first.AddMonths(periods),
    };
}

internal sealed record NaiveSession(string Text, string Name, long GapMs, long LatenessMs) : NaiveWindow(Text, Name)
{
    public override bool Takes(long timeMs, long atMs) => timeMs + LatenessMs > atMs;

    public override IEnumerable<NaiveRow> Rows(IReadOnlyList<NaiveRow> taken, long nowMs)
    {
        var session = new List<NaiveRow>();
        foreach (NaiveRow row in taken.OrderBy(static r => r.TimeMs))
        {
            if (session.Count > 0 && row.TimeMs - session[^1].TimeMs >= GapMs)
            {
                if (IsOpen(session, nowMs))
                {
                    return session;
                }

                session.Clear();
            }

            session.Add(row);
        }

        return IsOpen(session, nowMs) ? session : [];
    }

    private bool IsOpen(List<NaiveRow> session, long nowMs) =>
        session.Count > 0 && session[0].TimeMs <= nowMs && nowMs < session[^1].TimeMs + GapMs;
}

/// <summary>Right where rows of one event time are alike.</summary>
internal sealed record NaiveLast(string Text, string Name, int Count) : NaiveWindow(Text, Name)
{
    public override bool Takes(long timeMs, long atMs) => true;

    public override IEnumerable<NaiveRow> Rows(IReadOnlyList<NaiveRow> taken, long nowMs) =>
        taken.OrderByDescending(static r => r.TimeMs).Take(Count);
}

/// <summary>What some types are worth over rows.</summary>
internal static class NaiveValues
{
    public static string Of(string type, IEnumerable<NaiveRow> rows) => type switch
    {
        "count" => Number(rows.LongCount()),
        "sum" => Number(rows.Where(static r => r.N is not null).Sum(static r => r.N!.Value)),
        "last" => List([.. rows.Where(static r => r.N is not null).OrderByDescending(static r => r.TimeMs).ThenByDescending(static r => r.N).Take(3)]),
        "count-map" => Map([.. rows.Where(static r => r.K is not null).GroupBy(static r => r.K!).OrderBy(static g => g.Key, StringComparer.Ordinal)]),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    public static bool Accepts(string type, NaiveRow row) => type switch
    {
        "sum" or "last" => row.N is not null,
        "count-map" => row.K is not null,
        _ => true,
    };

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string List(NaiveRow[] rows) => rows.Length == 0 ? "" : $"[{string.Join(',', rows.Select(static r => Number(r.N!.Value)))}]";

    private static string Map(IGrouping<string, NaiveRow>[] groups) =>
        groups.Length == 0 ? "" : $"{{{string.Join(',', groups.Select(static g => $"\"{g.Key}\":{Number(g.LongCount())}"))}}}";
}
