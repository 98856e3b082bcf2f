using System.Globalization;

namespace FeatureActors.Histories.Tests.Model;

/// <summary>A window of a feature: which rows it holds at a time T, by the formulas of docs/definitions.md.</summary>
/// <param name="Name">Field name behind the colon; empty for types without windows.</param>
/// <param name="Hocon">As definitions write it.</param>
internal abstract record WindowSpec(string Name, string Hocon)
{
    /// <summary>For the coverage report.</summary>
    public abstract string Kind { get; }

    /// <summary>True for windows that only the group's idle time ends.</summary>
    public virtual bool IsForLife => false;

    /// <summary>False when a row of time <paramref name="timeMs"/> that comes at T is beyond retention.</summary>
    public abstract bool CanHold(long timeMs, long nowMs);

    /// <summary>
    /// The rows it holds, or several selections where the definitions leave a choice, or null when there are too many of them.
    /// </summary>
    public virtual IReadOnlyList<IReadOnlyList<TakenRow>>? Select(IReadOnlyList<TakenRow> rows, long nowMs) =>
        [rows.Where(r => Holds(r.TimeMs, nowMs)).ToList()];

    /// <summary>Times at which a row of <paramref name="timeMs"/> may enter or leave.</summary>
    public abstract IEnumerable<long> Boundaries(long timeMs);

    /// <summary>Time from which no row of <paramref name="timeMs"/> is of use.</summary>
    public abstract long LeavesAt(long timeMs);

    protected virtual bool Holds(long timeMs, long nowMs) => throw new NotSupportedException();

    public static long Floor(long value, long width) => ((value >= 0 ? value : value - width + 1) / width) * width;

    protected static string Ms(long ms) => string.Create(CultureInfo.InvariantCulture, $"{ms}ms");
}

internal sealed record SlidingSpec(string Name, string Hocon, long SizeMs, long SlotMs, long OffsetMs) : WindowSpec(Name, Hocon)
{
    public override string Kind => OffsetMs == 0 ? "sliding" : "sliding+offset";

    public override bool CanHold(long timeMs, long nowMs) => LeavesAt(timeMs) > nowMs;

    public override IEnumerable<long> Boundaries(long timeMs) => [Floor(timeMs, SlotMs) + OffsetMs, LeavesAt(timeMs)];

    public override long LeavesAt(long timeMs) => Floor(timeMs, SlotMs) + OffsetMs + SizeMs + SlotMs;

    protected override bool Holds(long timeMs, long nowMs)
    {
        long start = Floor(timeMs, SlotMs);
        return Floor(nowMs - OffsetMs - SizeMs, SlotMs) <= start && start <= Floor(nowMs - OffsetMs, SlotMs);
    }

    /// <summary>The coarsest of the standard widths not above max(W / 60, 1 s).</summary>
    public static long StandardSlot(long sizeMs) =>
        new long[] { 86_400_000, 21_600_000, 10_800_000, 3_600_000, 900_000, 300_000, 60_000, 15_000, 5_000, 1_000 }
            .First(r => r <= Math.Max(sizeMs / 60, 1_000));
}

internal sealed record TumblingSpec(string Name, string Hocon, long PeriodMs, int Back) : WindowSpec(Name, Hocon)
{
    public override string Kind => "tumbling";

    public override bool CanHold(long timeMs, long nowMs) => LeavesAt(timeMs) > nowMs;

    public override IEnumerable<long> Boundaries(long timeMs) => [LeavesAt(timeMs) - PeriodMs, LeavesAt(timeMs)];

    public override long LeavesAt(long timeMs) => Floor(timeMs, PeriodMs) + ((Back + 1) * PeriodMs);

    protected override bool Holds(long timeMs, long nowMs) => Floor(nowMs, PeriodMs) - (Back * PeriodMs) == Floor(timeMs, PeriodMs);
}

internal sealed record CalendarSpec(string Name, string Hocon, string Zone, string Unit, int Back) : WindowSpec(Name, Hocon)
{
    public override string Kind => "calendar";

    public override bool CanHold(long timeMs, long nowMs) => LeavesAt(timeMs) > nowMs;

    public override IEnumerable<long> Boundaries(long timeMs)
    {
        (long start, long end) = ReferenceCalendar.Period(Zone, Unit, timeMs, -Back);
        return [start, end];
    }

    public override long LeavesAt(long timeMs) => ReferenceCalendar.Period(Zone, Unit, timeMs, -Back).EndMs;

    protected override bool Holds(long timeMs, long nowMs)
    {
        (long start, long end) = ReferenceCalendar.Period(Zone, Unit, nowMs, Back);
        return start <= timeMs && timeMs < end;
    }
}

internal sealed record SessionSpec(string Name, string Hocon, long GapMs, long LatenessMs) : WindowSpec(Name, Hocon)
{
    public override string Kind => "session";

    public override bool CanHold(long timeMs, long nowMs) => timeMs + LatenessMs > nowMs;

    public override IReadOnlyList<IReadOnlyList<TakenRow>>? Select(IReadOnlyList<TakenRow> rows, long nowMs) =>
    [
        Sessions([.. rows.Where(r => CanHold(r.TimeMs, r.TakenAtMs))], GapMs)
            .Find(s => s[0].TimeMs <= nowMs && nowMs < s[^1].TimeMs + GapMs) ?? [],
    ];

    /// <summary>At the last of them a closed session is forgotten.</summary>
    public override IEnumerable<long> Boundaries(long timeMs) => [timeMs, timeMs + GapMs, LeavesAt(timeMs)];

    public override long LeavesAt(long timeMs) => timeMs + LatenessMs + GapMs;

    /// <summary>Rows cut where two consecutive event times are a gap or more apart.</summary>
    public static List<List<TakenRow>> Sessions(IReadOnlyList<TakenRow> rows, long gapMs)
    {
        var sessions = new List<List<TakenRow>>();
        foreach (TakenRow row in rows.OrderBy(static r => r.TimeMs))
        {
            if (sessions.Count == 0 || row.TimeMs - sessions[^1][^1].TimeMs >= gapMs)
            {
                sessions.Add([]);
            }

            sessions[^1].Add(row);
        }

        return sessions;
    }
}

internal sealed record LastRowsSpec(string Name, string Hocon, int Count) : WindowSpec(Name, Hocon)
{
    private const int ChoicesMax = 64;

    public override string Kind => "last-n";

    public override bool IsForLife => true;

    public override bool CanHold(long timeMs, long nowMs) => true;

    /// <summary>Rows of one time are told apart by a hash that only the engine knows: any choice among them is right.</summary>
    public override IReadOnlyList<IReadOnlyList<TakenRow>>? Select(IReadOnlyList<TakenRow> rows, long nowMs)
    {
        List<TakenRow> newest = [.. rows.OrderByDescending(static r => r.TimeMs)];
        if (newest.Count <= Count)
        {
            return [newest];
        }

        long edge = newest[Count - 1].TimeMs;
        List<TakenRow> certain = newest.FindAll(r => r.TimeMs > edge);
        List<TakenRow> tied = newest.FindAll(r => r.TimeMs == edge);
        var choices = new List<List<TakenRow>>();
        return Choose(tied, 0, Count - certain.Count, certain, choices) ? choices : null;
    }

    public override IEnumerable<long> Boundaries(long timeMs) => [];

    public override long LeavesAt(long timeMs) => long.MaxValue;

    private static bool Choose(List<TakenRow> tied, int from, int count, List<TakenRow> chosen, List<List<TakenRow>> choices)
    {
        if (count == 0)
        {
            choices.Add(chosen);
            return choices.Count <= ChoicesMax;
        }

        for (int i = from; i <= tied.Count - count; i++)
        {
            if (!Choose(tied, i + 1, count - 1, [.. chosen, tied[i]], choices))
            {
                return false;
            }
        }

        return true;
    }
}

internal sealed record LifetimeSpec(string Name, string Hocon) : WindowSpec(Name, Hocon)
{
    public override string Kind => Name.Length == 0 ? "no window" : "lifetime";

    public override bool IsForLife => true;

    public override bool CanHold(long timeMs, long nowMs) => true;

    public override IEnumerable<long> Boundaries(long timeMs) => [];

    public override long LeavesAt(long timeMs) => long.MaxValue;

    protected override bool Holds(long timeMs, long nowMs) => true;
}
