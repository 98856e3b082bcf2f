using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Shards;
using FeatureActors.TestKit.Ports;

namespace FeatureActors.TestKit.Simulation;

/// <summary>What all nodes of a simulated world share, and what is wrong with it at the moment.</summary>
internal sealed class SimulatedPorts(SimulatedWorld world, SimulatedDefinitions definitions)
{
    public static readonly ShardId Shard = new("item", 0);

    public InMemoryCheckpointStore Store { get; } = new(world.Clock);

    public InMemoryFeatureSink Sink { get; } = new(world.Clock);

    public SimulatedLog Log { get; } = new(definitions.Naive);

    public bool IsSinkAway { get; set; }

    public bool IsDiskFull { get; set; }

    /// <summary>Epochs whose owner was told that it got them.</summary>
    public HashSet<long> Epochs { get; } = [];

    /// <summary>True once Redis lost something, so that a falling version is no violation until it is written again.</summary>
    public Action<CheckpointWrite>? Committed { get; set; }
}

/// <summary>
/// One owner of the shard: drives the product's <see cref="ShardMachine"/> with ticks, log entries and the answers of ports, each
/// with its own delay, so that answers of different ports overtake each other.
/// </summary>
internal sealed class SimulatedNode : IDisposable
{
    private readonly SimulatedWorld _world;
    private readonly SimulatedDefinitions _definitions;
    private readonly SimulatedPorts _ports;
    private readonly ShardMachine _machine;
    private readonly int _delayMaxMs;
    private bool _isReading;

    public SimulatedNode(SimulatedWorld world, SimulatedDefinitions definitions, SimulatedPorts ports, ShardOptions options, int number, int delayMaxMs)
    {
        (_world, _definitions, _ports, Number, _delayMaxMs) = (world, definitions, ports, number, delayMaxMs);
        _machine = new ShardMachine(SimulatedPorts.Shard, definitions.Entity, options, new ChunkPool());
        MonotonicStartMs = world.NowMs - world.Random.Next(0, 100_000);
    }

    public int Number { get; }

    public ShardMachine Machine => _machine;

    public bool IsDead { get; private set; }

    /// <summary>True when the node did not hear that another one took over.</summary>
    public bool IsZombie { get; set; }

    public long WallOffsetMs { get; set; }

    public bool IsOver => IsDead || _machine.State is ShardState.Released or ShardState.Fenced;

    private long MonotonicStartMs { get; }

    private int Delay => _world.Random.Next(1, _delayMaxMs);

    /// <inheritdoc/>
    public void Dispose() => _machine.Dispose();

    public void Kill(string why)
    {
        if (!IsDead)
        {
            IsDead = true;
            _world.Tell($"node {Number} dies: {why}");
            _machine.Dispose();
        }
    }

    public void Acquire()
    {
        _world.After(Delay, () =>
        {
            if (IsDead)
            {
                return;
            }

            ShardCheckpoint checkpoint = _ports.Store.Acquire(SimulatedPorts.Shard, new ShardIdentity(1, "h", "l"), new ShardOwner($"n{Number}", ""));
            var log = new LogRange(0, _ports.Log.End);
            if (!_ports.Epochs.Add(checkpoint.Epoch.Value))
            {
                SimulatedWorld.Violate($"epoch {checkpoint.Epoch} was granted twice");
            }

            _world.Tell($"node {Number} acquires epoch {checkpoint.Epoch}: next offset {checkpoint.Header.NextOffset} T {checkpoint.Header.ClockMs} batch {checkpoint.Header.PublishedBatch} rows {checkpoint.EntityCount} unpublished {checkpoint.HasUnpublished}; log end {log.End}");
            Answer(new ShardInput.Acquired(checkpoint, log));
        });
    }

    public void Tick() => Step(new ShardInput.Tick(_world.NowMs + WallOffsetMs, _world.NowMs - MonotonicStartMs));

    public void Revoke() => Step(new ShardInput.Revoked());

    private void Answer(ShardInput input, bool mayRepeat = false)
    {
        _world.After(Delay, () => Step(input));
        if (mayRepeat && _world.Strikes(0.01))
        {
            _world.Fault("answer-twice", input.GetType().Name);
            _world.After(Delay * 3, () => Step(input));
        }
    }

    private void Step(ShardInput input)
    {
        if (IsDead || _machine.State is ShardState.Released or ShardState.Fenced)
        {
            return;
        }

        if (_world.IsToldTo && input is not ShardInput.Tick)
        {
            _world.Tell($"node {Number} <- {Describe(input)}");
        }

        var outputs = new List<ShardOutput>();
        long before = _machine.NextOffset;
        _machine.Step(input, outputs);
        for (long offset = before; offset < _machine.NextOffset && offset >= 0; offset++)
        {
            NaiveEntry entry = _definitions.Naive.Log[(int)offset];
            entry.AppliedAtMs = Math.Max(entry.AppliedAtMs, _machine.ClockMs);
        }

        foreach (ShardOutput output in outputs)
        {
            if (_world.IsToldTo)
            {
                _world.Tell($"node {Number} -> {Describe(output)}");
            }

            Take(output);
        }

        ReadLog();
    }

    private void ReadLog()
    {
        if (_isReading || !_machine.WantsLog || _machine.ReadOffset >= _ports.Log.End)
        {
            return;
        }

        _isReading = true;
        long from = _machine.ReadOffset;
        if (from > 0 && _world.Strikes(0.03))
        {
            from -= Math.Min(from, _world.Random.Next(1, 4));
            _world.Fault("log-read-twice", $"from {from}");
        }

        List<LogEntry> entries = _ports.Log.Read(from, _world.Random.Next(1, 6));
        _world.After(Delay, () =>
        {
            _isReading = false;
            Step(new ShardInput.LogRead(entries));
        });
    }

    private void Take(ShardOutput output)
    {
        ShardId shard = SimulatedPorts.Shard;
        switch (output)
        {
            case ShardOutput.LoadKeys load:
                Read(() => new ShardInput.Loaded(load.Keys, _ports.Store.Load(shard, load.Keys)), mayRepeat: true);
                break;
            case ShardOutput.ReadDue due:
                Read(() => new ShardInput.DueLoaded(_ports.Store.ReadDue(shard, due.DueAtOrBeforeMs, due.After, due.Limit)), mayRepeat: true);
                break;
            case ShardOutput.ReadKeys keys:
                Read(() => new ShardInput.KeysLoaded(_ports.Store.ReadKeys(shard, keys.After, keys.OnlyUnpublished, keys.Limit)), mayRepeat: true);
                break;
            case ShardOutput.LookUp look:
                Read(() => new ShardInput.LookedUp(look.FullKeys, _ports.Store.Load(shard, look.Keys)), mayRepeat: true);
                break;
            case ShardOutput.ScanSink scan:
                AskSink(() => new ShardInput.SinkScanned(_ports.Sink.Scan(scan.Cursor)));
                break;
            case ShardOutput.ReadHeader:
                Read(() => new ShardInput.HeaderRead(_ports.Store.ReadHeader(shard)));
                break;
            case ShardOutput.ReadStoreClock:
                Read(() => new ShardInput.StoreClockRead(_world.NowMs));
                break;
            case ShardOutput.ReadFence:
                AskSink(() => new ShardInput.FenceRead(_ports.Sink.ReadFence(SimulatedPorts.Shard)));
                break;
            case ShardOutput.WantCheckpoint:
                Answer(new ShardInput.CheckpointPermitted());
                break;
            case ShardOutput.Commit commit:
                Commit(commit);
                break;
            case ShardOutput.Publish publish:
                Publish(Copy(publish.Batch));
                break;
            case ShardOutput.RaiseFence raise:
                Raise(raise);
                break;
            case ShardOutput.Moved moved:
                _world.Move($"{moved.From} → {moved.To}");
                break;
            default:
                break;
        }
    }

    private void Read(Func<ShardInput> read, bool mayRepeat = false) => _world.After(Delay, () =>
    {
        if (IsDead)
        {
            return;
        }

        if (_world.Strikes(0.02))
        {
            _world.Fault("read-failed");
            _world.After(200, () => Read(read, mayRepeat));
            return;
        }

        Answer(read(), mayRepeat);
    });

    private void AskSink(Func<ShardInput> ask) => _world.After(Delay, () =>
    {
        if (IsDead)
        {
            return;
        }

        if (_ports.IsSinkAway)
        {
            _world.After(200, () => AskSink(ask));
            return;
        }

        Answer(ask(), mayRepeat: true);
    });

    private void Commit(ShardOutput.Commit commit)
    {
        CheckpointWrite write = commit.Write with
        {
            Entities = [.. commit.Write.Entities.Select(static e => e with { Key = e.Key.ToArray(), State = e.State.ToArray() })],
        };
        _world.After(Delay, () =>
        {
            if (IsDead)
            {
                return;
            }

            if (_ports.IsDiskFull)
            {
                _world.Fault("commit-disk-full");
                Answer(new ShardInput.CommitUnknown(write.Header.CheckpointId, "disk full"));
                return;
            }

            if (_world.Strikes(0.04))
            {
                bool isLate = _world.Chance(0.5);
                _world.Fault(isLate ? "commit-unknown-applied-late" : "commit-unknown-not-applied");
                Answer(new ShardInput.CommitUnknown(write.Header.CheckpointId, "time-out"));
                if (isLate)
                {
                    // Its transaction holds the shard's row, so that no later one of this owner can overtake it.
                    _world.After(Delay * 4, () =>
                    {
                        if (_ports.Store.ReadHeader(SimulatedPorts.Shard).CheckpointId == write.Header.CheckpointId - 1)
                        {
                            Apply(commit.Epoch, write);
                        }
                    });
                }

                return;
            }

            CommitOutcome outcome = Apply(commit.Epoch, write);
            if (_world.Strikes(0.02))
            {
                _world.Fault("kill-between-checkpoint-and-publish");
                Kill("after a commit");
            }
            else if (_world.Strikes(0.05))
            {
                _world.Fault("commit-unknown-applied");
                Answer(new ShardInput.CommitUnknown(write.Header.CheckpointId, "time-out"));
            }
            else
            {
                Answer(new ShardInput.CommitEnded(write.Header.CheckpointId, outcome), mayRepeat: true);
            }
        });
    }

    private CommitOutcome Apply(Epoch epoch, CheckpointWrite write)
    {
        ShardHeader before = _ports.Store.ReadHeader(SimulatedPorts.Shard);
        CommitOutcome outcome = _ports.Store.Commit(SimulatedPorts.Shard, epoch, write);
        ShardHeader after = _ports.Store.ReadHeader(SimulatedPorts.Shard);
        if (before.Epoch > epoch && (outcome != CommitOutcome.Fenced || after.CheckpointId != before.CheckpointId))
        {
            SimulatedWorld.Violate($"a commit of epoch {epoch} took effect under epoch {before.Epoch}");
        }

        if (before.Epoch > epoch)
        {
            _world.Fault("commit-fenced");
        }

        if (after.NextOffset < before.NextOffset || after.ClockMs < before.ClockMs)
        {
            SimulatedWorld.Violate($"the checkpoint went back: {before} → {after}");
        }

        if (outcome == CommitOutcome.Committed && after.CheckpointId != before.CheckpointId)
        {
            _world.Tell($"checkpoint {after.CheckpointId}: next offset {after.NextOffset} T {after.ClockMs} batch {after.PublishedBatch}; {string.Join(' ', write.Entities.Select(static e => $"{System.Text.Encoding.UTF8.GetString(e.Key.Span)}:{(e.State.IsEmpty ? "deleted" : e.IsUnpublished ? "unpublished" : "ok")}"))}");
            _ports.Committed?.Invoke(write);
        }

        return outcome;
    }

    private void Publish(PublishBatch batch) => _world.After(Delay, () =>
    {
        if (IsDead)
        {
            return;
        }

        if (_ports.IsSinkAway)
        {
            _world.Fault("publish-sink-away");
            Answer(new ShardInput.PublishFailed(batch.Batch));
            return;
        }

        if (_world.Strikes(0.02))
        {
            bool isLate = _world.Chance(0.4);
            _world.Fault(isLate ? "publish-timeout-applied-late" : "publish-timeout-not-applied");
            Answer(new ShardInput.PublishFailed(batch.Batch));
            if (isLate)
            {
                _world.After(Delay * 4, () => Write(batch));
            }

            return;
        }

        SinkAnswer answer = Write(batch);
        if (_world.Strikes(0.02))
        {
            _world.Fault("publish-timeout-applied");
            Answer(new ShardInput.PublishFailed(batch.Batch));
            return;
        }

        if (_world.Strikes(0.003))
        {
            _world.Fault("kill-after-publish");
            Kill("after a publish");
            return;
        }

        Answer(new ShardInput.Published(batch.Batch, answer), mayRepeat: true);
    });

    private SinkAnswer Write(PublishBatch batch)
    {
        if (_ports.IsSinkAway)
        {
            return default;
        }

        int falls = _ports.Sink.FallCount;
        SinkAnswer answer = _ports.Sink.Write(batch);
        if (_world.IsToldTo)
        {
            _world.Tell($"redis {answer.Outcome} batch {Show(batch.Batch)} of node {Number}: {string.Join(" | ", batch.Items.Select(i => $"{i.Kind} {System.Text.Encoding.UTF8.GetString(i.Key.Span)} {string.Join(' ', batch.Fields.Skip(i.FieldsStart).Take(i.FieldsCount).Select(static f => $"{System.Text.Encoding.UTF8.GetString(f.Name.Span)}={System.Text.Encoding.UTF8.GetString(f.Value.Span)}"))}"))}");
        }

        if (answer.Outcome == SinkOutcome.Stale)
        {
            _world.Fault("publish-stale-refused");
        }

        if (_ports.Sink.FallCount > falls)
        {
            SimulatedWorld.Violate($"_v fell: {_ports.Sink.ListVersionFalls()[^1]}");
        }

        return answer;
    }

    private void Raise(ShardOutput.RaiseFence raise) => _world.After(Delay, () =>
    {
        if (IsDead)
        {
            return;
        }

        if (_ports.IsSinkAway)
        {
            _world.Fault("fence-sink-away");
            Answer(new ShardInput.FenceFailed());
            return;
        }

        if (_world.Strikes(0.03))
        {
            bool isApplied = _world.Chance(0.5);
            _world.Fault(isApplied ? "fence-timeout-applied" : "fence-timeout-not-applied");
            if (isApplied)
            {
                _ports.Sink.RaiseFence(SimulatedPorts.Shard, raise.Epoch, raise.Batch);
            }

            Answer(new ShardInput.FenceFailed());
            return;
        }

        SinkFence? old = _ports.Sink.RaiseFence(SimulatedPorts.Shard, raise.Epoch, raise.Batch);
        if (_world.IsToldTo)
        {
            _world.Tell($"redis fence of node {Number}: {(old is null ? "none" : $"epoch {old.Epoch} batch {Show(old.Batch)} at {old.Position.NextOffset}-{old.Position.ClockMs}")} → epoch {raise.Epoch} batch {Show(raise.Batch)}");
        }

        if (_world.Strikes(0.03))
        {
            _world.Fault("kill-after-fence");
            Kill("after the fence");
            return;
        }

        _world.After(Delay, () =>
        {
            long logEnd = _ports.Log.End;
            Answer(new ShardInput.FenceRaised(old, logEnd));
        });
    });

    private static PublishBatch Copy(PublishBatch batch) => batch with
    {
        Items = [.. batch.Items.Select(static i => i with { Key = i.Key.ToArray() })],
        Fields = [.. batch.Fields.Select(static f => new PublishField(f.Name.ToArray(), f.Value.ToArray()))],
    };

    private static string Show(long batch) => $"{batch >> 32}.{batch & uint.MaxValue}";

    private static string Describe(ShardInput input) => input switch
    {
        ShardInput.LogRead log => $"LogRead {string.Join(' ', log.Entries.Select(static e => e.Offset))}",
        ShardInput.Loaded loaded => $"Loaded {loaded.Entities.Count} of {string.Join(' ', loaded.Keys.Select(static k => System.Text.Encoding.UTF8.GetString(k.Span)))}",
        ShardInput.DueLoaded due => $"DueLoaded {string.Join(' ', due.Entities.Select(static e => System.Text.Encoding.UTF8.GetString(e.Key.Span)))}",
        ShardInput.KeysLoaded keys => $"KeysLoaded {string.Join(' ', keys.Entities.Select(static e => System.Text.Encoding.UTF8.GetString(e.Key.Span)))}",
        ShardInput.Published published => $"Published {Show(published.Batch)} {published.Answer.Outcome}",
        ShardInput.PublishFailed failed => $"PublishFailed {Show(failed.Batch)}",
        ShardInput.FenceRead { Fence: { } fence } => $"FenceRead epoch {fence.Epoch} batch {Show(fence.Batch)}",
        ShardInput.HeaderRead header => $"HeaderRead epoch {header.Header.Epoch} checkpoint {header.Header.CheckpointId}",
        ShardInput.CommitEnded ended => $"CommitEnded {ended.Outcome}",
        _ => input.GetType().Name,
    };

    private static string Describe(ShardOutput output) => output switch
    {
        ShardOutput.Moved moved => $"{moved.From} → {moved.To}: {moved.Reason}",
        ShardOutput.Alarm alarm => $"Alarm {alarm.Text}",
        ShardOutput.Publish publish => $"Publish {Show(publish.Batch.Batch)}",
        ShardOutput.ReadKeys keys => $"ReadKeys after {System.Text.Encoding.UTF8.GetString(keys.After.Span)} unpublished {keys.OnlyUnpublished} limit {keys.Limit}",
        ShardOutput.LoadKeys load => $"LoadKeys {string.Join(' ', load.Keys.Select(static k => System.Text.Encoding.UTF8.GetString(k.Span)))}",
        ShardOutput.ReadDue due => $"ReadDue {due.DueAtOrBeforeMs}",
        _ => output.GetType().Name,
    };
}
