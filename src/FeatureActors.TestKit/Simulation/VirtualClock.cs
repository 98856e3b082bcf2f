namespace FeatureActors.TestKit.Simulation;

/// <summary>True time of a simulated world; moved by hand.</summary>
internal sealed class VirtualClock : TimeProvider
{
    /// <summary>Now, Unix milliseconds.</summary>
    public long NowMs { get; set; }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);
}
