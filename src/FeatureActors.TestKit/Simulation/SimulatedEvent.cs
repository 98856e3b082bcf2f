namespace FeatureActors.TestKit.Simulation;

/// <summary>An event as the simulator made it.</summary>
internal sealed record SimulatedEvent(int Partition, long Offset, string Key, long TimeMs, long? Value, string? Category, string Action, string? Id)
{
    /// <summary>True when it takes an equal event back.</summary>
    public bool IsRetraction { get; init; }

    public int Sign => IsRetraction ? -1 : 1;
}
