namespace FeatureActors.Runtime.Hosting;

/// <summary>A clock that may be put ahead of the real one; timers wait as long as ever. Safe for concurrent calls.</summary>
internal sealed class RehearsalTime(TimeProvider real) : TimeProvider
{
    private long _aheadTicks;

    /// <summary>By how much it is ahead.</summary>
    public TimeSpan Ahead => TimeSpan.FromTicks(Interlocked.Read(ref _aheadTicks));

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => real.LocalTimeZone;

    /// <inheritdoc/>
    public override long TimestampFrequency => real.TimestampFrequency;

    /// <summary>Puts it ahead by some more.</summary>
    public void Advance(TimeSpan step) => Interlocked.Add(ref _aheadTicks, step.Ticks);

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => real.GetUtcNow() + Ahead;

    /// <inheritdoc/>
    public override long GetTimestamp() => real.GetTimestamp() + (long)(Ahead.TotalSeconds * TimestampFrequency);

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => real.CreateTimer(callback, state, dueTime, period);
}
