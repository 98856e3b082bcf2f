namespace FeatureActors.TestKit.Features;

/// <summary>A clock that stands still until it is moved. Not safe for concurrent use.</summary>
public sealed class ManualClock : TimeProvider
{
    /// <summary>The time in Unix milliseconds.</summary>
    public long NowMs { get; private set; }

    /// <summary>Moves the clock to a time, which must not lie before it.</summary>
    public void MoveTo(long nowMs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nowMs, NowMs);
        NowMs = nowMs;
    }

    /// <summary>Moves the clock on.</summary>
    public void Advance(TimeSpan by) => MoveTo(NowMs + (long)by.TotalMilliseconds);

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);

    /// <inheritdoc/>
    public override long TimestampFrequency => 1_000;

    /// <inheritdoc/>
    public override long GetTimestamp() => NowMs;
}
