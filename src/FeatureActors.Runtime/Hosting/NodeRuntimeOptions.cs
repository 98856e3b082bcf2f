using FeatureActors.Core.Formats;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.Runtime.Hosting;

/// <summary>Settings of a node's actors.</summary>
public sealed record NodeRuntimeOptions
{
    /// <summary>Name of this node, kept with the shards it owns.</summary>
    public required string NodeName { get; init; }

    /// <summary>Where this node answers HTTP, <c>host:port</c>, kept with the shards it owns; empty when it does not.</summary>
    public string Address { get; init; } = "";

    /// <summary>Bounds and intervals of each shard; <see cref="ShardOptions.MemoryBytes"/> is replaced by a share of <see cref="MemoryBytes"/>, the format by <see cref="WriteFormat"/>.</summary>
    public ShardOptions Shard { get; init; } = new();

    /// <summary>Bytes of loaded entities over all shards above which clean ones leave memory.</summary>
    public long MemoryBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Checkpoints under way at the same time; each holds a copy of what it writes.</summary>
    public int CheckpointsAtOnce { get; init; } = 1;

    /// <summary>Time between two looks at the clock: due times and coalesced updates are at most this late.</summary>
    public TimeSpan TickInterval { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Time that a revoked shard has for a last checkpoint; past it the next owner replays.</summary>
    public TimeSpan RevokeBudget { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Longest time that a node takes, before it asks for shards, to connect and to rehearse how it takes one; zero: it does neither, and its
    /// first shards wait for it.
    /// </summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Time that a stopping node has to drain ingest and to take last checkpoints.</summary>
    public TimeSpan StopBudget { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest time that one call of a plug-in may take; past it its thread is given up.</summary>
    public TimeSpan PluginCallBudget { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Threads given up to plug-ins at which the node asks to be started again.</summary>
    public int StuckThreadsMax { get; init; } = 2;

    /// <summary>Bytes at which a batch of rows is sent to the log.</summary>
    public int BatchBytes { get; init; } = 64 * 1024;

    /// <summary>Format of the batches and entities that this node writes, one of <see cref="StoredFormat"/>.</summary>
    public byte WriteFormat { get; init; } = StoredFormat.Default;

    /// <summary>Time after which a smaller batch is sent.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>True to read sources.</summary>
    public bool IsIngest { get; init; } = true;

    /// <summary>True to own shards.</summary>
    public bool IsShard { get; init; } = true;

    /// <summary>Sources whose recreated partitions are accepted: they start in a new lane at their beginning.</summary>
    public IReadOnlySet<string> NewLanes { get; init; } = new HashSet<string>();
}
