using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Windows;

/// <summary>
/// Which slots the windows of a timeline hold at one time T: computed once for all entities that are evaluated at it, so that an entity's
/// slots, which are ordered by start, are told apart by comparisons alone. Not safe for concurrent use.
/// </summary>
public sealed class WindowBounds
{
    private readonly SlotTimeline _timeline;
    private readonly long[] _firstStarts;
    private readonly long[] _endStarts;
    private readonly long[] _leftBefore;
    private readonly int[] _reachOf;
    private readonly int[] _firstNotLeft;
    private long _nowMs;
    private bool _isSet;

    /// <summary>Bounds of <paramref name="timeline"/>; <see cref="MoveTo"/> comes before everything else.</summary>
    public WindowBounds(SlotTimeline timeline)
    {
        ArgumentNullException.ThrowIfNull(timeline);
        int count = timeline.Windows.Count;
        _timeline = timeline;
        _firstStarts = new long[count];
        _endStarts = new long[count];
        _leftBefore = new long[count];
        _firstNotLeft = new int[count];
        _reachOf = new int[count];
        for (int i = 0; i < count; i++)
        {
            _reachOf[timeline.WindowOfReach(i)] = i;
        }
    }

    /// <summary>Takes <paramref name="nowMs"/> for T.</summary>
    public void MoveTo(long nowMs)
    {
        if (_isSet && _nowMs == nowMs)
        {
            return;
        }

        _isSet = true;
        _nowMs = nowMs;
        for (int w = 0; w < _firstStarts.Length; w++)
        {
            _firstStarts[w] = _timeline.Windows[w].FirstStart(nowMs);
            _endStarts[w] = _timeline.Windows[w].EndStart(nowMs);
        }

        // A cell has left a window when it starts before the window's first one. Slots fold by how many windows, from the one of
        // shortest reach on, they have left without a gap: those before the smallest of these starts.
        long before = long.MaxValue;
        for (int i = 0; i < _leftBefore.Length; i++)
        {
            before = Math.Min(before, _firstStarts[_timeline.WindowOfReach(i)]);
            _leftBefore[i] = before;
        }
    }

    /// <summary>
    /// Index of the first slot that is to be dropped or folded, or −1. Slots before <paramref name="from"/> are as they should be.
    /// When the answer is −1 and <paramref name="from"/> is 0, <see cref="Inside"/> knows the slots without a search.
    /// </summary>
    public int FindAged(ReadOnlySpan<SlotReference> slots, int from)
    {
        int i = from == 0 && slots.Length > 0 && slots[0].StartMs == SlotWidths.UnboundedStart ? 1 : from;
        for (int left = _leftBefore.Length; left > 0; left--)
        {
            long end = _leftBefore[left - 1];
            if (i < slots.Length && slots[i].StartMs < end && !_timeline.StandsInGrid(left, slots, end, ref i))
            {
                return i;
            }

            _firstNotLeft[left - 1] = i;
        }

        return -1;
    }

    /// <summary>Where a slot belongs, as <see cref="SlotTimeline.TryFold"/> says it; not for the slot that holds everything.</summary>
    /// <returns>False when it has left all windows.</returns>
    public bool TryFold(long startMs, out long targetStartMs)
    {
        int left = 0;
        while (left < _leftBefore.Length && startMs < _leftBefore[left])
        {
            left++;
        }

        return _timeline.TryGrid(left, startMs, out targetStartMs);
    }

    /// <summary>The slots in a window; those given have just been found not to age.</summary>
    /// <returns>Index of the first, and the one behind the last.</returns>
    public (int First, int End) Inside(int window, ReadOnlySpan<SlotReference> slots)
    {
        long start = _firstStarts[window];
        int reach = _reachOf[window];
        int first = start == SlotWidths.UnboundedStart ? 0
            : start == _leftBefore[reach] ? _firstNotLeft[reach]
            : LowerBound(slots, start);
        return (first, EndOf(window, slots));
    }

    /// <summary>The slots in a window, whatever slots are given.</summary>
    /// <returns>Index of the first, and the one behind the last.</returns>
    public (int First, int End) Search(int window, ReadOnlySpan<SlotReference> slots) =>
        (LowerBound(slots, _firstStarts[window]), EndOf(window, slots));

    // Slots may be finer than the window's own cells: all that stand in its newest cell belong to it.
    private int EndOf(int window, ReadOnlySpan<SlotReference> slots) =>
        slots.IsEmpty || slots[^1].StartMs < _endStarts[window] ? slots.Length : LowerBound(slots, _endStarts[window]);

    private static int LowerBound(ReadOnlySpan<SlotReference> slots, long start)
    {
        int low = 0;
        int high = slots.Length;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (slots[middle].StartMs < start)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
