using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Windows;

/// <summary>
/// The windows of one feature and what follows for its slots: where events are written, how slots fold into coarser ones as they
/// age, and when they are dropped. A slot holds what no window can tell apart: it starts where the youngest cell of all windows
/// starts (windows whose cells have one length together count as cells of the greatest common divisor). A slot that has left the
/// k windows of shortest reach is needed only by the others, so it may widen to their cells; membership of a folded slot in any
/// window is still decided exactly by its start.
/// </summary>
public sealed class SlotTimeline
{
    // Starts of calendar periods are whole seconds in every zone, also under rules that are not known yet; so are those of plug-ins.
    private const long CalendarUnitMs = 1_000;

    private readonly FeatureWindow[] _byReach;
    private readonly Grid[] _gridFrom;
    private readonly int[] _indexByReach;
    private readonly long _foldsNotBeforeMs;

    /// <summary>A timeline for at least one window.</summary>
    /// <param name="windows">The feature's windows in the order of the definition.</param>
    public SlotTimeline(IReadOnlyList<FeatureWindow> windows)
    {
        ArgumentOutOfRangeException.ThrowIfZero(windows.Count);
        Windows = [.. windows];
        Session = windows[0] as SessionWindow;
        RowsMax = windows[0] is LastRowsWindow rows ? rows.Count : 0;
        Family = Session is not null ? SlotFamily.Session : RowsMax > 0 ? SlotFamily.Row : SlotFamily.Time;
        if (Family != SlotFamily.Time && windows.Any(w => w.Text != windows[0].Text))
        {
            throw new ArgumentException("sessions and last rows share slots with nothing else", nameof(windows));
        }

        _indexByReach = [.. Enumerable.Range(0, windows.Count).OrderBy(i => windows[i].ReachMs)];
        _byReach = [.. _indexByReach.Select(i => windows[i])];
        _gridFrom = [.. Enumerable.Range(0, _byReach.Length).Select(i => Grid.Of(_byReach.AsSpan(i)))];
        IsEndless = _byReach[^1].IsEndless;
        HoldsMs = _byReach.Max(static w => w.HoldsMs);
        WidthMs = _gridFrom[0].WidthMs;
        UnitMs = _gridFrom[0].Calendars.Length == 0 ? WidthMs : SlotWidths.CommonDivisor(WidthMs, CalendarUnitMs);
        GridText = Family == SlotFamily.Time ? _gridFrom[0].ToString() : windows[0].Text;
        Text = string.Join('|', windows.Select(static w => w.Text));
        _foldsNotBeforeMs = windows.Min(static w => w.HoldsMs);
    }

    /// <summary>The windows in the order of the definition.</summary>
    public IReadOnlyList<FeatureWindow> Windows { get; }

    /// <summary>What its slots are.</summary>
    public SlotFamily Family { get; }

    /// <summary>The sessions that its slots are, or null.</summary>
    public SessionWindow? Session { get; }

    /// <summary>Number of rows that it keeps when its slots are single rows, else 0.</summary>
    public int RowsMax { get; }

    /// <summary>Bytes that stand before the payload of each slot and belong to the engine.</summary>
    internal int HiddenBytes => Family == SlotFamily.Time ? 0 : sizeof(long);

    /// <summary>Greatest width of the slot into which an event is written; calendar periods may cut it. In milliseconds.</summary>
    public long WidthMs { get; }

    /// <summary>Starts of slots are multiples of this many milliseconds.</summary>
    public long UnitMs { get; }

    /// <summary>Where events are written, in one spelling: equal texts cut time alike. The texts are persisted.</summary>
    public string GridText { get; }

    /// <summary>The windows in one spelling: timelines of equal texts treat every slot alike.</summary>
    internal string Text { get; }

    /// <summary>True when a window keeps slots that time does not take away: lifetime or last rows.</summary>
    public bool IsEndless { get; }

    /// <summary>A slot is in some window, or will be, for at least this long after its start, in milliseconds.</summary>
    public long HoldsMs { get; }

    /// <summary>The window whose slots leave first.</summary>
    public FeatureWindow Shortest => _byReach[0];

    /// <summary>The window whose slots leave last.</summary>
    public FeatureWindow Longest => _byReach[^1];

    /// <summary>
    /// First time at which the slot that starts at <paramref name="startMs"/> is in no window. With slots of different widths this
    /// need not be the window of longest reach: a coarse slot may begin, and so leave, earlier.
    /// </summary>
    public long LeavesAt(long startMs)
    {
        long leaves = long.MinValue;
        foreach (FeatureWindow window in _byReach)
        {
            leaves = Math.Max(leaves, window.LeavesAt(startMs));
        }

        return leaves;
    }

    /// <summary>
    /// Start of the slot that should hold data of the slot <paramref name="startMs"/> at time <paramref name="nowMs"/>.
    /// </summary>
    /// <param name="startMs">Start of a slot of any width of this timeline.</param>
    /// <param name="nowMs">The time T.</param>
    /// <param name="targetStartMs">The start of the coarsest slot that no window can tell apart any more.</param>
    /// <returns>False when the slot has left every window.</returns>
    public bool TryFold(long startMs, long nowMs, out long targetStartMs)
    {
        if (startMs == SlotWidths.UnboundedStart)
        {
            targetStartMs = startMs;
            return true;
        }

        int left = 0;
        while (left < _byReach.Length && _byReach[left].LeavesAt(startMs) <= nowMs)
        {
            left++;
        }

        return TryGrid(left, startMs, out targetStartMs);
    }

    /// <summary>Place of a window in the definition; <paramref name="reach"/> is its place when they are ordered by reach, the shortest first.</summary>
    internal int WindowOfReach(int reach) => _indexByReach[reach];

    /// <summary>Where a slot belongs that has left the first <paramref name="left"/> windows by reach; false when these are all.</summary>
    internal bool TryGrid(int left, long startMs, out long targetStartMs)
    {
        bool isHeld = left < _gridFrom.Length;
        targetStartMs = isHeld ? _gridFrom[left].StartOf(startMs) : startMs;
        return isHeld;
    }

    /// <summary>
    /// Moves <paramref name="at"/> over slots that stand where slots belong that have left the first <paramref name="left"/> windows by
    /// reach, up to those that start at <paramref name="endMs"/>; false when it comes to one that does not. There is at least one.
    /// </summary>
    internal bool StandsInGrid(int left, ReadOnlySpan<SlotReference> slots, long endMs, ref int at) =>
        left < _gridFrom.Length && _gridFrom[left].Holds(slots, endMs, ref at);

    /// <summary>
    /// Start of the slot that holds an event which comes late, written at <paramref name="nowMs"/> where it would be folded to anyway.
    /// </summary>
    /// <param name="startMs">What <see cref="StartOf"/> says of the event's time.</param>
    /// <param name="nowMs">The time T, or an earlier one.</param>
    public long FoldedStart(long startMs, long nowMs) =>
        Family != SlotFamily.Time || startMs > nowMs || nowMs - startMs < _foldsNotBeforeMs || !TryFold(startMs, nowMs, out long target)
            ? startMs
            : target;

    /// <summary>Start of the slot into which an event at <paramref name="eventTimeMs"/> is written.</summary>
    public long StartOf(long eventTimeMs) => _gridFrom[0].StartOf(eventTimeMs);

    /// <summary>The next time at which slots can enter or leave; <see cref="long.MaxValue"/> when none ever does.</summary>
    public long NextBoundary(long nowMs) => Family == SlotFamily.Row ? long.MaxValue : _gridFrom[0].NextStart(nowMs);

    /// <summary>Most slots at one time, the one that is being written included.</summary>
    public long SlotsMax()
    {
        if (Family != SlotFamily.Time)
        {
            // Sessions are a gap apart: those that are kept, one that is going on, and one whose rows lie ahead of T.
            return Session is null ? RowsMax : ((Session.ReachMs + Session.GapMs - 1) / Session.GapMs) + 2;
        }

        // At most one slot of every width for each span between two reaches; the youngest slots have the finest width. A slot may
        // be cut by a reach, hence one more for each window, and one for the slot that is being written.
        long slots = IsEndless ? 1 : 0;
        long from = 0;
        for (int i = 0; i < _byReach.Length && !_byReach[i].IsEndless; i++)
        {
            slots += _gridFrom[i].SlotsMax(_byReach[i].ReachMs - from) + 1;
            from = _byReach[i].ReachMs;
        }

        return slots;
    }

    /// <summary>The coarsest cut of time that tells the cells of some windows apart: a width, and periods of a calendar or a plug-in that it does not fall on.</summary>
    private readonly record struct Grid(long WidthMs, Periods[] Calendars)
    {
        private readonly ExactDivisor _width = new(WidthMs);

        public static Grid Of(ReadOnlySpan<FeatureWindow> windows)
        {
            long width = SlotWidths.Unbounded;
            var calendars = new List<Periods>();
            foreach (FeatureWindow window in windows)
            {
                width = SlotWidths.CommonDivisor(width, window.Cells.UniformMs);
                if (window.Cells is not UniformPeriods and var calendar && !calendars.Exists(c => c.Refines(calendar)))
                {
                    calendars.RemoveAll(calendar.Refines);
                    calendars.Add(calendar);
                }
            }

            // Slots that divide every start of a calendar are cut by it already.
            calendars.RemoveAll(c => width != SlotWidths.Unbounded && c.DivisorMs % width == 0);
            return new Grid(width, [.. calendars.OrderBy(static c => c.Text, StringComparer.Ordinal)]);
        }

        public long StartOf(long timeMs)
        {
            long start = WidthMs == SlotWidths.Unbounded ? SlotWidths.UnboundedStart : SlotWidths.Floor(timeMs, WidthMs);
            foreach (Periods calendar in Calendars)
            {
                start = Math.Max(start, calendar.CellStart(timeMs));
            }

            return start;
        }

        public bool Holds(ReadOnlySpan<SlotReference> slots, long endMs, ref int at)
        {
            if (StartOf(slots[at].StartMs) != slots[at].StartMs)
            {
                return false;
            }

            if (Calendars.Length > 0)
            {
                while (++at < slots.Length && slots[at].StartMs < endMs)
                {
                    if (StartOf(slots[at].StartMs) != slots[at].StartMs)
                    {
                        return false;
                    }
                }

                return true;
            }

            // The first stands in the grid, so the others do when they are multiples of its width away from one another.
            long before = slots[at].StartMs;
            for (at++; at < slots.Length && slots[at].StartMs is var start && start < endMs; at++)
            {
                if (!_width.Divides(start - before))
                {
                    return false;
                }

                before = start;
            }

            return true;
        }

        public long NextStart(long timeMs)
        {
            long next = WidthMs == SlotWidths.Unbounded ? long.MaxValue : SlotWidths.Floor(timeMs, WidthMs) + WidthMs;
            foreach (Periods calendar in Calendars)
            {
                next = Math.Min(next, calendar.StartOf(calendar.IndexOf(timeMs) + 1));
            }

            return next;
        }

        public long SlotsMax(long spanMs)
        {
            long slots = WidthMs == SlotWidths.Unbounded ? 0 : CeilingOf(spanMs, WidthMs);
            foreach (Periods calendar in Calendars)
            {
                slots += CeilingOf(spanMs, calendar.LengthMsMin);
            }

            return slots;
        }

        public override string ToString()
        {
            IEnumerable<string> parts = Calendars.Select(static c => c.Text);
            return WidthMs != SlotWidths.Unbounded
                ? string.Join('+', parts.Prepend(Abstractions.Configuration.ConfigDuration.Format(WidthMs)))
                : Calendars.Length == 0 ? SlidingWindow.LifetimeWord : string.Join('+', parts);
        }

        private static long CeilingOf(long spanMs, long widthMs) => (spanMs + widthMs - 1) / widthMs;
    }
}
