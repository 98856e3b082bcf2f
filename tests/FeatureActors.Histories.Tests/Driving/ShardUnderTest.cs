using System.Text.Json;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Histories.Tests.Model;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Ingest;
using FeatureActors.Runtime.Shards;
using FeatureActors.TestKit.Ports;
using FeatureActors.TestKit.Simulation;

namespace FeatureActors.Histories.Tests.Driving;

/// <summary>
/// The whole shard over stores in memory that answer at once: events go in at the log, what is read comes from the sink. T is moved
/// by hand, and the owner may die and be followed by another one.
/// </summary>
internal sealed class ShardUnderTest : IRowTarget, IDisposable
{
    private const int TicksMax = 12;
    private const string Key = "fa:h:g:e";

    private static readonly ShardId Shard = new("e", 0);

    private readonly DefinitionsPlan _plan;
    private readonly VirtualClock _clock = new();
    private readonly InMemoryCheckpointStore _store;
    private readonly InMemoryFeatureSink _sink;
    private readonly List<ReadOnlyMemory<byte>> _log = [];
    private readonly EventRouter _router;
    private readonly BatchWriter _writer = new();
    private readonly Queue<ShardInput> _inputs = new();
    private readonly ShardOptions _options;
    private ShardMachine _machine;
    private long _startedMs;
    private long _offset;

    public ShardUnderTest(DefinitionsPlan plan, ShardOptions options, long nowMs)
    {
        (_plan, _options) = (plan, options);
        _clock.NowMs = nowMs;
        _store = new InMemoryCheckpointStore(_clock);
        _sink = new InMemoryFeatureSink(_clock);
        _router = new EventRouter(plan.Sources[0]);
        _machine = Start();
    }

    public IReadOnlyList<string> FieldNames => [.. _plan.Entities[0].Groups[0].Fields.Select(static f => f.Name)];

    /// <summary>Appends events to the log as one batch.</summary>
    public void Append(IReadOnlyList<HistoryRow> rows)
    {
        IngestPlan source = _plan.Sources[0];
        _writer.Begin(source.Source, _offset, _clock.NowMs, source.Routes[0].Columns);
        long first = _offset;
        foreach (HistoryRow row in rows)
        {
            _router.Route(row.ToJson(), _clock.NowMs, this);
            _offset++;
        }

        var header = new BatchHeader(0, 0, source.Source, 0, 1, first, _offset - 1, long.MinValue, IsEnd: false, _clock.NowMs);
        _log.Add(_writer.Complete(header).ToArray());
    }

    /// <summary>Moves T and lets the shard do everything that there is to do at it.</summary>
    public void Advance(long nowMs, IReadOnlyList<HistoryRow> rows)
    {
        _clock.NowMs = nowMs;
        if (rows.Count > 0)
        {
            Append(rows);
        }

        for (int i = 0; i < TicksMax && (i < 3 || !_machine.IsQuiet); i++)
        {
            Step(new ShardInput.Tick(nowMs, nowMs - _startedMs));
        }
    }

    /// <summary>
    /// Gives the shard the second that reading keys which left memory may take, while T stands.
    /// </summary>
    public void Settle(long nowMs)
    {
        for (int i = 0; i < TicksMax; i++)
        {
            _startedMs -= 250;
            Step(new ShardInput.Tick(nowMs, nowMs - _startedMs));
        }
    }

    /// <summary>The owner dies with everything that it did not checkpoint, and another one takes over.</summary>
    public void Restart()
    {
        _machine.Dispose();
        _machine = Start();
    }

    /// <summary>The hash in the sink, null when there is none.</summary>
    public IReadOnlyDictionary<string, string>? Read() => _sink.TryRead(Key);

    /// <summary>Marks of a field.</summary>
    public static Marks MarksOf(IReadOnlyDictionary<string, string> hash, string field)
    {
        if (!hash.TryGetValue("_flags", out string? flags))
        {
            return Marks.None;
        }

        using var json = JsonDocument.Parse(flags);
        return json.RootElement.EnumerateObject()
            .Where(p => p.Value.EnumerateArray().Any(f => f.GetString() == field))
            .Aggregate(Marks.None, static (marks, p) => marks | p.Name switch
            {
                "truncated" => Marks.Truncated,
                "approximate" => Marks.Approximate,
                "warming" => Marks.Warming,
                _ => throw new InvalidOperationException(p.Name),
            });
    }

    public void Dispose() => _machine.Dispose();

    void IRowTarget.Add(int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row) =>
        _writer.Add(_offset, ordinal, groups, eventIdHash, key, row, _plan.Sources[0].Routes[ordinal].Columns);

    void IRowTarget.Refuse(int ordinal, string group, string reason, string error) =>
        throw new InvalidOperationException($"the event was refused: {reason}: {error}");

    private ShardMachine Start()
    {
        _inputs.Clear();
        _startedMs = _clock.NowMs - 1_000;
        _machine = new ShardMachine(Shard, _plan.Entities[0], _options, new ChunkPool());
        Step(new ShardInput.Acquired(_store.Acquire(Shard, new ShardIdentity(1, "h", "l"), new ShardOwner("n", "")), new LogRange(0, _log.Count)));
        return _machine;
    }

    private void Step(ShardInput input)
    {
        _inputs.Enqueue(input);
        do
        {
            while (_inputs.TryDequeue(out ShardInput? next))
            {
                var outputs = new List<ShardOutput>();
                _machine.Step(next, outputs);
                outputs.ForEach(Answer);
            }

            if (_machine.WantsLog && _machine.ReadOffset < _log.Count)
            {
                int offset = (int)_machine.ReadOffset;
                _inputs.Enqueue(new ShardInput.LogRead([new LogEntry(offset, _log[offset])]));
            }
        }
        while (_inputs.Count > 0);
        if (_machine.State is ShardState.Faulted or ShardState.LogLostTail or ShardState.ClockJumped)
        {
            throw new HistoryFailedException($"the shard is {_machine.State}");
        }
    }

    private void Answer(ShardOutput output)
    {
        ShardInput? answer = output switch
        {
            ShardOutput.LoadKeys load => new ShardInput.Loaded(load.Keys, _store.Load(Shard, load.Keys)),
            ShardOutput.ReadDue due => new ShardInput.DueLoaded(due, _store.ReadDue(Shard, due.DueAtOrBeforeMs, due.After, due.Limit)),
            ShardOutput.ReadKeys keys => new ShardInput.KeysLoaded(keys, _store.ReadKeys(Shard, keys.After, keys.OnlyUnpublished, keys.Limit)),
            ShardOutput.LookUp look => new ShardInput.LookedUp(look.FullKeys, _store.Load(Shard, look.Keys)),
            ShardOutput.ScanSink scan => new ShardInput.SinkScanned(_sink.Scan(scan.Cursor)),
            ShardOutput.ReadHeader => new ShardInput.HeaderRead(_store.ReadHeader(Shard)),
            ShardOutput.ReadStoreClock => new ShardInput.StoreClockRead(_clock.NowMs),
            ShardOutput.ReadFence => new ShardInput.FenceRead(_sink.ReadFence(Shard)),
            ShardOutput.WantCheckpoint => new ShardInput.CheckpointPermitted(),
            ShardOutput.Commit commit => new ShardInput.CommitEnded(commit.Write.Header.CheckpointId, _store.Commit(Shard, commit.Epoch, commit.Write)),
            ShardOutput.Publish publish => new ShardInput.Published(publish.Batch.Batch, _sink.Write(publish.Batch)),
            ShardOutput.RaiseFence raise => new ShardInput.FenceRaised(_sink.RaiseFence(Shard, raise.Epoch, raise.Batch), _log.Count),
            ShardOutput.FeatureOff off => throw new HistoryFailedException($"feature {off.Feature} was switched off: {off.Error}"),
            _ => null,
        };
        if (answer is not null)
        {
            _inputs.Enqueue(answer);
        }
    }
}
