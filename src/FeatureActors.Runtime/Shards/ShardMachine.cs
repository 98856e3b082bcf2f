using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Slots;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Publishing;

namespace FeatureActors.Runtime.Shards;

/// <summary>
/// One shard as a synchronous machine: inputs in, outputs out, no thread, clock or I/O inside. Log batches are applied in order,
/// each as a whole once its entities are in memory; changed groups are evaluated when their triggers say so and handed to the
/// sink under the fence; changed entities are checkpointed together with the log position they include. The node's shard actor
/// and the simulator drive exactly this code. The life cycle is drawn at <see cref="ShardState"/>.
/// </summary>
internal sealed partial class ShardMachine : IDisposable
{
    private readonly ShardId _shard;
    private readonly EntityPlan _plan;
    private readonly ShardOptions _options;
    private readonly EntityLayout _layout;
    private readonly ChunkPool _pool;
    private readonly BlockStore _store;
    private readonly EntityBlock _block;
    private readonly EntityTable _table;
    private readonly TimingWheel _wheel;
    private readonly BatchReader _reader;
    private readonly EntityUpdater _updater;
    private readonly GroupEvaluator _evaluator;
    private readonly GroupValues _values = new();
    private readonly SourceMarks _marks = new();
    private List<ShardOutput> _out = [];

    private Epoch _epoch;
    private long _nextOffset;
    private long _publishFrom;
    private bool _hasUnpublished;

    public ShardMachine(ShardId shard, EntityPlan plan, ShardOptions options, ChunkPool pool)
    {
        _shard = shard;
        _plan = plan;
        _options = options;
        _layout = new EntityLayout(plan);
        _pool = pool;
        _store = new BlockStore(pool);
        _block = new EntityBlock(_layout, _store);
        _table = new EntityTable(_store, _block);
        _store.Attach(_table);
        _wheel = new TimingWheel(_table);
        _reader = new BatchReader([.. plan.Columns.Select(static c => c.Numbers)]);
        _updater = new EntityUpdater(_layout, _block);
        _rows = new KeyedRows(_reader);
        _reread = row => _reader.ReadColumns(_rows.Head(row));
        _evaluator = new GroupEvaluator(_layout, _block);
        var queues = new List<TriggerQueue>();
        _triggers = ReadTriggers(plan, queues);
        _valueGroups = _triggers.Select(static (t, place) => t.HasValue ? 1UL << place : 0).Aggregate(0UL, static (a, b) => a | b);
        _queues = [.. queues];
        _keyPrefixes = [.. plan.Groups.Select(g => System.Text.Encoding.UTF8.GetBytes($"fa:{plan.Namespace}:{g.Name}:"))];
        _fieldNames = [.. plan.Groups.Select(static g => (byte[][])[.. g.Fields.Select(static f => System.Text.Encoding.UTF8.GetBytes(f.Name))])];
        _packed = PackedFormsOf(plan);
        _hasSchema = new bool[plan.Groups.Count];
        _builder = new PublishBuilder();
        _ring = new PublishRing(options.RingBytes);
    }

    /// <summary>Where the shard stands.</summary>
    public ShardState State { get; private set; } = ShardState.Assigned;

    /// <summary>What the shard has done.</summary>
    public ShardCounters Counters { get; } = new();

    /// <summary>The time T; <see cref="long.MinValue"/> while unknown.</summary>
    public long ClockMs { get; private set; } = long.MinValue;

    /// <summary>First log offset that is not applied.</summary>
    public long NextOffset => _nextOffset;

    /// <summary>First log offset that was not handed in yet: where reading starts after an acquire.</summary>
    public long ReadOffset { get; private set; }

    /// <summary>Epoch granted.</summary>
    public Epoch Epoch => _epoch;

    /// <summary>True when nothing waits: every row applied, every change published and, but for the clock, checkpointed.</summary>
    public bool IsQuiet => _pending.Count == 0 && _inFlight is null && _ready.Count == 0 && _builder.Count == 0
        && _forced.Count == 0 && _queues.All(static q => q.Entities.Count == 0) && !_hasUnpublished && (_sweep is null or { Kind: SweepKind.Refresh }) && _commit is null
        && _dirty.Count == 0 && _checkpointedOffset == _nextOffset;

    /// <summary>True once every source partition has ended and everything is published.</summary>
    public bool IsEndPublished => _marks.HasEnded(_plan.Sources) && _pending.Count == 0 && _inFlight is null && _ready.Count == 0
        && _builder.Count == 0 && _forced.Count == 0 && _queues.All(static q => q.Entities.Count == 0) && !_hasUnpublished && _dueAsked is null
        && _dueReadClock == ClockMs && _firedClock == ClockMs;

    /// <summary>Why the shard applies nothing more while it runs, or null: newer definitions are in force than those of its node.</summary>
    public string? Waits { get; private set; }

    /// <summary>Publish batches that are complete and not acknowledged.</summary>
    public int PublishQueue => _ready.Count + (_inFlight is null ? 0 : 1);

    /// <summary>True when the shard takes more log entries.</summary>
    public bool WantsLog => State is ShardState.Recovering or ShardState.Running
        && _pendingBytes < _options.PendingBytes && _dirtyBytes < _options.CheckpointBytes * 4;

    /// <summary>Takes one input and adds what is to be done to <paramref name="outputs"/>.</summary>
    public void Step(ShardInput input, List<ShardOutput> outputs)
    {
        _out = outputs;
        if (State is ShardState.Released or ShardState.Fenced)
        {
            return;
        }

        try
        {
            Take(input);
        }
        catch (StateFormatException error)
        {
            // One that is being given away wants nothing of them: its next owner meets them.
            Transition(State == ShardState.Draining ? ShardState.Released : ShardState.Faulted, error.Message);
        }
    }

    /// <summary>Gives all memory back.</summary>
    public void Dispose() => _store.Dispose();

    private void Take(ShardInput input)
    {
        switch (input)
        {
            case ShardInput.Acquired acquired:
                Acquire(acquired);
                break;
            case ShardInput.FenceRaised raised:
                TakeFence(raised.Old, raised.LogEnd);
                break;
            case ShardInput.FenceFailed:
                _fenceRetryAt = _monotonicMs + RetryMs;
                _isFenceUnderWay = false;
                break;
            case ShardInput.LogRead log:
                Enqueue(log.Entries);
                break;
            case ShardInput.Loaded loaded:
                TakeLoaded(loaded);
                break;
            case ShardInput.DueLoaded due:
                TakeDue(due);
                break;
            case ShardInput.KeysLoaded keys:
                TakeKeys(keys);
                break;
            case ShardInput.SinkScanned scanned:
                TakeScanned(scanned.Scanned);
                break;
            case ShardInput.LookedUp looked:
                TakeLookedUp(looked);
                break;
            case ShardInput.CheckpointPermitted:
                BeginCheckpoint();
                break;
            case ShardInput.CommitEnded ended:
                EndCommit(ended.CheckpointId, ended.Outcome);
                break;
            case ShardInput.CommitUnknown unknown:
                DoubtCommit(unknown.CheckpointId, unknown.Error);
                break;
            case ShardInput.HeaderRead header:
                TakeHeader(header.Header);
                break;
            case ShardInput.Published published:
                TakeAnswer(published.Batch, published.Answer);
                break;
            case ShardInput.PublishFailed failed:
                RetryPublish(failed.Batch);
                break;
            case ShardInput.FenceRead fence:
                CheckFence(fence.Fence);
                break;
            case ShardInput.Tick tick:
                TakeTick(tick);
                break;
            case ShardInput.StoreClockRead clock:
                TakeStoreClock(clock.NowMs);
                break;
            case ShardInput.Exchange exchange:
                TakeExchange(exchange);
                break;
            case ShardInput.Inspect ask:
                Inspect(ask);
                break;
            case ShardInput.InspectedLoaded inspected:
                TakeInspected(inspected);
                break;
            case ShardInput.Revoked:
                Drain();
                break;
            default:
                throw new InvalidOperationException($"unknown shard input {input.GetType().Name}");
        }
    }

    private long RetryMs => (long)_options.RetryDelay.TotalMilliseconds;

    private void Acquire(ShardInput.Acquired acquired)
    {
        ShardHeader header = acquired.Checkpoint.Header;
        _epoch = acquired.Checkpoint.Epoch;
        _nextOffset = ReadOffset = header.NextOffset;
        _checkpointedOffset = header.NextOffset;
        _checkpointId = header.CheckpointId;
        _publishedPosition = header.PublishedPosition;
        TakePublishedMark(header.PublishedBatch);
        _batch = PublishedMark.FirstOf(_epoch);
        _cold = acquired.Checkpoint.EntityCount;
        _hasUnpublished = acquired.Checkpoint.HasUnpublished;
        _marks.Load(header.Marks.Span);
        ClockMs = header.ClockMs;
        if (acquired.Log.End < header.NextOffset)
        {
            Transition(
                ShardState.LogLostTail,
                $"the log of shard {_shard} ends at {acquired.Log.End}, its checkpoint includes everything below {header.NextOffset}: restore the log, or forget the namespace and replay the sources");
            return;
        }

        if (acquired.Log.Begin > header.NextOffset)
        {
            Transition(
                ShardState.LogLostTail,
                $"the log of shard {_shard} begins at {acquired.Log.Begin}, its checkpoint includes only what is below {header.NextOffset}: its retention is shorter than the time the shard was not running; what is gone cannot be counted: forget the namespace and replay the sources, and lengthen fa.kafka.log-retention");
            return;
        }

        _publishFrom = acquired.Log.End;
        Transition(ShardState.Recovering, $"epoch {_epoch}, next offset {_nextOffset}, log end {acquired.Log.End}");
        RaiseFence();
        TryRun();
    }

    /// <summary>
    /// Starts to publish once the fence is raised and everything that an earlier owner published is applied. While the sink is away
    /// the shard stays in recovery: it applies and checkpoints, and what changes is marked as unpublished.
    /// </summary>
    private void TryRun()
    {
        if (State == ShardState.Recovering && !_isAcquireFence && _nextOffset >= _publishFrom)
        {
            Transition(ShardState.Running, $"caught up at {_nextOffset}");
            if (_hasUnpublished)
            {
                StartSweep(SweepKind.Unpublished);
            }
        }
    }

    private void Drain()
    {
        if (State == ShardState.Draining)
        {
            // Callbacks may come twice.
            return;
        }

        if (State is ShardState.Assigned or ShardState.LogLostTail or ShardState.Faulted)
        {
            Transition(ShardState.Released, "revoked");
            return;
        }

        Transition(ShardState.Draining, "revoked");
        if (_commit is null && !TryBeginLastCheckpoint())
        {
            Transition(ShardState.Released, "nothing left to checkpoint");
        }
    }

    private void Transition(ShardState next, string reason)
    {
        bool isLegal = (State, next) switch
        {
            (ShardState.Assigned, ShardState.Recovering or ShardState.LogLostTail or ShardState.Released or ShardState.Faulted) => true,
            (ShardState.Recovering, ShardState.Running or ShardState.Fenced or ShardState.Draining or ShardState.ClockJumped or ShardState.Faulted) => true,
            (ShardState.Running, ShardState.Fenced or ShardState.Draining or ShardState.ClockJumped or ShardState.Faulted) => true,
            (ShardState.ClockJumped, ShardState.Recovering or ShardState.Fenced or ShardState.Draining or ShardState.Faulted) => true,
            (ShardState.Draining, ShardState.Released or ShardState.Fenced) => true,
            (ShardState.LogLostTail or ShardState.Faulted, ShardState.Released or ShardState.Fenced or ShardState.Faulted) => true,
            _ => false,
        };
        if (!isLegal)
        {
            throw new InvalidOperationException($"shard {_shard} cannot go from {State} to {next} ({reason})");
        }

        _out.Add(new ShardOutput.Moved(State, next, reason));
        State = next;
    }
}
