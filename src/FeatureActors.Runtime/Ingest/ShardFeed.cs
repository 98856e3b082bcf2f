using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;

namespace FeatureActors.Runtime.Ingest;

/// <summary>
/// The way from one source partition to one shard: rows are packed into one batch while the batch before is on its way; never
/// two are, so that they cannot overtake each other. Used by one reader only.
/// </summary>
internal sealed class ShardFeed(ShardId shard, RoutePlan route, string source, byte format)
{
    private IReadOnlyList<RowColumn> _columns = route.Columns;
    private BatchWriter _writer = new(format);
    private BatchWriter _other = new(format);
    private bool _isBegun;

    public ShardId Shard { get; } = shard;

    /// <summary>Bytes that wait to be sent.</summary>
    public int Waiting => _isBegun ? _writer.Length : 0;

    /// <summary>Rows that wait to be sent.</summary>
    public int WaitingRows => _isBegun ? _writer.Count : 0;

    /// <summary>Monotonic time of the first waiting row.</summary>
    public long WaitingSince { get; private set; }

    /// <summary>Source offset of the first row that waits; <see cref="long.MaxValue"/> for none.</summary>
    public long FirstWaiting { get; private set; } = long.MaxValue;

    /// <summary>Source offset of the first row on its way; <see cref="long.MaxValue"/> for none.</summary>
    public long FirstSent { get; private set; } = long.MaxValue;

    /// <summary>The append under way, or null.</summary>
    public Task? Append { get; private set; }

    /// <summary>Clock that the shard was told last.</summary>
    public long ToldClockMs { get; private set; } = long.MinValue;

    /// <summary>True when the shard was told that the source partition ended.</summary>
    public bool IsEndTold { get; private set; }

    /// <summary>From here on rows have the columns of another version of the definitions; none waits.</summary>
    public void Use(RoutePlan other) => _columns = other.Columns;

    /// <summary>Packs a row.</summary>
    public void Add(long offset, int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row, long monotonicMs)
    {
        if (!_isBegun)
        {
            Begin(offset, row.IngestTimeMs);
        }

        if (_writer.Count == 0)
        {
            FirstWaiting = offset;
            WaitingSince = monotonicMs;
        }

        _writer.Add(offset, ordinal, groups, eventIdHash, key, row, _columns);
    }

    /// <summary>Takes the waiting batch, possibly without rows, and starts its append.</summary>
    public void Send(in BatchHeader header, Func<ShardId, ReadOnlyMemory<byte>, Task> append)
    {
        if (!_isBegun)
        {
            Begin(Math.Max(0, header.LastOffset), header.IngestTimeMs);
        }

        ReadOnlyMemory<byte> batch = _writer.Complete(header);
        (_writer, _other) = (_other, _writer);
        _isBegun = false;
        FirstSent = FirstWaiting;
        FirstWaiting = long.MaxValue;
        ToldClockMs = header.ClockMs;
        IsEndTold = header.IsEnd;
        Append = append(Shard, batch);
    }

    /// <summary>Forgets the append once it ended well.</summary>
    public void TakeAcknowledgement()
    {
        Append = null;
        FirstSent = long.MaxValue;
    }

    private void Begin(long offset, long ingestTimeMs)
    {
        _writer.Begin(source, offset, ingestTimeMs, _columns);
        _isBegun = true;
    }
}
