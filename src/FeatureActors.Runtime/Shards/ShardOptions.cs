using FeatureActors.Core.Formats;

namespace FeatureActors.Runtime.Shards;

/// <summary>Bounds and intervals of one shard.</summary>
public sealed record ShardOptions
{
    /// <summary>Time between checkpoints.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Bytes of changed entities that bring a checkpoint forward; at four times as much the log waits.</summary>
    public long CheckpointBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Bytes of loaded entities above which clean ones leave memory.</summary>
    public long MemoryBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Time after its last use at which a clean entity leaves memory.</summary>
    public TimeSpan PassivateAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Time between passes that refresh the expiry of every live key and so find keys that the feature store lost.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Keys a second that such a pass touches.</summary>
    public int SweepKeysPerSecond { get; init; } = 2_000;

    /// <summary>Keys a second that are written again after the feature store lost data.</summary>
    public int RewriteKeysPerSecond { get; init; } = 20_000;

    /// <summary>Time between looks at the fence while nothing is published.</summary>
    public TimeSpan FenceCheckInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Time before a failed write to the feature store or checkpoint store is tried again.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Bytes of published batches kept to write them again when the feature store lost its newest writes.</summary>
    public int RingBytes { get; init; } = 512 * 1024;

    /// <summary>Most entities read by one query for due or all keys.</summary>
    public int ReadLimit { get; init; } = 500;

    /// <summary>Most keys of one load.</summary>
    public int LoadLimit { get; init; } = 2_000;

    /// <summary>Format of the entities that checkpoints write.</summary>
    public byte WriteFormat { get; init; } = StoredFormat.Default;

    /// <summary>Bytes of log entries that wait in the shard before it stops asking for more.</summary>
    public int PendingBytes { get; init; } = 512 * 1024;
}
