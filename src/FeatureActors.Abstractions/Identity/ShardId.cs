namespace FeatureActors.Abstractions.Identity;

/// <summary>A shard: one partition of the log of one entity type. The unit of placement and hand-off.</summary>
/// <param name="Entity">Entity type name as in the definitions.</param>
/// <param name="Partition">0-based partition of the entity's log.</param>
public readonly record struct ShardId(string Entity, int Partition)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Entity}-{Partition}";
}
