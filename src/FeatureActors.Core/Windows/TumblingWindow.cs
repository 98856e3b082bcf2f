namespace FeatureActors.Core.Windows;

/// <summary>
/// A window of one period: the one that contains T, growing while it lasts, or the one <see cref="Back"/> periods before it. A row
/// enters when its period, moved on by that many periods, starts, and leaves when that ends.
/// </summary>
public sealed record TumblingWindow : FeatureWindow
{
    internal const string TextPrefix = "tumbling ";

    /// <summary>The period <paramref name="back"/> periods before the one that contains T.</summary>
    public TumblingWindow(string name, Periods periods, int back = 0)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(periods);
        ArgumentOutOfRangeException.ThrowIfNegative(back);
        Cells = periods;
        Back = back;
    }

    /// <summary>Number of periods before the present one.</summary>
    public int Back { get; }

    /// <summary>The periods.</summary>
    public Periods Periods => Cells;

    /// <inheritdoc/>
    public override WindowKind Kind => WindowKind.Tumbling;

    /// <inheritdoc/>
    public override string DefaultName => $"tumbling-{Cells.Word}{BackSuffix}";

    /// <summary>Such as <c>tumbling 1h</c> or <c>tumbling day Europe/Paris@1</c>.</summary>
    public override string Text => $"{TextPrefix}{Cells.Text}{BackSuffix}";

    /// <inheritdoc/>
    public override long LengthMs => Cells.UniformMs == SlotWidths.Unbounded ? 0 : Cells.UniformMs;

    /// <inheritdoc/>
    public override long ReachMs => Cells.LengthMsMax * (Back + 1);

    // A date that the zone left out may lie in between.
    internal override long HoldsMs => Cells.LengthMsMin * Math.Max(0, Back - Cells.EmptyCount);

    internal override Periods Cells { get; }

    private string BackSuffix => Back == 0 ? "" : FormattableString.Invariant($"@{Back}");

    /// <summary>When the first period that begins at <paramref name="sinceMs"/> or later is in the window.</summary>
    public override long WarmAt(long sinceMs) => Cells.StartOf(Cells.IndexOf(sinceMs - 1) + 1 + Back);

    /// <inheritdoc/>
    public override long FirstStart(long nowMs) => Cells.StartOf(Cells.IndexOf(nowMs) - Back);

    /// <inheritdoc/>
    public override long EndStart(long nowMs) => Cells.StartOf(Cells.IndexOf(nowMs) - Back + 1);

    /// <inheritdoc/>
    public override long EntersAt(long timeMs) => Cells.StartOf(Cells.IndexOf(timeMs) + Back);

    /// <inheritdoc/>
    public override long LeavesAt(long timeMs) => Cells.StartOf(Cells.IndexOf(timeMs) + Back + 1);
}
