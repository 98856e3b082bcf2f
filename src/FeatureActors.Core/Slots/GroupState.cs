namespace FeatureActors.Core.Slots;

/// <summary>What an entity block remembers about one group.</summary>
/// <param name="LastEventMs">Largest event time of the group's rows; <see cref="long.MinValue"/> when there was none.</param>
/// <param name="PublishedHash">Hash of the values last handed to the publisher; 0 when the key is not in the feature store.</param>
/// <param name="PublishedExpiryMs">Expiry last given to the feature store; 0 for none.</param>
/// <param name="NextDueMs">Next time at which the values change without an event; <see cref="long.MaxValue"/> for never.</param>
public readonly record struct GroupState(long LastEventMs, ulong PublishedHash, long PublishedExpiryMs, long NextDueMs)
{
    /// <summary>State of a group that has seen nothing.</summary>
    public static GroupState Initial { get; } = new(long.MinValue, 0, 0, long.MaxValue);
}
