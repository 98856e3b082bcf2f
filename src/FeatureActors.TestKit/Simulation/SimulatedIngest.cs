using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Runtime.Ingest;

namespace FeatureActors.TestKit.Simulation;

/// <summary>The source's partitions: events in offset order, as bytes and as the naive model sees them.</summary>
internal sealed class SimulatedSource(int partitions)
{
    private readonly List<(SimulatedEvent Event, byte[] Bytes)>[] _events =
        [.. Enumerable.Range(0, partitions).Select(static _ => new List<(SimulatedEvent, byte[])>())];

    public int Partitions => partitions;

    /// <summary>Time that every partition ends with; null while it goes on.</summary>
    public long? EndMs { get; set; }

    public IReadOnlyList<(SimulatedEvent Event, byte[] Bytes)> Of(int partition) => _events[partition];

    public SimulatedEvent Add(int partition, string key, long timeMs, long? value, string? category, string action, string? id, bool isRetraction = false)
    {
        var made = new SimulatedEvent(partition, _events[partition].Count, key, timeMs, value, category, action, id) { IsRetraction = isRetraction };
        string json = string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"k\":\"{key}\",\"ts\":{timeMs},\"v\":{(value is null ? "null" : value)},\"c\":{(category is null ? "null" : $"\"{category}\"")},\"a\":\"{action}\"{(id is null ? "" : $",\"id\":\"{id}\"")}{(isRetraction ? ",\"u\":true" : "")}}}");
        _events[partition].Add((made, Encoding.UTF8.GetBytes(json)));
        return made;
    }
}

/// <summary>
/// One owner of one source partition: routes events with the product's code, packs them into batches with one unacknowledged batch at
/// a time, repeats a batch of unknown outcome, saves its position now and then.
/// </summary>
internal sealed class SimulatedIngest : IRowTarget
{
    private readonly SimulatedCourse _course;
    private readonly SimulatedDefinitions _definitions;
    private readonly SimulatedSource _source;
    private readonly SimulatedLog _log;
    private readonly int _partition;
    private readonly EventRouter _router;
    private readonly BatchWriter _writer = new();
    private readonly List<(SimulatedEvent, long, long)> _rows = [];
    private SimulatedEvent _event = null!;
    private long _clockMs = long.MinValue;
    private long _toldClockMs = long.MinValue;
    private bool _isEndTold;
    private bool _isSending;

    public SimulatedIngest(
        SimulatedCourse course, SimulatedDefinitions definitions, SimulatedSource source, SimulatedLog log, int partition, long from)
    {
        (_course, _definitions, _source, _log, _partition, Next) = (course, definitions, source, log, partition, from);
        _router = new EventRouter(definitions.Source);
    }

    /// <summary>Position up to which everything is acknowledged.</summary>
    public long Acknowledged => _isSending ? FirstSent : Next;

    public long Next { get; private set; }

    public bool IsDead { get; set; }

    public bool IsIdle => !_isSending && Next == _source.Of(_partition).Count && (_source.EndMs is null || _isEndTold);

    private long FirstSent { get; set; }

    public void Step()
    {
        if (IsDead || _isSending)
        {
            return;
        }

        var events = _source.Of(_partition);
        bool isEnd = false;
        if (Next == events.Count)
        {
            isEnd = _source.EndMs is not null && !_isEndTold;
            if (!isEnd && (_definitions.IsWall || _clockMs == _toldClockMs))
            {
                return;
            }
        }

        FirstSent = Next;
        long now = _course.NowMs;
        _rows.Clear();
        _writer.Begin(_definitions.Source.Source, Next, now, _definitions.Source.Routes[0].Columns);
        int most = _course.Random.Next(1, 9);
        for (; Next < events.Count && most > 0; Next++, most--)
        {
            _event = events[(int)Next].Event;
            _router.Route(events[(int)Next].Bytes, now, this);
            if (!_definitions.IsWall && _router.EventTimeMs != long.MinValue)
            {
                _clockMs = Math.Max(_clockMs, _router.EventTimeMs);
            }
        }

        isEnd = Next == events.Count && _source.EndMs is not null;
        if (isEnd && !_definitions.IsWall)
        {
            _clockMs = Math.Max(_clockMs, _source.EndMs!.Value);
        }

        var header = new BatchHeader(
            0, 0, _definitions.Source.Source, _partition, _source.Partitions, FirstSent, Next - 1, _definitions.IsWall ? long.MinValue : _clockMs, isEnd, now);
        byte[] batch = _writer.Complete(header).ToArray();
        _toldClockMs = _clockMs;
        _isSending = true;
        Send(batch, new NaiveEntry(_partition, FirstSent, Next - 1, header.ClockMs, [.. _rows]), isEnd);
    }

    void IRowTarget.Add(int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row)
    {
        long expected = _definitions.IsWall ? Math.Min(_event.TimeMs, _course.NowMs + _definitions.MaxFutureMs) : _event.TimeMs;
        if (row.EventTimeMs != expected || row.Sign != _event.Sign || !key.SequenceEqual(Encoding.UTF8.GetBytes(_event.Key)))
        {
            SimulatedCourse.Violate($"event {_event} became a row of sign {row.Sign} of key {Encoding.UTF8.GetString(key)} at {row.EventTimeMs}");
        }

        _rows.Add((_event, row.EventTimeMs, row.IngestTimeMs));
        _writer.Add(_event.Offset, ordinal, groups, eventIdHash, key, row, _definitions.Source.Routes[0].Columns);
    }

    void IRowTarget.Refuse(int ordinal, string group, string reason, string error)
    {
        if (_definitions.ClampsFuture || reason != "future" || _event.TimeMs <= _course.NowMs + _definitions.MaxFutureMs)
        {
            SimulatedCourse.Violate($"event {_event} was refused: {reason}: {error}");
        }
    }

    private void Send(byte[] batch, NaiveEntry entry, bool isEnd)
    {
        _course.After(_course.Random.Next(1, 60), () =>
        {
            if (_course.Strikes(0.03))
            {
                _course.Fault("append-not-applied");
                _course.After(_course.Random.Next(10, 500), () => Retry(batch, entry, isEnd));
                return;
            }

            _log.Append(batch, entry with { });
            if (_course.IsToldTo)
            {
                _course.Tell($"log {_log.End - 1} <- ingest {_partition} offsets {entry.FirstOffset}..{entry.LastOffset} clock {entry.ClockMs} rows {string.Join(" | ", entry.Rows.Select(static r => $"{r.Event.Key}@{r.TimeMs} {(r.Event.IsRetraction ? "undo " : "")}v={r.Event.Value} c={r.Event.Category} a={r.Event.Action} id={r.Event.Id}"))}");
            }

            if (_course.Strikes(0.03))
            {
                _course.Fault("append-applied-unanswered");
                _course.After(_course.Random.Next(10, 500), () => Retry(batch, entry, isEnd));
                return;
            }

            _course.After(_course.Random.Next(1, 30), () =>
            {
                _isSending = false;
                _isEndTold |= isEnd;
                Step();
            });
        });
    }

    private void Retry(byte[] batch, NaiveEntry entry, bool isEnd)
    {
        if (!IsDead)
        {
            Send(batch, entry, isEnd);
        }
    }
}
