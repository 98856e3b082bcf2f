using System.Text;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Runtime.Ingest;

namespace FeatureActors.TestKit.Simulation;

/// <summary>
/// A node's reader of one source partition, as the product's ingest actor is one: routes events with the product's router, packs and sends
/// them with the product's feeds, repeats an append until the log has it, saves its position now and then.
/// </summary>
internal sealed class SimulatedIngest : IRowTarget
{
    private const int EventsMax = 9;
    private const long SaveIntervalMs = 1_000;
    private const long RetryMs = 500;

    private readonly SimulatedWorld _world;
    private readonly SimulatedNode _node;
    private readonly int _partition;
    private readonly EventRouter _router;
    private readonly ShardFeeds _feeds;
    private readonly Dictionary<ShardId, List<(SimulatedEvent, long, long)>> _rows = [];
    private BatchHeader _header;
    private SimulatedEvent _event = null!;
    private long _clockMs = long.MinValue;
    private long _next = -1;
    private long _savedOffset = -1;
    private long _savedAtMs;
    private bool _isSaving;
    private bool _isEnded;

    public SimulatedIngest(SimulatedWorld world, SimulatedNode node, int partition)
    {
        (_world, _node, _partition) = (world, node, partition);
        _router = new EventRouter(world.Definitions.Source);
        _feeds = new ShardFeeds(node.Patch.Route(node, world.Definitions.Source), TimeSpan.FromMilliseconds(world.Course.Random.Next(1, 30)), 64 * 1024);
        FindStart();
    }

    /// <summary>True when the node was told to stop, or is dead: what waits is dropped, what is on its way may arrive.</summary>
    public bool IsStopped { get; set; }

    /// <summary>True when a batch was refused for good: nothing is skipped, the partition stands still until it is read again.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>True when everything there is stands in the logs, and is known to.</summary>
    public bool IsIdle => _next == Events.Count && !_feeds.IsAnythingOpen && _savedOffset == _next
        && (_world.Source.EndMs is null || (_isEnded && (_world.Definitions.IsWall || _feeds.IsEndAcknowledged)));

    private SimulatedCourse Course => _world.Course;

    private IReadOnlyList<(SimulatedEvent Event, byte[] Bytes)> Events => _world.Source.Of(_partition);

    /// <summary>Reads and sends as far as it goes now; called often.</summary>
    public void Step()
    {
        if (IsStopped || IsRefused || _next < 0)
        {
            return;
        }

        if (_feeds.HasRoom && !_node.IsCutFrom(SimulatedService.Log))
        {
            ReadSome();
        }

        Flush();
        SaveIfTime();
    }

    void IRowTarget.Add(int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row)
    {
        long expected = _world.Definitions.IsWall ? Math.Min(_event.TimeMs, _node.IngestNowMs + _world.Definitions.MaxFutureMs) : _event.TimeMs;
        if (row.EventTimeMs != expected || row.Sign != _event.Sign || !key.SequenceEqual(Encoding.UTF8.GetBytes(_event.Key)))
        {
            SimulatedCourse.Violate(SimulatedLaw.Log, $"event {_event} became a row of sign {row.Sign} of key {Encoding.UTF8.GetString(key)} at {row.EventTimeMs}");
        }

        ShardId shard = _feeds.Add(_event.Offset, ordinal, groups, eventIdHash, key, row, _node.MonotonicMs);
        if (!_rows.TryGetValue(shard, out List<(SimulatedEvent, long, long)>? rows))
        {
            _rows.Add(shard, rows = []);
        }

        rows.Add((_event, row.EventTimeMs, row.IngestTimeMs));
    }

    void IRowTarget.Refuse(int ordinal, string group, string reason, string error)
    {
        if (_world.Definitions.ClampsFuture || reason != "future" || _event.TimeMs <= _node.IngestNowMs + _world.Definitions.MaxFutureMs)
        {
            SimulatedCourse.Violate(SimulatedLaw.Log, $"event {_event} was refused: {reason}: {error}");
        }

        _world.Source.Refused.Add((_event.Partition, _event.Offset));
    }

    /// <summary>Asks where everything before is in the logs, until somebody answers.</summary>
    private void FindStart() => Course.After(_node.Delay, () => _node.Run(() =>
    {
        if (IsStopped)
        {
            return;
        }

        if (_node.IsCutFrom(SimulatedService.Sql) || Course.Strikes(0.02))
        {
            Course.After(RetryMs, FindStart);
            return;
        }

        _next = _world.Ports.Positions.Read(SimulatedSource.Name, _partition)?.NextOffset ?? 0;
        _savedOffset = _next;
        Course.Tell($"{_node.Name} reads partition {_partition} from {_next}");
    }));

    private void ReadSome()
    {
        int most = Course.Random.Next(1, EventsMax);
        for (; _next < Events.Count && most > 0; _next++, most--)
        {
            _event = Events[(int)_next].Event;
            _router.Route(Events[(int)_next].Bytes, _node.IngestNowMs, this);
            if (!_world.Definitions.IsWall)
            {
                _clockMs = Math.Max(_clockMs, _router.EventTimeMs);
            }
        }

        if (_next == Events.Count && _world.Source.EndMs is { } end)
        {
            _isEnded = true;
            if (!_world.Definitions.IsWall)
            {
                _clockMs = Math.Max(_clockMs, end);
            }
        }
    }

    private void Flush()
    {
        _header = new BatchHeader(
            0, 0, SimulatedSource.Name, _partition, _world.Source.Partitions, 0, _next - 1, _world.Definitions.IsWall ? long.MinValue : _clockMs, _isEnded, _node.IngestNowMs);
        try
        {
            _feeds.FlushDue(_header, _node.MonotonicMs, isLingerOver: false, SendAsync);
        }
        catch (BatchRefused)
        {
            IsRefused = true;
            Course.Tell($"{_node.Name} stands still at partition {_partition}: a batch was refused");
            Course.After(Course.Random.Next(500, 5_000), () => _node.Run(() => _node.ReadAgain(_partition, this)));
        }
    }

    private Task SendAsync(ShardId id, ReadOnlyMemory<byte> batch)
    {
        var entry = new NaiveEntry(_partition, _header.LastOffset, _header.ClockMs, _rows.Remove(id, out List<(SimulatedEvent, long, long)>? rows) ? rows : []);
        var done = new TaskCompletionSource();
        Append(_world.Shards[id], batch.ToArray(), entry, done);
        return done.Task;
    }

    private void Append(SimulatedShard shard, byte[] batch, NaiveEntry entry, TaskCompletionSource done) => Course.After(_node.Delay, () =>
    {
        if (_node.IsCutFrom(SimulatedService.Log) || Course.Strikes(0.02))
        {
            Course.Fault("append-not-applied");
            Again();
            return;
        }

        if (entry.Rows.Count > 0 && Course.Strikes(0.004))
        {
            Course.Fault("append-refused");
            Answer(() => _node.Patch.Refused(_node, done));
            return;
        }

        shard.Log.Append(batch, entry with { });
        Tell(shard, entry);
        if (Course.Strikes(0.03))
        {
            Course.Fault("append-applied-unanswered");
            Again();
            return;
        }

        Answer(done.SetResult);

        void Again() => Course.After(Course.Random.Next(10, (int)RetryMs), () => _node.Run(() => Append(shard, batch, entry, done)));

        void Answer(Action answer) => Course.After(_node.Delay, () => _node.Run(() =>
        {
            answer();
            Step();
        }));
    });

    private void Tell(SimulatedShard shard, NaiveEntry entry)
    {
        if (Course.IsToldTo)
        {
            Course.Tell($"log {shard} {shard.Log.End - 1} <- {_node.Name} partition {_partition} to {entry.LastOffset} clock {entry.ClockMs} rows {string.Join(" | ", entry.Rows.Select(static r => $"#{r.Event.Offset} {r.Event.Key}@{r.TimeMs} {(r.Event.IsRetraction ? "undo " : "")}v={r.Event.Value} c={r.Event.Category} a={r.Event.Action} id={r.Event.Id}"))}");
        }
    }

    private void SaveIfTime()
    {
        long safe = _node.Patch.Position(_node, _feeds.SafeOffset(_next), _next);
        if (_isSaving || safe <= _savedOffset || _node.MonotonicMs - _savedAtMs < SaveIntervalMs)
        {
            return;
        }

        _isSaving = true;
        _savedAtMs = _node.MonotonicMs;
        Course.After(_node.Delay, () =>
        {
            bool isLost = _node.IsCutFrom(SimulatedService.Sql) || Course.Strikes(0.03);
            if (isLost)
            {
                Course.Fault("position-not-saved");
            }
            else
            {
                _world.Ports.Positions.Save([new SourcePosition(SimulatedSource.Name, _partition, 0, safe, 0, 0)]);
            }

            Course.After(_node.Delay, () => _node.Run(() =>
            {
                _isSaving = false;
                _savedOffset = isLost ? _savedOffset : safe;
            }));
        });
    }

    /// <summary>The log refused a batch for good.</summary>
    internal sealed class BatchRefused() : Exception("the log refused a batch");
}
