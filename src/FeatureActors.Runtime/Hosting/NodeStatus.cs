using FeatureActors.Abstractions.Identity;
using FeatureActors.Runtime.Ingest;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.Runtime.Hosting;

/// <summary>What a node is doing, at a moment.</summary>
/// <param name="Shards">Shards that this node runs.</param>
/// <param name="Sources">Source partitions that this node reads.</param>
/// <param name="Refused">Dead letters handed in since the start, by reason.</param>
/// <param name="Steals">Times a shard of this node was found to be owned by another.</param>
public sealed record NodeStatus(
    IReadOnlyList<ShardStatus> Shards, IReadOnlyList<SourceStatus> Sources, IReadOnlyDictionary<string, long> Refused, long Steals)
{
    /// <summary>Uses of plug-ins.</summary>
    public IReadOnlyList<PluginStatus> Plugins { get; init; } = [];

    /// <summary>Times that something of a plug-in was switched off because it failed or did not return.</summary>
    public long PluginsSwitchedOff { get; init; }

    /// <summary>Times a shard was assigned to this node or taken from it.</summary>
    public long Rebalances { get; init; }

    /// <summary>Threads that hang in calls of plug-ins.</summary>
    public int StuckThreads { get; init; }

    /// <summary>True once every source partition has ended and every value is published.</summary>
    public bool IsEndPublished => Shards.Count > 0 && Sources.Count > 0 && Shards.All(static s => s.IsEndPublished)
        && Sources.All(static s => s.State == IngestState.Ended);

    /// <summary>Why something stands still; empty when all goes on.</summary>
    public IEnumerable<string> Halts => Shards.Select(static s => s.Halt).Concat(Sources.Select(static s => s.Halt)).OfType<string>();

    /// <summary>Event-to-sink latency in milliseconds at a quantile between 0 and 1, over all shards since the start.</summary>
    public double LatencyMs(double quantile) => ShardCounters.Quantile(SumLatencies(), quantile);

    /// <summary>Event-to-sink latencies of all shards since the start, as <see cref="ShardCounters.LatencyBuckets"/>.</summary>
    public long[] SumLatencies() => ShardCounters.SumLatencies(Shards.Select(static s => s.Counters));
}

/// <summary>One use of a plug-in at a moment.</summary>
/// <param name="Kind">feature, trigger or function.</param>
/// <param name="Name"><c>group.feature</c>, or the function's name.</param>
/// <param name="Plugin">The plug-in.</param>
/// <param name="Faults">Calls that failed since the start.</param>
/// <param name="IsOff">True while it is switched off.</param>
/// <param name="OffReason">Why, or null.</param>
/// <param name="LastError">What went wrong last, or null.</param>
public sealed record PluginStatus(string Kind, string Name, string Plugin, long Faults, bool IsOff, string? OffReason, string? LastError);

/// <summary>A shard at a moment.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="State">Its state.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="ClockMs">Its time T; <see cref="long.MinValue"/> while unknown.</param>
/// <param name="NextOffset">First log offset not applied.</param>
/// <param name="ColdEntities">Entities stored and not in memory.</param>
/// <param name="IsEndPublished">True once all its sources ended and everything is published.</param>
/// <param name="Halt">Why it stands still, or null.</param>
/// <param name="Counters">What it has done.</param>
public sealed record ShardStatus(
    ShardId Shard, ShardState State, Epoch Epoch, long ClockMs, long NextOffset, long ColdEntities, bool IsEndPublished, string? Halt, ShardCounters Counters)
{
    /// <summary>Log offset that the next batch will get, as last asked for; −1 while unknown.</summary>
    public long LogEnd { get; init; } = -1;

    /// <summary>True when <see cref="Halt"/> says for which definitions it waits: somebody else's node has them.</summary>
    public bool IsWaiting { get; init; }

    /// <summary>Publish batches that wait for the sink.</summary>
    public int PublishQueue { get; init; }

    /// <summary>Batches in the log that are not applied; 0 while the log's end is unknown.</summary>
    public long LagBatches => Math.Max(0, LogEnd - NextOffset);

    /// <summary>Rows in them, as many a batch as the shard's batches had so far.</summary>
    public double LagRows => Counters.LogBatches == 0 ? LagBatches : LagBatches * ((double)(Counters.Rows + Counters.Repeated) / Counters.LogBatches);

    /// <summary>Age in seconds of what was applied last while something waits behind it, else 0.</summary>
    public double LagSeconds(long nowMs) => LagBatches == 0 || Counters.LastIngestMs == 0 ? 0 : Math.Max(0, (nowMs - Counters.LastIngestMs) / 1000.0);
}

/// <summary>A source partition at a moment.</summary>
/// <param name="Source">Source name.</param>
/// <param name="Partition">Its partition.</param>
/// <param name="State">Its state.</param>
/// <param name="Halt">Why it stands still, or null.</param>
/// <param name="Counters">What was read.</param>
public sealed record SourceStatus(string Source, int Partition, IngestState State, string? Halt, IngestCounters Counters)
{
    /// <summary>True when <see cref="Halt"/> says for which definitions it waits: somebody else's node has them.</summary>
    public bool IsWaiting => State == IngestState.NewerDefinitions;
}
