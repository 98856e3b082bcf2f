using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.TestKit.Simulation;

/// <content>What the shard asks of the stores, and everything that can go wrong on the way there and back.</content>
internal sealed partial class SimulatedNode
{
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
                Read(() => new ShardInput.StoreClockRead(_course.NowMs));
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
                _course.Move($"{moved.From} → {moved.To}");
                break;
            default:
                break;
        }
    }

    private void Read(Func<ShardInput> read, bool mayRepeat = false) => _course.After(Delay, () =>
    {
        if (IsDead)
        {
            return;
        }

        if (_course.Strikes(0.02))
        {
            _course.Fault("read-failed");
            _course.After(200, () => Read(read, mayRepeat));
            return;
        }

        Answer(read(), mayRepeat);
    });

    private void AskSink(Func<ShardInput> ask) => _course.After(Delay, () =>
    {
        if (IsDead)
        {
            return;
        }

        if (_ports.IsSinkAway)
        {
            _course.After(200, () => AskSink(ask));
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
        _course.After(Delay, () =>
        {
            if (IsDead)
            {
                return;
            }

            if (_ports.IsDiskFull)
            {
                _course.Fault("commit-disk-full");
                Answer(new ShardInput.CommitUnknown(write.Header.CheckpointId, "disk full"));
                return;
            }

            if (_course.Strikes(0.04))
            {
                bool isLate = _course.Chance(0.5);
                _course.Fault(isLate ? "commit-unknown-applied-late" : "commit-unknown-not-applied");
                Answer(new ShardInput.CommitUnknown(write.Header.CheckpointId, "time-out"));
                if (isLate)
                {
                    // Its transaction holds the shard's row, so that no later one of this owner can overtake it.
                    _course.After(Delay * 4, () =>
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
            if (_course.Strikes(0.02))
            {
                _course.Fault("kill-between-checkpoint-and-publish");
                Kill("after a commit");
            }
            else if (_course.Strikes(0.05))
            {
                _course.Fault("commit-unknown-applied");
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
            SimulatedCourse.Violate($"a commit of epoch {epoch} took effect under epoch {before.Epoch}");
        }

        if (before.Epoch > epoch)
        {
            _course.Fault("commit-fenced");
        }

        if (after.NextOffset < before.NextOffset || after.ClockMs < before.ClockMs)
        {
            SimulatedCourse.Violate($"the checkpoint went back: {before} → {after}");
        }

        if (outcome == CommitOutcome.Committed && after.CheckpointId != before.CheckpointId)
        {
            _course.Tell($"checkpoint {after.CheckpointId}: next offset {after.NextOffset} T {after.ClockMs} batch {after.PublishedBatch}; {string.Join(' ', write.Entities.Select(static e => $"{System.Text.Encoding.UTF8.GetString(e.Key.Span)}:{(e.State.IsEmpty ? "deleted" : e.IsUnpublished ? "unpublished" : "ok")}"))}");
            _ports.Committed?.Invoke(write);
        }

        return outcome;
    }

    private void Publish(PublishBatch batch) => _course.After(Delay, () =>
    {
        if (IsDead)
        {
            return;
        }

        if (_ports.IsSinkAway)
        {
            _course.Fault("publish-sink-away");
            Answer(new ShardInput.PublishFailed(batch.Batch));
            return;
        }

        if (_course.Strikes(0.02))
        {
            bool isLate = _course.Chance(0.4);
            _course.Fault(isLate ? "publish-timeout-applied-late" : "publish-timeout-not-applied");
            Answer(new ShardInput.PublishFailed(batch.Batch));
            if (isLate)
            {
                _course.After(Delay * 4, () => Write(batch));
            }

            return;
        }

        SinkAnswer answer = Write(batch);
        if (_course.Strikes(0.02))
        {
            _course.Fault("publish-timeout-applied");
            Answer(new ShardInput.PublishFailed(batch.Batch));
            return;
        }

        if (_course.Strikes(0.003))
        {
            _course.Fault("kill-after-publish");
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
        if (_course.IsToldTo)
        {
            _course.Tell($"redis {answer.Outcome} batch {ShardTexts.Show(batch.Batch)} of node {Number}: {string.Join(" | ", batch.Items.Select(i => $"{i.Kind} {System.Text.Encoding.UTF8.GetString(i.Key.Span)} {string.Join(' ', batch.Fields.Skip(i.FieldsStart).Take(i.FieldsCount).Select(static f => $"{System.Text.Encoding.UTF8.GetString(f.Name.Span)}={System.Text.Encoding.UTF8.GetString(f.Value.Span)}"))}"))}");
        }

        if (answer.Outcome == SinkOutcome.Stale)
        {
            _course.Fault("publish-stale-refused");
        }

        if (_ports.Sink.FallCount > falls)
        {
            SimulatedCourse.Violate($"_v fell: {_ports.Sink.ListVersionFalls()[^1]}");
        }

        return answer;
    }

    private void Raise(ShardOutput.RaiseFence raise) => _course.After(Delay, () =>
    {
        if (IsDead)
        {
            return;
        }

        if (_ports.IsSinkAway)
        {
            _course.Fault("fence-sink-away");
            Answer(new ShardInput.FenceFailed());
            return;
        }

        if (_course.Strikes(0.03))
        {
            bool isApplied = _course.Chance(0.5);
            _course.Fault(isApplied ? "fence-timeout-applied" : "fence-timeout-not-applied");
            if (isApplied)
            {
                _ports.Sink.RaiseFence(SimulatedPorts.Shard, raise.Epoch, raise.Batch);
            }

            Answer(new ShardInput.FenceFailed());
            return;
        }

        SinkFence? old = _ports.Sink.RaiseFence(SimulatedPorts.Shard, raise.Epoch, raise.Batch);
        if (_course.IsToldTo)
        {
            _course.Tell($"redis fence of node {Number}: {(old is null ? "none" : $"epoch {old.Epoch} batch {ShardTexts.Show(old.Batch)} at {old.Position.NextOffset}-{old.Position.ClockMs}")} → epoch {raise.Epoch} batch {ShardTexts.Show(raise.Batch)}");
        }

        if (_course.Strikes(0.03))
        {
            _course.Fault("kill-after-fence");
            Kill("after the fence");
            return;
        }

        _course.After(Delay, () =>
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
}
