using System.Runtime.ExceptionServices;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Formats;
using FeatureActors.Core.Sharding;

namespace FeatureActors.Runtime.Ingest;

/// <summary>
/// The ways from one source partition to all shards, as one attempt at reading has them. A new attempt begins with new ones: batches of an
/// earlier attempt may still arrive, but each attempt alone is in order and without a gap from a saved position on, and that is all that
/// the shards' marks need. No clock and no I/O inside; used by one reader only.
/// </summary>
internal sealed class ShardFeeds
{
    // A waiting batch this large makes reading wait; with one event's rows on top it stays below a broker's 1 MB.
    private const int WaitingBytesMax = 128 * 1024;

    // Shards without rows are told the event-time clock this often.
    private const long ClockIntervalMs = 100;

    private readonly IngestPlan _plan;
    private readonly long _lingerMs;
    private readonly int _batchBytes;
    private readonly Dictionary<ShardId, ShardFeed> _byShard = [];
    private readonly List<ShardFeed> _all;
    private ShardFeed[][] _byRoute = [];
    private long _clockToldAtMs;

    /// <param name="plan">Where rows go.</param>
    /// <param name="linger">Time after which a small batch is sent.</param>
    /// <param name="batchBytes">Bytes at which a batch is sent.</param>
    /// <param name="format">Format of the batches.</param>
    public ShardFeeds(IngestPlan plan, TimeSpan linger, int batchBytes, byte format = StoredFormat.Default)
    {
        _plan = plan;
        _lingerMs = (long)linger.TotalMilliseconds;
        _batchBytes = batchBytes;
        foreach (RoutePlan route in plan.Routes)
        {
            for (int p = 0; p < route.Shards; p++)
            {
                // Routes to the same entity share their feeds: one order per source partition and shard.
                var shard = new ShardId(route.Entity, p);
                _byShard.TryAdd(shard, new ShardFeed(shard, route, plan.Source, format));
            }
        }

        _all = [.. _byShard.Values];
        Use(plan);
    }

    /// <summary>The shards that rows go to.</summary>
    public IEnumerable<ShardId> Shards => _byShard.Keys;

    /// <summary>True while rows wait to be sent.</summary>
    public bool IsAnythingWaiting => _all.Exists(static f => f.WaitingRows > 0);

    /// <summary>
    /// From here on rows are those of another version of the definitions. None of the one before may wait, for a batch holds rows of one
    /// version. Shards that the version does not know are told the clock all the same.
    /// </summary>
    /// <param name="plan">What that version makes of the source; rows go only to entities of the plan that the feeds were made for.</param>
    public void Use(IngestPlan plan)
    {
        _byRoute = [.. plan.Routes.Select(FeedsOf)];

        ShardFeed[] FeedsOf(RoutePlan route)
        {
            ShardFeed[] feeds = [.. _all.Where(f => f.Shard.Entity == route.Entity)];
            foreach (ShardFeed feed in feeds)
            {
                feed.Use(route);
            }

            return feeds;
        }
    }

    /// <summary>True while rows wait or are on their way.</summary>
    public bool IsAnythingOpen => _all.Exists(static f => f.Waiting > 0 || f.Append is not null);

    /// <summary>True once every row is acknowledged and every shard was told the end.</summary>
    public bool IsEndAcknowledged => _all.TrueForAll(static f => f.Append is null && f.Waiting == 0 && f.IsEndTold);

    /// <summary>False while so much waits for some shard that nothing more should be read.</summary>
    public bool HasRoom => _all.TrueForAll(static f => f.Waiting <= WaitingBytesMax);

    /// <summary>Packs a row for the shard of its key.</summary>
    /// <returns>That shard.</returns>
    public ShardId Add(long offset, int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row, long monotonicMs)
    {
        ShardFeed[] feeds = _byRoute[ordinal];
        ShardFeed feed = feeds[StableHash.PartitionOf(StableHash.Of(key), feeds.Length)];
        feed.Add(offset, ordinal, groups, eventIdHash, key, row, monotonicMs);
        return feed.Shard;
    }

    /// <summary>Sends what is full or has waited long enough, for shards whose last batch is acknowledged.</summary>
    /// <param name="header">What the next batches carry; where each begins is added.</param>
    /// <param name="monotonicMs">Now, by a clock that never jumps.</param>
    /// <param name="isLingerOver">True to send everything.</param>
    /// <param name="append">Starts an append, which ends once the log has the batch; the bytes are its own until then.</param>
    /// <returns>Batches acknowledged since the last call. A refused one is thrown.</returns>
    public int FlushDue(in BatchHeader header, long monotonicMs, bool isLingerOver, Func<ShardId, ReadOnlyMemory<byte>, Task> append)
    {
        int acknowledged = 0;
        bool isClockTime = _plan.Clock == ClockKind.Event && header.ClockMs != long.MinValue
            && (header.IsEnd || monotonicMs - _clockToldAtMs >= ClockIntervalMs);
        foreach (ShardFeed feed in _all)
        {
            if (feed.Append is not null)
            {
                if (!feed.Append.IsCompleted)
                {
                    continue;
                }

                Acknowledge(feed);
                acknowledged++;
            }

            bool isDue = feed.Waiting >= _batchBytes
                || (feed.WaitingRows > 0 && (isLingerOver || header.IsEnd || monotonicMs - feed.WaitingSince >= _lingerMs));
            bool tellsClock = isClockTime && (feed.ToldClockMs < header.ClockMs || (header.IsEnd && !feed.IsEndTold));
            if (isDue || tellsClock)
            {
                feed.Send(header, append);
            }
        }

        if (isClockTime)
        {
            _clockToldAtMs = monotonicMs;
        }

        return acknowledged;
    }

    /// <summary>The offset below which every row is in its log, when everything below <paramref name="nextOffset"/> was added.</summary>
    public long SafeOffset(long nextOffset)
    {
        long safe = nextOffset;
        foreach (ShardFeed feed in _all)
        {
            safe = Math.Min(safe, Math.Min(feed.FirstSent, feed.FirstWaiting));
        }

        return safe;
    }

    private static void Acknowledge(ShardFeed feed)
    {
        if (feed.Append!.Exception is { } error)
        {
            // A refused batch surfaces here and stops the reader.
            ExceptionDispatchInfo.Throw(error.InnerException ?? error);
        }

        feed.TakeAcknowledgement();
    }
}
