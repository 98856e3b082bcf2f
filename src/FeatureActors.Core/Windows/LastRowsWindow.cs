namespace FeatureActors.Core.Windows;

/// <summary>A window of the newest rows, ordered by event time and then by a hash of what the feature reads of them.</summary>
public sealed record LastRowsWindow : FeatureWindow
{
    private static readonly UniformPeriods Milliseconds = new(1);

    /// <summary>The <paramref name="count"/> newest rows.</summary>
    public LastRowsWindow(string name, int count)
        : base(name)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        Count = count;
    }

    /// <summary>Number of rows.</summary>
    public int Count { get; }

    /// <inheritdoc/>
    public override WindowKind Kind => WindowKind.LastRows;

    /// <inheritdoc/>
    public override string DefaultName => FormattableString.Invariant($"last-{Count}");

    /// <summary>Such as <c>last 100</c>.</summary>
    public override string Text => FormattableString.Invariant($"last {Count}");

    /// <inheritdoc/>
    public override long LengthMs => 0;

    /// <inheritdoc/>
    public override long ReachMs => long.MaxValue;

    internal override long HoldsMs => long.MaxValue;

    internal override Periods Cells => Milliseconds;

    /// <summary>Rows are complete when as many as the window holds are newer than <paramref name="sinceMs"/>.</summary>
    public override long WarmAt(long sinceMs) => sinceMs;

    /// <inheritdoc/>
    public override long FirstStart(long nowMs) => long.MinValue;

    /// <inheritdoc/>
    public override long EndStart(long nowMs) => long.MaxValue;

    /// <inheritdoc/>
    public override long EntersAt(long timeMs) => long.MinValue;

    /// <inheritdoc/>
    public override long LeavesAt(long timeMs) => long.MaxValue;
}
