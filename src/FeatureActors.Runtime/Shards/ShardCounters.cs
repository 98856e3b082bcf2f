using FeatureActors.Core.Formats;

namespace FeatureActors.Runtime.Shards;

/// <summary>What a shard has done. Written by the shard, read by anyone: single values may be a moment old.</summary>
public sealed class ShardCounters
{
    private const int LatencyBucketCount = 96;

    /// <summary>Rows applied.</summary>
    public long Rows;

    /// <summary>Rows dropped as repetitions: at or below a source mark.</summary>
    public long Repeated;

    /// <summary>Rows dropped because their event id was seen.</summary>
    public long RepeatedIds;

    /// <summary>Rows and groups beyond retention.</summary>
    public long Late;

    /// <summary>Updates that a feature refused.</summary>
    public long Faults;

    /// <summary>Evaluations in which a feature of a plug-in failed.</summary>
    public long EvaluationFaults;

    /// <summary>Groups evaluated.</summary>
    public long Evaluations;

    /// <summary>Field values written to the sink.</summary>
    public long Values;

    /// <summary>Keys written to the sink.</summary>
    public long Writes;

    /// <summary>Keys deleted in the sink.</summary>
    public long Deletes;

    /// <summary>Keys whose expiry was refreshed.</summary>
    public long Refreshes;

    /// <summary>Publish batches acknowledged.</summary>
    public long Batches;

    /// <summary>Publish batches refused because of a higher epoch.</summary>
    public long StaleRefused;

    /// <summary>Publish batches that the sink did not answer or refused for now.</summary>
    public long SinkErrors;

    /// <summary>Times the sink was found to have lost data.</summary>
    public long SinkLosses;

    /// <summary>Checkpoints committed.</summary>
    public long Checkpoints;

    /// <summary>Bytes of entities committed.</summary>
    public long CheckpointBytes;

    /// <summary>Microseconds from handing checkpoints to the store to their ends.</summary>
    public long CheckpointMicroseconds;

    /// <summary>Entities committed, deletions included.</summary>
    public long CheckpointEntities;

    /// <summary>Entities loaded from the checkpoint store.</summary>
    public long Loads;

    /// <summary>Entities that left memory.</summary>
    public long Passivations;

    /// <summary>Entities in memory.</summary>
    public long Entities;

    /// <summary>Bytes of entities in memory.</summary>
    public long MemoryBytes;

    /// <summary>Log batches applied.</summary>
    public long LogBatches;

    /// <summary>Time at which the first row of the last batch was read from its source, Unix milliseconds; 0 before the first.</summary>
    public long LastIngestMs;

    /// <summary>Event-to-sink times: bucket i counts latencies below 2^(i/4) ms.</summary>
    public long[] LatencyBuckets { get; } = new long[LatencyBucketCount];

    /// <summary><see cref="Loads"/> by the format that the entities were stored in, which is the index.</summary>
    public long[] LoadsByFormat { get; } = new long[StoredFormat.Newest + 1];

    /// <summary><see cref="LogBatches"/> by their format, which is the index.</summary>
    public long[] LogBatchesByFormat { get; } = new long[StoredFormat.Newest + 1];

    internal HotKeys HotKeys { get; } = new();

    /// <summary>The keys that take most rows, most first.</summary>
    public IReadOnlyList<HotKey> TopKeys(int count = 20) => HotKeys.Top(count);

    internal void AddLatency(long ms)
    {
        int bucket = ms <= 1 ? 0 : Math.Min((int)Math.Ceiling(Math.Log2(ms) * 4), LatencyBuckets.Length - 1);
        LatencyBuckets[bucket]++;
    }

    /// <summary><see cref="LatencyBuckets"/> of several shards together.</summary>
    public static long[] SumLatencies(IEnumerable<ShardCounters> shards)
    {
        long[] sum = new long[LatencyBucketCount];
        foreach (ShardCounters shard in shards)
        {
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += shard.LatencyBuckets[i];
            }
        }

        return sum;
    }

    /// <summary>Latency in milliseconds that the share <paramref name="quantile"/> of the published rows kept; 0 when there are none.</summary>
    /// <param name="buckets">Their numbers, as <see cref="LatencyBuckets"/>.</param>
    /// <param name="quantile">Between 0 and 1.</param>
    public static double Quantile(IReadOnlyList<long> buckets, double quantile)
    {
        long wanted = (long)Math.Ceiling(buckets.Sum() * quantile);
        long seen = 0;
        for (int i = 0; i < buckets.Count; i++)
        {
            seen += buckets[i];
            if (seen >= wanted && seen > 0)
            {
                return Math.Pow(2, i / 4.0);
            }
        }

        return 0;
    }
}
