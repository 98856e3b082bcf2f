using FeatureActors.Abstractions.Identity;

namespace FeatureActors.Persistence.Sql.Leases;

/// <summary>
/// A shard from the moment this member takes it until it is somebody else's:
/// <code>
/// Held ──► GivenUp ──► (released in the table)
///   └────────┴───────► Lost
/// </code>
/// </summary>
internal sealed class Lease(ShardId shard, long round)
{
    public ShardId Shard { get; } = shard;

    /// <summary>Round in which it became this member's: what a round read before says nothing about it.</summary>
    public long Round { get; } = round;

    /// <summary>When it became this member's.</summary>
    public required long Since { get; init; }

    public LeaseState State { get; set; } = LeaseState.Held;
}

internal enum LeaseState
{
    /// <summary>This member's.</summary>
    Held,

    /// <summary>Still this member's; somebody else gets it as soon as the node has let go of it.</summary>
    GivenUp,

    /// <summary>Somebody else's, or nobody's: there is nothing to release.</summary>
    Lost,
}

/// <summary>A lease was taken, given up or lost.</summary>
internal sealed record LeaseChange(Lease Lease, bool IsAssigned);
