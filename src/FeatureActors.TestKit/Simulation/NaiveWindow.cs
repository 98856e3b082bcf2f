namespace FeatureActors.TestKit.Simulation;

/// <summary>A window of the naive model, by the formulas of docs/definitions.md alone.</summary>
/// <param name="Field">Name of its field.</param>
internal abstract record NaiveWindow(string Field)
{
    public const long Never = long.MaxValue;

    public const long Day = 86_400_000;

    /// <summary>For the tally.</summary>
    public abstract string Kind { get; }

    /// <summary>True when only the group's idle time takes rows away.</summary>
    public virtual bool IsForLife => false;

    /// <summary>Length that a rate divides by; 0 for none.</summary>
    public virtual long LengthMs => 0;

    /// <summary>Longest time from a change until the present slot closes.</summary>
    public virtual long ClosesMs => 0;

    /// <summary>Longest time from a row until it has left.</summary>
    public abstract long SpanMs { get; }

    /// <summary>False when a row that is judged at this time is beyond retention: late when all windows of its group say so.</summary>
    public virtual bool CanHold(long timeMs, long nowMs) => LeavesAt(timeMs) > nowMs;

    /// <summary>False when a row that its group took at this time is not counted: every other goes into the slot of its event time, however late it is.</summary>
    public virtual bool Counts(NaiveRow row) => true;

    /// <summary>The rows, oldest first, in parts of which one is selected from, whatever T is.</summary>
    public virtual IReadOnlyList<NaiveRow[]> Divide(IReadOnlyList<NaiveRow> rows) => [[.. rows]];

    /// <summary>The rows in it at T; null when the definitions, or the time at which something was applied, leave it open.</summary>
    public virtual ArraySegment<NaiveRow>? Select(IReadOnlyList<NaiveRow[]> parts, long nowMs)
    {
        (long fromMs, long endMs) = Span(nowMs);
        int from = Array.FindIndex(parts[0], r => r.TimeMs >= fromMs);
        return from < 0 ? ArraySegment<NaiveRow>.Empty
            : new ArraySegment<NaiveRow>(parts[0], from, Array.FindLastIndex(parts[0], r => r.TimeMs < endMs) + 1 is var end && end > from ? end - from : 0);
    }

    /// <summary>Time from which a row of <paramref name="timeMs"/> is of no use.</summary>
    public abstract long LeavesAt(long timeMs);

    /// <summary>The span of time, without its end, of which it has the rows at T.</summary>
    protected virtual (long FromMs, long EndMs) Span(long nowMs) => (long.MinValue, long.MaxValue);

    public static long Floor(long value, long width) => (value >= 0 ? value / width : -((-value + width - 1) / width)) * width;
}

/// <summary>Whole slots with floor((T − O − W)/r)·r ≤ start ≤ floor((T − O)/r)·r.</summary>
internal sealed record NaiveSliding(string Field, long SizeMs, long SlotMs, long OffsetMs) : NaiveWindow(Field)
{
    public override string Kind => OffsetMs == 0 ? "sliding" : "sliding with offset";

    public override long LengthMs => SizeMs;

    public override long ClosesMs => SlotMs;

    public override long SpanMs => OffsetMs + SizeMs + SlotMs;

    public override long LeavesAt(long timeMs) => Floor(timeMs, SlotMs) + SpanMs;

    protected override (long FromMs, long EndMs) Span(long nowMs) =>
        (Floor(nowMs - OffsetMs - SizeMs, SlotMs), Floor(nowMs - OffsetMs, SlotMs) + SlotMs);
}

/// <summary>Everything, as long as the group lives.</summary>
internal sealed record NaiveLifetime(string Field) : NaiveWindow(Field)
{
    public override string Kind => "lifetime";

    public override bool IsForLife => true;

    public override long SpanMs => 0;

    public override long LeavesAt(long timeMs) => Never;
}

/// <summary>Periods of one length from the Unix epoch on.</summary>
internal sealed record NaiveTumbling(string Field, long PeriodMs, int Back) : NaiveWindow(Field)
{
    public override string Kind => "tumbling";

    public override long LengthMs => PeriodMs;

    public override long ClosesMs => PeriodMs;

    public override long SpanMs => (Back + 1) * PeriodMs;

    public override long LeavesAt(long timeMs) => Floor(timeMs, PeriodMs) + SpanMs;

    protected override (long FromMs, long EndMs) Span(long nowMs) =>
        (Floor(nowMs, PeriodMs) - (Back * PeriodMs), Floor(nowMs, PeriodMs) - ((Back - 1) * PeriodMs));
}

/// <summary>Days, weeks or months of a zone whose clock never changes.</summary>
internal sealed record NaiveCalendar(string Field, string Unit, long ZoneMs, int Back) : NaiveWindow(Field)
{
    public override string Kind => $"calendar {Unit}";

    public override long ClosesMs => Never;

    public override long SpanMs => (Back + 1) * (Unit switch { "day" => 1, "week" => 7, _ => 31 }) * Day;

    public override long LeavesAt(long timeMs) => Start(Moved(PeriodOf(timeMs), Back + 1));

    protected override (long FromMs, long EndMs) Span(long nowMs) =>
        (Start(Moved(PeriodOf(nowMs), -Back)), Start(Moved(PeriodOf(nowMs), 1 - Back)));

    private DateOnly PeriodOf(long timeMs)
    {
        DateOnly date = DateOnly.FromDateTime(DateTime.UnixEpoch.AddMilliseconds(timeMs + ZoneMs));
        return Unit switch
        {
            "day" => date,
            "week" => date.AddDays(-(((int)date.DayOfWeek + 6) % 7)),
            _ => new DateOnly(date.Year, date.Month, 1),
        };
    }

    private DateOnly Moved(DateOnly first, int periods) => Unit switch
    {
        "day" => first.AddDays(periods),
        "week" => first.AddDays(7 * periods),
        _ => first.AddMonths(periods),
    };

    private long Start(DateOnly first) => (long)(first.ToDateTime(TimeOnly.MinValue) - DateTime.UnixEpoch).TotalMilliseconds - ZoneMs;
}

/// <summary>The session with first row ≤ T &lt; last row + gap, of the rows that came in time.</summary>
internal sealed record NaiveSession(string Field, long GapMs, long LatenessMs) : NaiveWindow(Field)
{
    public override string Kind => "session";

    public override long ClosesMs => SpanMs;

    public override long SpanMs => LatenessMs + GapMs;

    public override bool CanHold(long timeMs, long nowMs) => timeMs + LatenessMs > nowMs;

    public override bool Counts(NaiveRow row) => CanHold(row.TimeMs, row.TakenAtMs);

    public override IReadOnlyList<NaiveRow[]> Divide(IReadOnlyList<NaiveRow> rows) =>
        [.. Sessions([.. rows.Where(Counts)], GapMs).Select(static s => s.ToArray())];

    public override ArraySegment<NaiveRow>? Select(IReadOnlyList<NaiveRow[]> parts, long nowMs)
    {
        NaiveRow[] open = parts.FirstOrDefault(s => s[0].TimeMs <= nowMs && nowMs < s[^1].TimeMs + GapMs) ?? [];
        return Array.Exists(open, static r => r.IsDoubtful) ? default(ArraySegment<NaiveRow>?) : open;
    }

    public override long LeavesAt(long timeMs) => timeMs + SpanMs;

    /// <summary>Rows in order of time, cut where two neighbours are a gap or more apart.</summary>
    public static List<List<NaiveRow>> Sessions(IReadOnlyList<NaiveRow> rows, long gapMs)
    {
        var sessions = new List<List<NaiveRow>>();
        foreach (NaiveRow row in rows.OrderBy(static r => r.TimeMs))
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

/// <summary>The newest rows; which ones of one time only the engine knows.</summary>
internal sealed record NaiveLastRows(string Field, int Count) : NaiveWindow(Field)
{
    public override string Kind => "last rows";

    public override bool IsForLife => true;

    public override long SpanMs => 0;

    public override IReadOnlyList<NaiveRow[]> Divide(IReadOnlyList<NaiveRow> rows)
    {
        NaiveRow[] newest = [.. rows.Reverse()];
        if (newest.Length <= Count)
        {
            return [newest];
        }

        long edge = newest[Count - 1].TimeMs;
        bool isOpen = newest[Count].TimeMs == edge
            && newest.Where(r => r.TimeMs == edge).Select(static r => (r.Event.Value, r.Event.Category)).Distinct().Count() > 1;
        return isOpen ? [] : [newest[..Count]];
    }

    public override ArraySegment<NaiveRow>? Select(IReadOnlyList<NaiveRow[]> parts, long nowMs) => parts.Count == 0 ? default(ArraySegment<NaiveRow>?) : parts[0];

    public override long LeavesAt(long timeMs) => Never;
}

/// <summary>Every row, with a weight that falls: the one value of a type that decays.</summary>
internal sealed record NaiveDecay(string Field, long HalfLifeMs) : NaiveWindow(Field)
{
    public override string Kind => "decay";

    // 2^-20 is just below the default epsilon; a few thousand rows of one time last twelve half-lives more.
    public override long SpanMs => 34 * HalfLifeMs;

    public override bool CanHold(long timeMs, long nowMs) => true;

    /// <summary>Before this the row alone is worth keeping.</summary>
    public override long LeavesAt(long timeMs) => timeMs + (19 * HalfLifeMs);
}

/// <summary>Where a value that is computed from others stands; it holds no rows.</summary>
internal sealed record NaivePlace(string Field) : NaiveWindow(Field)
{
    public override string Kind => "computed";

    public override long SpanMs => 0;

    public override long LeavesAt(long timeMs) => timeMs;
}
