using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Core.Windows;

/// <summary>
/// A window over whole slots. At time T a window of size W, slot width r and offset O holds the slots with
/// <c>floor((T − O − W)/r)·r ≤ start ≤ floor((T − O)/r)·r</c>: never less than W, at most r more. A slot therefore enters at
/// start + O and leaves at start + O + W + r. A lifetime window holds every slot.
/// </summary>
public sealed record SlidingWindow : FeatureWindow
{
    internal const string LifetimeWord = "lifetime";

    private SlidingWindow(string name, long sizeMs, long slotMs, long offsetMs)
        : base(name)
    {
        SizeMs = sizeMs;
        SlotMs = slotMs;
        OffsetMs = offsetMs;
        Cells = new UniformPeriods(slotMs);
    }

    /// <summary>W in milliseconds; <see cref="long.MaxValue"/> for a lifetime window.</summary>
    public long SizeMs { get; }

    /// <summary>r in milliseconds; <see cref="SlotWidths.Unbounded"/> for a lifetime window.</summary>
    public long SlotMs { get; }

    /// <summary>O in milliseconds.</summary>
    public long OffsetMs { get; }

    /// <inheritdoc/>
    public override WindowKind Kind => SlotMs == SlotWidths.Unbounded ? WindowKind.Lifetime : WindowKind.Sliding;

    /// <inheritdoc/>
    public override string DefaultName => IsLifetime ? LifetimeWord : ConfigDuration.Format(SizeMs) + OffsetSuffix;

    /// <summary>Size, slot and offset, such as <c>1d/15m@7d</c>, or <c>lifetime</c>.</summary>
    public override string Text =>
        IsLifetime ? LifetimeWord : $"{ConfigDuration.Format(SizeMs)}/{ConfigDuration.Format(SlotMs)}{OffsetSuffix}";

    /// <inheritdoc/>
    public override long LengthMs => IsLifetime ? 0 : SizeMs;

    /// <summary>Milliseconds from a slot's start to its exit: O + W + r; <see cref="long.MaxValue"/> for a lifetime window.</summary>
    public override long ReachMs => IsLifetime ? long.MaxValue : OffsetMs + SizeMs + SlotMs;

    internal override long HoldsMs => IsLifetime ? long.MaxValue : OffsetMs + SizeMs;

    internal override Periods Cells { get; }

    private string OffsetSuffix => OffsetMs == 0 ? "" : "@" + ConfigDuration.Format(OffsetMs);

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

    /// <inheritdoc/>
    public override long WarmAt(long sinceMs) => IsLifetime ? long.MaxValue : sinceMs + ReachMs;

    /// <inheritdoc/>
    public override long FirstStart(long nowMs) =>
        IsLifetime ? SlotWidths.UnboundedStart : SlotWidths.Floor(nowMs - OffsetMs - SizeMs, SlotMs);

    /// <summary>Start of the newest slot in the window at <paramref name="nowMs"/>.</summary>
    public long LastStart(long nowMs) => IsLifetime ? long.MaxValue : SlotWidths.Floor(nowMs - OffsetMs, SlotMs);

    /// <inheritdoc/>
    public override long EndStart(long nowMs) => IsLifetime ? long.MaxValue : LastStart(nowMs) + SlotMs;

    /// <inheritdoc/>
    public override long EntersAt(long timeMs) => IsLifetime ? long.MinValue : SlotWidths.Floor(timeMs, SlotMs) + OffsetMs;

    /// <inheritdoc/>
    public override long LeavesAt(long timeMs) =>
        IsLifetime ? long.MaxValue : SlotWidths.Floor(timeMs, SlotMs) + OffsetMs + SizeMs + SlotMs;
}
