using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Core.Triggers;
using FeatureActors.Hocon;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Ingest;
using FeatureActors.Runtime.Shards;
using FeatureActors.TestKit.Ports;

namespace FeatureActors.Runtime.Tests.Shards;

/// <summary>
/// One shard over ports in memory on virtual time: events go through the router into the log, every output is answered at once, and
/// each write to the feature store is kept.
/// </summary>
internal sealed class ShardDriver : IRowTarget, IDisposable
{
    public const long Start = 1_700_000_000_000;

    private const int TickMs = 50;

    private static readonly ShardId Shard = new("item", 0);

    private readonly Clock _clock = new();
    private readonly EntityPlan _plan;
    private readonly ShardOptions _options;
    private readonly IngestPlan _source;
    private readonly EventRouter _router;
    private readonly BatchWriter _writer = new();
    private readonly List<LogEntry> _log = [];
    private readonly InMemoryCheckpointStore _store;
    private readonly InMemoryFeatureSink _sink;
    private ShardMachine _machine;
    private long _events;
    private byte[]? _inspected;
    private long _clockIsOffByMs;
    private ShardInput.Loaded? _heldRead;
    private ShardInput? _heldClock;
    private readonly Dictionary<Type, ShardInput> _firstReads = [];
    private bool _isStoreSlow;
    private bool _isClockSlow;

    public ShardDriver(string definitions, params ITriggerType[] triggers)
        : this(definitions, new ShardOptions { MemoryBytes = 1_000_000 }, triggers)
    {
    }

    public ShardDriver(string definitions, ShardOptions options, params ITriggerType[] triggers)
    {
        _options = options;
        DefinitionsModel model = DefinitionsBinder.Bind(
            HoconParser.ParseText(definitions, "d.conf"),
            new FeatureTypeRegistry(BuiltInFeatureTypes.All),
            triggers: new TriggerTypeRegistry([.. BuiltInTriggerTypes.All, .. triggers]));
        DefinitionsPlan plan = PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model));
        (_plan, _source) = (plan.Entities[0], plan.Sources[0]);
        _router = new EventRouter(_source);
        _store = new InMemoryCheckpointStore(_clock);
        _sink = new InMemoryFeatureSink(_clock);
        _machine = Acquire();
    }

    /// <summary>True when the first answer to a read of the store comes again, in front of each later answer.</summary>
    public bool RepeatsFirstReads { get; set; }

    /// <summary>Every write of a group so far, as <c>T+ms field=value …</c>, fields of the engine left out.</summary>
    public List<string> Writes { get; } = [];

    /// <summary>Why the shard changed its state, and what it raised alarm about.</summary>
    public List<string> Said { get; } = [];

    public long NowMs => _clock.NowMs;

    /// <summary>The feature store.</summary>
    public InMemoryFeatureSink Sink => _sink;

    public ShardMachine Machine => _machine;

    public long JitterMs => _plan.Groups[0].JitterMs;

    /// <summary>The hash of a key of the first group, or null.</summary>
    public IReadOnlyDictionary<string, string>? Read(string key) => _sink.TryRead($"fa:{_plan.Namespace}:{_plan.Groups[0].Name}:{key}");

    /// <summary>Tells an event that happened now.</summary>
    public void Tell(string key, string fields = "") => TellAt(key, _clock.NowMs, fields);

    /// <summary>Tells an event.</summary>
    public void TellAt(string key, long timeMs, string fields = "")
    {
        long offset = _events++;
        _writer.Begin(_source.Source, offset, _clock.NowMs, _source.Routes[0].Columns);
        string comma = fields.Length == 0 ? "" : ",";
        _router.Route(Encoding.UTF8.GetBytes($"{{\"k\":\"{key}\",\"ts\":{timeMs}{comma}{fields}}}"), _clock.NowMs, this);
        var header = new BatchHeader(0, 0, _source.Source, 0, 1, offset, offset, long.MinValue, false, _clock.NowMs);
        _log.Add(new LogEntry(_log.Count, _writer.Complete(header).ToArray()));
        Take(new ShardInput.LogRead([_log[^1]]));
    }

    /// <summary>Lets time pass in small steps.</summary>
    public void Advance(long ms)
    {
        long end = _clock.NowMs + ms;
        while (_clock.NowMs < end)
        {
            _clock.NowMs = Math.Min(end, _clock.NowMs + TickMs);
            Take(new ShardInput.Tick(_clock.NowMs, _clock.NowMs - _clockIsOffByMs - Start + 1));
        }
    }

    /// <summary>The node's wall clock jumps; its monotonic clock and the store's clock do not.</summary>
    public void JumpClock(long ms)
    {
        _clock.NowMs += ms;
        _clockIsOffByMs += ms;
    }

    /// <summary>Another owner takes over whose wall clock jumps between the question what the store's clock is and the answer.</summary>
    public void JumpClockWhileStoreIsAsked(long ms)
    {
        _isClockSlow = true;
        Kill();
        JumpClock(ms);
        Advance(TickMs);
        _isClockSlow = false;
        Take(_heldClock!);
    }

    /// <summary>Another owner, of whom the checkpoint store does not know, raises the fence of the feature store.</summary>
    public void RaiseForeignFence(Epoch epoch) => Done(_sink.RaiseFenceAsync(Shard, epoch, epoch.Value << 32, CancellationToken.None));

    /// <summary>Stops after a last checkpoint and goes on as another owner, after <paramref name="ms"/> of nobody being there.</summary>
    public void Restart(long ms = 0)
    {
        Advance(6_000);
        HandOver(ms);
    }

    /// <summary>Is given away as it stands, with a last checkpoint, and goes on as another owner after <paramref name="ms"/>.</summary>
    public void HandOver(long ms = 0)
    {
        Release();
        _machine.Dispose();
        _clock.NowMs += ms;
        _machine = Acquire();
    }

    /// <summary>Is given away, with a last checkpoint.</summary>
    public void Release()
    {
        Take(new ShardInput.Revoked());
        Assert.Equal(ShardState.Released, _machine.State);
    }

    /// <summary>Ends without a word, as a killed process does, and goes on as another owner after <paramref name="ms"/>.</summary>
    public void Kill(long ms = 0, ShardState next = ShardState.Running)
    {
        _machine.Dispose();
        _clock.NowMs += ms;
        _machine = Acquire(next);
    }

    /// <summary>Is given away while the stored <paramref name="key"/> is being read for an event; the bytes arrive damaged, before the last checkpoint is answered.</summary>
    public void ReadDamagedBytesWhileDraining(string key)
    {
        _isStoreSlow = true;
        Tell(key);
        Take(new ShardInput.Revoked());
        Assert.Equal(ShardState.Draining, _machine.State);
        byte[] bytes = _heldRead!.Entities[0].State.ToArray();
        bytes[^1] ^= 1;
        Take(_heldRead with { Entities = [_heldRead.Entities[0] with { State = bytes }] });
    }

    /// <summary>What the shard says of a key; null when it cannot say.</summary>
    public string? Inspect(string key)
    {
        _inspected = null;
        Take(new ShardInput.Inspect(1, Encoding.UTF8.GetBytes(key)));
        return _inspected is null ? null : Encoding.UTF8.GetString(_inspected);
    }

    public void Dispose() => _machine.Dispose();

    void IRowTarget.Add(int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row) =>
        _writer.Add(_events - 1, ordinal, groups, eventIdHash, key, row, _source.Routes[0].Columns);

    void IRowTarget.Refuse(int ordinal, string group, string reason, string error) => Assert.Fail($"{reason}: {error}");

    private ShardMachine Acquire(ShardState next = ShardState.Running)
    {
        _machine = new ShardMachine(Shard, _plan, _options, new ChunkPool());
        ShardCheckpoint checkpoint = Done(_store.AcquireAsync(Shard, new ShardIdentity(1, "h", "l"), new ShardOwner("n", ""), CancellationToken.None));
        Take(new ShardInput.Acquired(checkpoint, new LogRange(0, _log.Count)));
        Take(new ShardInput.LogRead([.. _log.Skip((int)_machine.ReadOffset)]));
        Take(new ShardInput.Tick(_clock.NowMs, _clock.NowMs - _clockIsOffByMs - Start + 1));
        Advance(200);
        Assert.Equal(next, _machine.State);
        return _machine;
    }

    private void Take(ShardInput first)
    {
        var inputs = new Queue<ShardInput>([first]);
        while (inputs.TryDequeue(out ShardInput? input))
        {
            var outputs = new List<ShardOutput>();
            _machine.Step(input, outputs);
            foreach (ShardOutput output in outputs)
            {
                if (Answer(output) is { } answer)
                {
                    Repeat(answer, inputs);
                    inputs.Enqueue(answer);
                }
            }
        }
    }

    /// <summary>In front of an answer comes the first one to a question of its kind once more, if it is to.</summary>
    private void Repeat(ShardInput answer, Queue<ShardInput> inputs)
    {
        if (RepeatsFirstReads && _firstReads.TryGetValue(answer.GetType(), out ShardInput? first))
        {
            inputs.Enqueue(first);
        }
        else if (RepeatsFirstReads && answer is ShardInput.DueLoaded { Entities.Count: > 0 } or ShardInput.KeysLoaded { Entities.Count: > 0 })
        {
            _firstReads.Add(answer.GetType(), answer);
        }
    }

    private ShardInput? Answer(ShardOutput output)
    {
        CancellationToken none = CancellationToken.None;
        switch (output)
        {
            case ShardOutput.Moved moved:
                Said.Add(moved.Reason);
                return null;
            case ShardOutput.Alarm alarm:
                Said.Add(alarm.Text);
                return null;
            case ShardOutput.LoadKeys load:
                var loaded = new ShardInput.Loaded(load.Keys, Done(_store.LoadAsync(Shard, load.Keys, none)));
                _heldRead = _isStoreSlow ? loaded : null;
                return _isStoreSlow ? null : loaded;
            case ShardOutput.ReadDue due:
                return new ShardInput.DueLoaded(due, Done(_store.ReadDueAsync(Shard, due.DueAtOrBeforeMs, due.After, due.Limit, none)));
            case ShardOutput.ReadKeys keys:
                return new ShardInput.KeysLoaded(keys, Done(_store.ReadKeysAsync(Shard, keys.After, keys.OnlyUnpublished, keys.Limit, none)));
            case ShardOutput.LoadInspected load:
                IReadOnlyList<StoredEntity> found = Done(_store.LoadAsync(Shard, [load.Key], none));
                return new ShardInput.InspectedLoaded(load.Id, load.Key, found.Count > 0 ? found[0] : null);
            case ShardOutput.Inspected inspected:
                _inspected = inspected.Json;
                return null;
            case ShardOutput.ReadStoreClock:
                _heldClock = new ShardInput.StoreClockRead(_clock.NowMs - _clockIsOffByMs);
                return _isClockSlow ? null : _heldClock;
            case ShardOutput.ReadHeader:
                return Done(_store.ReadHeaderAsync(Shard, none)) is { } header ? new ShardInput.HeaderRead(header) : null;
            case ShardOutput.ScanSink scan:
                return new ShardInput.SinkScanned(Done(_sink.ScanAsync(scan.Cursor, none)));
            case ShardOutput.LookUp lookUp:
                return new ShardInput.LookedUp(lookUp.FullKeys, Done(_store.LoadAsync(Shard, lookUp.Keys, none)));
            case ShardOutput.ReadFence:
                return new ShardInput.FenceRead(Done(_sink.ReadFenceAsync(Shard, none)));
            case ShardOutput.WantCheckpoint:
                return new ShardInput.CheckpointPermitted();
            case ShardOutput.Commit when _isStoreSlow:
                return null;
            case ShardOutput.Commit commit:
                return new ShardInput.CommitEnded(
                    commit.Write.Header.CheckpointId, Done(_store.CommitAsync(Shard, commit.Epoch, commit.Write, none)));
            case ShardOutput.RaiseFence raise:
                return new ShardInput.FenceRaised(Done(_sink.RaiseFenceAsync(Shard, raise.Epoch, raise.Batch, none)), _log.Count);
            case ShardOutput.Publish publish:
                Keep(publish.Batch);
                return new ShardInput.Published(publish.Batch.Batch, Done(_sink.WriteAsync(publish.Batch, none)));
            default:
                return null;
        }
    }

    private void Keep(PublishBatch batch)
    {
        foreach (PublishItem item in batch.Items.Where(static i => i.Kind == PublishKind.Write))
        {
            IEnumerable<string> fields = batch.Fields.Skip(item.FieldsStart).Take(item.FieldsCount)
                .Select(static f => $"{Encoding.UTF8.GetString(f.Name.Span)}={Encoding.UTF8.GetString(f.Value.Span)}");
            Writes.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{_clock.NowMs - Start} {string.Join(' ', fields.Where(static f => f[0] != '_' || f.StartsWith("_flags", StringComparison.Ordinal)))}"));
        }
    }

    // The ports in memory are done before they return.
    private static T Done<T>(ValueTask<T> task)
    {
        Assert.True(task.IsCompletedSuccessfully);
#pragma warning disable VSTHRD002, VSTHRD104 // It is completed.
        return task.Result;
#pragma warning restore VSTHRD002, VSTHRD104
    }

    private sealed class Clock : TimeProvider
    {
        public long NowMs { get; set; } = Start;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);
    }
}
