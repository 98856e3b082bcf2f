using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Core.Windows;

/// <summary>
/// A window of one session: rows whose event times, in order, lie less than the gap apart. At T it holds, as a whole, the session that
/// has begun and whose last row is less than the gap ago. A row comes too late when it is older than the lateness; a closed session
/// is kept for lateness and gap after its last row, so that every row in time finds the sessions that it belongs to or joins.
/// </summary>
public sealed record SessionWindow : FeatureWindow
{
    private static readonly UniformPeriods Milliseconds = new(1);

    /// <summary>Sessions that a pause of <paramref name="gapMs"/> ends, for rows at most <paramref name="latenessMs"/> late (the gap or more).</summary>
    public SessionWindow(string name, long gapMs, long latenessMs)
        : base(name)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(gapMs);
        ArgumentOutOfRangeException.ThrowIfLessThan(latenessMs, gapMs);
        GapMs = gapMs;
        LatenessMs = latenessMs;
    }

    /// <summary>The shortest pause between two sessions, in milliseconds.</summary>
    public long GapMs { get; }

    /// <summary>A row is taken while its event time plus this many milliseconds lies ahead of T.</summary>
    public long LatenessMs { get; }

    /// <inheritdoc/>
    public override WindowKind Kind => WindowKind.Session;

    /// <inheritdoc/>
    public override string DefaultName => $"session-{ConfigDuration.Format(GapMs)}";

    /// <summary>Such as <c>session 30m</c>, or <c>session 30m/2h</c> with a lateness of its own.</summary>
    public override string Text =>
        $"session {ConfigDuration.Format(GapMs)}{(LatenessMs == GapMs ? "" : "/" + ConfigDuration.Format(LatenessMs))}";

    /// <inheritdoc/>
    public override long LengthMs => 0;

    /// <summary>Milliseconds from the last row of a session until it is forgotten.</summary>
    public override long ReachMs => LatenessMs + GapMs;

    internal override long HoldsMs => ReachMs;

    internal override Periods Cells => Milliseconds;

    /// <summary>A session that began later than a gap after <paramref name="sinceMs"/> is whole.</summary>
    public override long WarmAt(long sinceMs) => sinceMs + GapMs;

    /// <summary>Sessions that began at any time may still be open.</summary>
    public override long FirstStart(long nowMs) => long.MinValue;

    /// <inheritdoc/>
    public override long EndStart(long nowMs) => nowMs + 1;

    /// <inheritdoc/>
    public override long EntersAt(long timeMs) => timeMs;

    /// <summary>First time at which a session whose last row is at <paramref name="timeMs"/> is forgotten.</summary>
    public override long LeavesAt(long timeMs) => timeMs + ReachMs;
}
