namespace FeatureActors.Core.Windows;

/// <summary>
/// The windows of one feature and what follows for its slots: the width in which events are written, how slots fold into
/// coarser ones as they age, and when they are dropped. A slot that has left the k windows of shortest reach is needed only by
/// the others, so it may widen to the greatest common divisor of their slot widths; membership of a folded slot in any window
/// is still decided exactly by its start.
/// </summary>
public sealed class SlotTimeline
{
    private readonly SlidingWindow[] _byReach;
    private readonly long[] _widthFrom;

    /// <summary>A timeline for at least one window.</summary>
    /// <param name="windows">The feature's windows in the order of the definition.</param>
    public SlotTimeline(IReadOnlyList<SlidingWindow> windows)
    {
        ArgumentOutOfRangeException.ThrowIfZero(windows.Count);
        Windows = [.. windows];
        _byReach = [.. windows.OrderBy(static w => w.ReachMs)];
        _widthFrom = new long[_byReach.Length];
        long width = SlotWidths.Unbounded;
        for (int i = _byReach.Length - 1; i >= 0; i--)
        {
            width = SlotWidths.CommonDivisor(_byReach[i].SlotMs, width);
            _widthFrom[i] = width;
        }
    }

    /// <summary>The windows in the order of the definition.</summary>
    public IReadOnlyList<SlidingWindow> Windows { get; }

    /// <summary>Width of the slot into which an event is written, in milliseconds.</summary>
    public long WidthMs => _widthFrom[0];

    /// <summary>True when a lifetime window keeps everything.</summary>
    public bool HasLifetime => _byReach[^1].IsLifetime;

    /// <summary>The window whose slots leave first.</summary>
    public SlidingWindow Shortest => _byReach[0];

    /// <summary>The window whose slots leave last.</summary>
    public SlidingWindow Longest => _byReach[^1];

    /// <summary>
    /// First time at which the slot that starts at <paramref name="startMs"/> is in no window. With slots of different widths this
    /// need not be the window of longest reach: a coarse slot may begin, and so leave, earlier.
    /// </summary>
    public long LeavesAt(long startMs)
    {
        long leaves = long.MinValue;
        foreach (SlidingWindow window in _byReach)
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

        if (left == _byReach.Length)
        {
            targetStartMs = startMs;
            return false;
        }

        long width = _widthFrom[left];
        targetStartMs = width == SlotWidths.Unbounded ? SlotWidths.UnboundedStart : SlotWidths.Floor(startMs, width);
        return true;
    }

    /// <summary>Start of the slot into which an event at <paramref name="eventTimeMs"/> is written.</summary>
    public long StartOf(long eventTimeMs) =>
        WidthMs == SlotWidths.Unbounded ? SlotWidths.UnboundedStart : SlotWidths.Floor(eventTimeMs, WidthMs);
}
