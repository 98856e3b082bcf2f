namespace FeatureActors.Runtime.Shards;

/// <summary>
/// Life of a shard on a node.
/// <code>
/// Assigned ──► Recovering ──► Running ──► Draining ──► Released
///                  │  ▲          │  ▲
///                  │  └──────────┤  │         ClockJumped: wall clock leapt; T, publishing and eviction are held
///                  ▼             ▼  ▼         Fenced: another owner holds a higher epoch; nothing is written any more
///               Fenced      ClockJumped       LogLostTail: the log ends below the checkpoint; needs an operator
///                                             Faulted: bytes that this release cannot read; needs an operator
/// </code>
/// </summary>
public enum ShardState
{
    /// <summary>This node should own the shard and has not acquired it yet.</summary>
    Assigned = 1,

    /// <summary>
    /// Acquired; replaying the log up to where an earlier owner had published, or waiting for the feature store. Rows are applied
    /// and checkpointed, nothing is published.
    /// </summary>
    Recovering = 2,

    /// <summary>Processing and publishing.</summary>
    Running = 3,

    /// <summary>Being handed over: no new input, a last checkpoint if it is cheap.</summary>
    Draining = 4,

    /// <summary>Over; another instance takes the shard up again.</summary>
    Released = 5,

    /// <summary>Another owner has a higher epoch. Nothing is written any more.</summary>
    Fenced = 6,

    /// <summary>The wall clock leapt; T, publishing and eviction stand still until the store's clock agrees.</summary>
    ClockJumped = 7,

    /// <summary>The log ends below the checkpoint: rows that were counted are gone from it.</summary>
    LogLostTail = 8,

    /// <summary>A batch or block is damaged or newer than this release. State is untouched.</summary>
    Faulted = 9,
}
