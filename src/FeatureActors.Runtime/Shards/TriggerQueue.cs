using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Shards;

/// <summary>Changed entities in the order in which one trigger on the node's clock wants them evaluated.</summary>
/// <param name="group">Place of the group.</param>
/// <param name="isValue">True when the trigger looks at values, so that an evaluation need not end in a write.</param>
internal sealed class TriggerQueue(int group, bool isValue)
{
    /// <summary>Place of the group.</summary>
    public int Group { get; } = group;

    /// <summary>True when the trigger looks at values.</summary>
    public bool IsValue { get; } = isValue;

    /// <summary>What waits; the times rise as far as the trigger's delay is constant.</summary>
    public PagedQueue<Waiting> Entities { get; } = new();
}
