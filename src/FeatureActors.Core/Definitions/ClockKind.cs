namespace FeatureActors.Core.Definitions;

/// <summary>What moves a shard's clock T.</summary>
public enum ClockKind
{
    /// <summary>The wall clock: live use.</summary>
    Wall = 1,

    /// <summary>Event time, carried in the log: replays and demos.</summary>
    Event = 2,
}
