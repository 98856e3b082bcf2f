using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Runtime.Shards;
using FeatureActors.TestKit.Ports;

namespace FeatureActors.TestKit.Simulation;

/// <content>What the shard asks of the stores, and everything that can go wrong on the way there and back.</content>
internal sealed partial class SimulatedOwner
{
    private void Take(ShardOutput output)
    {
        ShardId shard = Shard.Id;
        InMemoryCheckpointStore store = _world.Ports.Store;
        switch (output)
        {
            case ShardOutput.LoadKeys load:
                Read(() => new ShardInput.Loaded(load.Keys, Damage(store.Load(shard, load.Keys))), mayRepeat: true);
                break;
            case ShardOutput.ReadDue due:
                Read(() => new ShardInput.DueLoaded(due, Damage(store.ReadDue(shard, due.DueAtOrBeforeMs, due.After, due.Limit))), mayRepeat: true);
                break;
            case ShardOutput.ReadKeys keys:
                Read(() => new ShardInput.KeysLoaded(keys, store.ReadKeys(shard, keys.After, keys.OnlyUnpublished, keys.Limit)), mayRepeat: true);
                break;
            case ShardOutput.LookUp look:
                Read(() => new ShardInput.LookedUp(look.FullKeys, store.Load(shard, look.Keys)), mayRepeat: true);
                break;
            case ShardOutput.ScanSink scan:
                AskSink(() => new ShardInput.SinkScanned(_world.Ports.Sink.Scan(scan.Cursor)));
                break;
            case ShardOutput.ReadHeader:
                Read(() => new ShardInput.HeaderRead(_world.Ports.Store.ReadHeader(shard)));
                break;
            case ShardOutput.ReadStoreClock:
                Read(() => new ShardInput.StoreClockRead(Course.NowMs));
                break;
            case ShardOutput.ReadFence:
                AskSink(() => new ShardInput.FenceRead(_world.Ports.Sink.ReadFence(Shard.Id)));
                break;
            case ShardOutput.WantCheckpoint:
                Answer(new ShardInput.CheckpointPermitted());
                break;
            case ShardOutput.CheckpointOver { IsCommitted: true } over:
                Shard.Log.Trim(over.NextOffset);
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
                Course.Move($"{moved.From} → {moved.To}");
                CallOperator(moved.To);
                break;
            default:
                break;
        }
    }

    private void Read(Func<ShardInput> read, bool mayRepeat = false) => Course.After(Delay, () =>
    {
        if (IsEnded)
        {
            return;
        }

        if (IsAway(SimulatedService.Sql) || Course.Strikes(0.02))
        {
            Course.Fault("read-failed");
            Course.After(RetryMs, () => _node.Run(() => Read(read, mayRepeat)));
            return;
        }

        Answer(read(), mayRepeat);
    });

    private void AskSink(Func<ShardInput> ask) => Course.After(Delay, () =>
    {
        if (IsEnded)
        {
            return;
        }

        if (IsAway(SimulatedService.Redis))
        {
            Course.After(RetryMs, () => _node.Run(() => AskSink(ask)));
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
        Course.After(Delay, () =>
        {
            if (DiedOnTheWay())
            {
                return;
            }

            if (IsAway(SimulatedService.Sql))
            {
                Course.Fault("commit-sql-away");
                Answer(new ShardInput.CommitUnknown(write.Header.CheckpointId, "away"));
                return;
            }

            if (_world.Ports.IsDiskFull)
            {
                Course.Fault("commit-disk-full");
                Answer(new ShardInput.CommitUnknown(write.Header.CheckpointId, "disk full"));
                return;
            }

            if (Course.Strikes(0.04))
            {
                bool isLate = Course.Chance(0.5);
                Course.Fault(isLate ? "commit-unknown-applied-late" : "commit-unknown-not-applied");
                Answer(new ShardInput.CommitUnknown(write.Header.CheckpointId, "time-out"));
                if (isLate)
                {
                    // Its transaction holds the shard's row, so that no later one of this owner can overtake it.
                    Course.After(Delay * 4, () =>
                    {
                        if (_world.Ports.Store.ReadHeader(Shard.Id).CheckpointId == write.Header.CheckpointId - 1)
                        {
                            Apply(commit.Epoch, write);
                        }
                    });
                }

                return;
            }

            CommitOutcome outcome = Apply(commit.Epoch, write);
            if (Course.Strikes(0.02))
            {
                Course.Fault("kill-between-checkpoint-and-publish");
                _node.Kill("after a commit");
            }
            else if (Course.Strikes(0.05))
            {
                Course.Fault("commit-unknown-applied");
                Answer(new ShardInput.CommitUnknown(write.Header.CheckpointId, "time-out"));
            }
            else
            {
                Answer(new ShardInput.CommitEnded(write.Header.CheckpointId, outcome), mayRepeat: true);
            }
        });
    }

    /// <summary>What a process sent before it died arrives or not.</summary>
    private bool DiedOnTheWay() => _node.IsDead && Course.Chance(0.5);

    private CommitOutcome Apply(Epoch epoch, CheckpointWrite write)
    {
        ShardHeader before = _world.Ports.Store.ReadHeader(Shard.Id);
        CommitOutcome outcome = _world.Ports.Store.Commit(Shard.Id, epoch, write);
        ShardHeader after = _world.Ports.Store.ReadHeader(Shard.Id);
        if (before.Epoch > epoch && (outcome != CommitOutcome.Fenced || after.CheckpointId != before.CheckpointId))
        {
            SimulatedCourse.Violate(SimulatedLaw.Ownership, $"a commit of epoch {epoch} took effect under epoch {before.Epoch}");
        }

        if (before.Epoch > epoch)
        {
            Course.Meet("commit-fenced");
        }

        if (outcome == CommitOutcome.Committed)
        {
            Shard.Accept("a commit", epoch.Value, this);
        }

        if (after.NextOffset < before.NextOffset || after.ClockMs < before.ClockMs)
        {
            SimulatedCourse.Violate(SimulatedLaw.Checkpoint, $"the checkpoint went back: {before} → {after}");
        }

        if (outcome == CommitOutcome.Committed && after.CheckpointId != before.CheckpointId)
        {
            Course.Tell($"{Shard} checkpoint {after.CheckpointId}: next offset {after.NextOffset} T {after.ClockMs} batch {after.PublishedBatch}; {string.Join(' ', write.Entities.Select(static e => $"{System.Text.Encoding.UTF8.GetString(e.Key.Span)}:{(e.State.IsEmpty ? "deleted" : e.IsUnpublished ? "unpublished" : "ok")}"))}");
            Shard.Checkpoints.Check(write);
        }

        return outcome;
    }

    private void Publish(PublishBatch batch) => Course.After(Delay, () =>
    {
        if (DiedOnTheWay())
        {
            return;
        }

        if (IsAway(SimulatedService.Redis))
        {
            Course.Fault("publish-sink-away");
            Answer(new ShardInput.PublishFailed(batch.Batch));
            return;
        }

        if (Course.Strikes(0.02))
        {
            bool isLate = Course.Chance(0.4);
            Course.Fault(isLate ? "publish-timeout-applied-late" : "publish-timeout-not-applied");
            Answer(new ShardInput.PublishFailed(batch.Batch));
            if (isLate)
            {
                Course.After(Delay * 4, () => Write(batch));
            }

            return;
        }

        SinkAnswer answer = Write(batch);
        if (Course.Strikes(0.02))
        {
            Course.Fault("publish-timeout-applied");
            Answer(new ShardInput.PublishFailed(batch.Batch));
            return;
        }

        if (Course.Strikes(0.003))
        {
            Course.Fault("kill-after-publish");
            _node.Kill("after a publish");
            return;
        }

        Answer(new ShardInput.Published(batch.Batch, answer), mayRepeat: true);
    });

    private SinkAnswer Write(PublishBatch batch)
    {
        if (IsAway(SimulatedService.Redis))
        {
            return default;
        }

        int falls = _world.Ports.Sink.FallCount;
        SinkAnswer answer = _world.Patch.Write(this, batch, _world.Ports.Sink);
        if (Course.IsToldTo)
        {
            Course.Tell($"redis {answer.Outcome} batch {ShardTexts.Show(batch.Batch)} of {Name}: {string.Join(" | ", batch.Items.Select(i => $"{i.Kind} {System.Text.Encoding.UTF8.GetString(i.Key.Span)} {string.Join(' ', batch.Fields.Skip(i.FieldsStart).Take(i.FieldsCount).Select(static f => $"{System.Text.Encoding.UTF8.GetString(f.Name.Span)}={System.Text.Encoding.UTF8.GetString(f.Value.Span)}"))}"))}");
        }

        if (answer.Outcome == SinkOutcome.Stale)
        {
            Course.Meet("publish-stale-refused");
        }

        if (_world.Ports.Sink.FallCount > falls)
        {
            SimulatedCourse.Violate(SimulatedLaw.Versions, $"_v fell: {_world.Ports.Sink.ListVersionFalls()[^1]}");
        }

        if (answer.Outcome == SinkOutcome.Written)
        {
            Shard.AcceptValues(batch.Epoch.Value, this);
        }

        return answer;
    }

    private void Raise(ShardOutput.RaiseFence raise) => Course.After(Delay, () =>
    {
        if (DiedOnTheWay())
        {
            return;
        }

        if (IsAway(SimulatedService.Redis))
        {
            Course.Fault("fence-sink-away");
            Answer(new ShardInput.FenceFailed());
            return;
        }

        if (Course.Strikes(0.03))
        {
            bool isApplied = Course.Chance(0.5);
            Course.Fault(isApplied ? "fence-timeout-applied" : "fence-timeout-not-applied");
            if (isApplied)
            {
                _world.Ports.Sink.RaiseFence(Shard.Id, raise.Epoch, raise.Batch);
            }

            Answer(new ShardInput.FenceFailed());
            return;
        }

        SinkFence? old = _world.Ports.Sink.RaiseFence(Shard.Id, raise.Epoch, raise.Batch);
        if (Course.IsToldTo)
        {
            Course.Tell($"redis fence of {Name}: {(old is null ? "none" : $"epoch {old.Epoch} batch {ShardTexts.Show(old.Batch)} at {old.Position.NextOffset}-{old.Position.ClockMs}")} → epoch {raise.Epoch} batch {ShardTexts.Show(raise.Batch)}");
        }

        if (Course.Strikes(0.03))
        {
            Course.Fault("kill-after-fence");
            _node.Kill("after the fence");
            return;
        }

        Course.After(Delay, () =>
        {
            long logEnd = Shard.Log.End;
            Answer(new ShardInput.FenceRaised(old, logEnd));
        });
    });

    private static PublishBatch Copy(PublishBatch batch) => batch with
    {
        Items = [.. batch.Items.Select(static i => i with { Key = i.Key.ToArray() })],
        Fields = [.. batch.Fields.Select(static f => new PublishField(f.Name.ToArray(), f.Value.ToArray()))],
    };
}
