namespace FeatureActors.Core.Windows;

/// <summary>
/// A window over whole slots. At time T a window of size W, slot width r and offset O holds the slots with
/// <c>floor((T − O − W)/r)·r ≤ start ≤ floor((T − O)/r)·r</c>: never less than W, at most r more. A slot therefore enters at
/// start + O and leaves at start + O + W + r. A lifetime window holds every slot.
/// </summary>
public sealed record SlidingWindow
{
    private SlidingWindow(string name, long sizeMs, long slotMs, long offsetMs)
    {
        Name = name;
        SizeMs = sizeMs;
        SlotMs = slotMs;
        OffsetMs = offsetMs;
    }

    /// <summary>Name in published fields, such as <c>1h</c> or <c>1d@7d</c>.</summary>
    public string Name { get; }

    /// <summary>W in milliseconds; <see cref="long.MaxValue"/> for a lifetime window.</summary>
    public long SizeMs { get; }

    /// <summary>r in milliseconds; <see cref="SlotWidths.Unbounded"/> for a lifetime window.</summary>
    public long SlotMs { get; }

    /// <summary>O in milliseconds.</summary>
    public long OffsetMs { get; }

    /// <summary>True for a window that nothing leaves.</summary>
    public bool IsLifetime => SlotMs == SlotWidths.Unbounded;

    /// <summary>Milliseconds from a slot's start to its exit: O + W + r; <see cref="long.MaxValue"/> for a lifetime window.</summary>
    public long ReachMs => IsLifetime ? long.MaxValue : OffsetMs + SizeMs + SlotMs;

    /// <summary>A window of <paramref name="sizeMs"/> over slots of <paramref name="slotMs"/>, both positive, moved back by <paramref name="offsetMs"/>.</summary>
    public static SlidingWindow Of(string name, long sizeMs, long slotMs, long offsetMs = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sizeMs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(slotMs);
        ArgumentOutOfRangeException.ThrowIfNegative(offsetMs);
        return new SlidingWindow(name, sizeMs, slotMs, offsetMs);
    }

    /// <summary>A window that nothing leaves.</summary>
    public static SlidingWindow Lifetime(string name) => new(name, long.MaxValue, SlotWidths.Unbounded, 0);

    /// <summary>Start of the oldest slot in the window at <paramref name="nowMs"/>.</summary>
    public long FirstStart(long nowMs) =>
        IsLifetime ? SlotWidths.UnboundedStart : SlotWidths.Floor(nowMs - OffsetMs - SizeMs, SlotMs);

    /// <summary>Start of the newest slot in the window at <paramref name="nowMs"/>.</summary>
    public long LastStart(long nowMs) => IsLifetime ? long.MaxValue : SlotWidths.Floor(nowMs - OffsetMs, SlotMs);

    /// <summary>First time at which the slot of this window that holds <paramref name="startMs"/> is in the window.</summary>
    public long EntersAt(long startMs) => IsLifetime ? long.MinValue : SlotWidths.Floor(startMs, SlotMs) + OffsetMs;

    /// <summary>First time at which the slot of this window that holds <paramref name="startMs"/> is no longer in the window.</summary>
    public long LeavesAt(long startMs) =>
        IsLifetime ? long.MaxValue : SlotWidths.Floor(startMs, SlotMs) + OffsetMs + SizeMs + SlotMs;
}
