using FeatureActors.Abstractions.Ports;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Publishing;

namespace FeatureActors.Runtime.Shards;

/// <content>
/// The sink: one batch in flight, guarded by the fence. Batch numbers are epoch · 2^32 + n, so they rise over owners too and a
/// sink that was set back is recognised by its number alone.
/// </content>
internal sealed partial class ShardMachine
{
    // Batches that wait for the one in flight; evaluation stops there, changes then coalesce in their entities.
    private const int ReadyMax = 4;

    private readonly PublishBuilder _builder;
    private readonly LinkedList<PublishRecord> _ready = new();
    private readonly Queue<PublishRecord> _ring = new();
    private PublishRecord? _inFlight;
    private int _ringBytes;
    private long _batch;
    private long _lastAcked;
    private long _publishedPosition;
    private long _publishedBatch;
    private long _publishRetryAt = long.MaxValue;
    private long _fenceRetryAt;
    private long _fenceCheckAt;
    private bool _isFenceRaised;
    private bool _isFenceUnderWay;
    private bool _isFenceReadUnderWay;
    private bool _isAcquireFence = true;
    private bool _isLossSuspected;
    private bool _isSinkAway;
    private long _resumeBatch;
    private SinkFence? _lossFence;

    private void RaiseFence()
    {
        _isFenceUnderWay = true;
        _isFenceRaised = false;
        _resumeBatch = _isAcquireFence ? _epoch.Value << 32 : _resumeBatch;
        _out.Add(new ShardOutput.RaiseFence(_epoch, _resumeBatch));
    }

    private void TakeFence(SinkFence? old, long logEnd)
    {
        _isFenceUnderWay = false;
        if (old is not null && old.Epoch > _epoch)
        {
            Counters.StaleRefused++;
            Transition(ShardState.Fenced, $"the feature store knows epoch {old.Epoch}, this owner has {_epoch}: another node took the shard; if that goes on, another cluster publishes under this namespace, or the database was set back (see the runbook)");
            return;
        }

        _isFenceRaised = true;
        _lastAcked = _resumeBatch;
        _fenceCheckAt = _monotonicMs + (long)_options.FenceCheckInterval.TotalMilliseconds;
        if (!_isAcquireFence && old != _lossFence && !(old is not null && old.Epoch == _epoch && old.Batch == _resumeBatch))
        {
            // Between reading the fence and raising it the sink lost more.
            LoseSink("it lost data again");
            DiscardBatches();
            TakePosition(old);
            RaiseFence();
            return;
        }

        if (!_isAcquireFence)
        {
            TakePosition(old);
        }

        if (_isAcquireFence)
        {
            _isAcquireFence = false;
            TakeFirstFence(old, logEnd);
            TryRun();
        }

        SinkIsBack();
        SendNext();
    }

    /// <summary>After a loss an earlier owner may have written once more: nothing is published below that.</summary>
    private void TakePosition(SinkFence? old)
    {
        if (old is null)
        {
            return;
        }

        _publishFrom = Math.Max(_publishFrom, old.Position.NextOffset);
        if (_plan.Clock == Core.Definitions.ClockKind.Wall)
        {
            ClockMs = Math.Max(ClockMs, old.Position.ClockMs);
        }
    }

    /// <summary>
    /// Gives up all batches that are not acknowledged; what they carried is evaluated again. Their numbers are not used again: one of
    /// them may still arrive, and must not be taken for another.
    /// </summary>
    private void DiscardBatches()
    {
        if (_builder.Count > 0)
        {
            _ready.AddLast(_builder.Complete(_shard, _epoch));
        }

        if (_inFlight is not null)
        {
            _ready.AddFirst(_inFlight);
            _inFlight = null;
        }

        foreach (PublishRecord record in _ready)
        {
            foreach (PublishTarget target in record.Targets)
            {
                if (target.Entity >= 0 && IsThere(new Waiting(target.Entity, target.Generation, 0)))
                {
                    ref EntitySlot slot = ref _table[target.Entity];
                    slot.UnackedBatch = 0;
                    slot.ChangedGroups = AllGroups;
                    slot.Marks = (slot.Marks | EntityMarks.Unsure) & ~EntityMarks.Dying;
                    Force(target.Entity);
                }
            }

            record.Dispose();
        }

        _ready.Clear();
        ForgetSchemas();
        _resumeBatch = _batch;
    }

    private void TakeFirstFence(SinkFence? old, long logEnd)
    {
        _publishFrom = Math.Max(_publishFrom, logEnd);
        _replayEnd = _publishFrom;
        _isSinkAhead = old is null || old.Batch != _publishedBatch;
        if (_isSinkAhead)
        {
            DoubtWhatIsPublished();
        }

        if (old is null)
        {
            // Without a fence there is nothing published to fall behind of, but it may have been lost with part of the keys.
            if (_publishedBatch > 0)
            {
                LoseSink("the fence is gone");
            }

            return;
        }

        if (old.Position != SinkFence.NoPosition)
        {
            // A fence without a position says nothing: the one before it may have been lost, and the keys not.
            _publishFrom = Math.Min(_publishFrom, old.Position.NextOffset);
        }

        if (_plan.Clock == Core.Definitions.ClockKind.Wall)
        {
            ClockMs = Math.Max(ClockMs, old.Position.ClockMs);
        }

        if (old.Epoch == _epoch)
        {
            // Our own fence, from an attempt that was not answered: what stood there before is not known any more.
            LoseSink("an attempt to raise the fence was not answered");
        }
        else if (old.Batch < _publishedBatch)
        {
            LoseSink($"the fence is at batch {old.Batch}, batch {_publishedBatch} was acknowledged");
        }
    }

    /// <summary>Entities loaded before the fence was known: what they remember as published may be older than what was.</summary>
    private void DoubtWhatIsPublished()
    {
        for (int entity = 0; entity < _table.PlacesEnd; entity++)
        {
            if ((_table[entity].Marks & EntityMarks.Live) != 0)
            {
                _table[entity].Marks |= EntityMarks.Unsure;
            }
        }
    }

    private void CompleteBatch()
    {
        if (_builder.Count > 0)
        {
            _ready.AddLast(_builder.Complete(_shard, _epoch));
            SendNext();
        }
    }

    private void FlushPublishing()
    {
        if (_inFlight is not null && _publishRetryAt <= _monotonicMs && _isFenceRaised)
        {
            _publishRetryAt = long.MaxValue;
            _out.Add(new ShardOutput.Publish(_inFlight.Batch));
        }

        if (_inFlight is null && _ready.Count == 0)
        {
            CompleteBatch();
        }

        SendNext();
    }

    private void SendNext()
    {
        if (_inFlight is not null || !_isFenceRaised || _isLossSuspected || _ready.First is not { } first)
        {
            return;
        }

        _ready.RemoveFirst();
        _inFlight = first.Value;
        _publishRetryAt = long.MaxValue;
        _out.Add(new ShardOutput.Publish(_inFlight.Batch));
    }

    private void TakeAnswer(long batch, SinkAnswer answer)
    {
        if (_inFlight?.Batch.Batch != batch)
        {
            return;
        }

        switch (answer.Outcome)
        {
            case SinkOutcome.Written or SinkOutcome.Done:
                Acknowledge(_inFlight, answer.MissingRefreshes);
                break;
            case SinkOutcome.Stale:
                Counters.StaleRefused++;
                Transition(ShardState.Fenced, "the feature store refused a write: another owner has a higher epoch");
                break;
            default:
                SuspectLoss();
                break;
        }
    }

    private void Acknowledge(PublishRecord record, IReadOnlyList<int> missingRefreshes)
    {
        _inFlight = null;
        _lastAcked = record.Batch.Batch;
        _publishedBatch = record.Batch.Batch;
        _publishedPosition = Math.Max(_publishedPosition, record.Batch.Position.NextOffset);
        _fenceCheckAt = _monotonicMs + (long)_options.FenceCheckInterval.TotalMilliseconds;
        Counters.Batches++;
        for (int i = 0; i < record.Targets.Count; i++)
        {
            PublishTarget target = record.Targets[i];
            if (target.PendingSince != 0 && target.Values > 0)
            {
                Counters.AddLatency(ShortTime.Age(target.PendingSince, _nowMs));
            }

            var waiting = new Waiting(target.Entity, target.Generation, 0);
            if (target.Entity < 0 || !IsThere(waiting))
            {
                continue;
            }

            ref EntitySlot slot = ref _table[target.Entity];
            if (slot.UnackedBatch == (uint)record.Batch.Batch)
            {
                slot.UnackedBatch = 0;
                if ((slot.Marks & EntityMarks.Dying) != 0)
                {
                    _store.Open(target.Entity);
                    MarkDirty(target.Entity);
                }
            }
        }

        foreach (int missing in missingRefreshes)
        {
            PublishTarget target = record.Targets[missing];
            if (target.Entity >= 0 && IsThere(new Waiting(target.Entity, target.Generation, 0)))
            {
                _table[target.Entity].Marks |= EntityMarks.ForceWrite;
                Force(target.Entity);
            }
        }

        KeepInRing(record);
        SinkIsBack();
        SendNext();

        // What waited for room goes on at once, not at the next tick.
        EvaluateWaiting();
    }

    private void KeepInRing(PublishRecord record)
    {
        _ring.Enqueue(record);
        _ringBytes += record.Bytes;
        while (_ringBytes > _options.RingBytes && _ring.TryDequeue(out PublishRecord? oldest))
        {
            _ringBytes -= oldest.Bytes;
            oldest.Dispose();
        }
    }

    private void RetryPublish(long batch)
    {
        Counters.SinkErrors++;
        if (_inFlight?.Batch.Batch == batch)
        {
            _isSinkAway = true;
            _publishRetryAt = _monotonicMs + RetryMs;
        }
    }

    private void SinkIsBack()
    {
        _isSinkAway = false;
        if (_hasUnpublished && State == ShardState.Running && _sweep is null)
        {
            StartSweep(SweepKind.Unpublished);
        }
    }

    /// <summary>The sink says that it lost data: first make sure that this is still the owner.</summary>
    private void SuspectLoss()
    {
        _isLossSuspected = true;
        _out.Add(new ShardOutput.ReadHeader());
    }

    private void ReadFenceAfterLoss()
    {
        _isFenceReadUnderWay = true;
        _out.Add(new ShardOutput.ReadFence());
    }

    private void CheckFenceIfIdle()
    {
        if (_isFenceRaised && !_isFenceReadUnderWay && !_isLossSuspected && _inFlight is null && _ready.Count == 0
            && _monotonicMs >= _fenceCheckAt)
        {
            _isFenceReadUnderWay = true;
            _fenceCheckAt = _monotonicMs + (long)_options.FenceCheckInterval.TotalMilliseconds;
            _out.Add(new ShardOutput.ReadFence());
        }
    }

    private void CheckFence(SinkFence? fence)
    {
        _isFenceReadUnderWay = false;
        bool isAsExpected = fence is not null && fence.Epoch == _epoch && fence.Batch == _lastAcked;
        if (!_isLossSuspected && (isAsExpected || _inFlight is not null || !_isFenceRaised))
        {
            return;
        }

        if (fence is not null && fence.Epoch > _epoch)
        {
            Counters.StaleRefused++;
            Transition(ShardState.Fenced, $"the feature store knows epoch {fence.Epoch}, this owner has {_epoch}");
            return;
        }

        if (!_isLossSuspected)
        {
            SuspectLoss();
            return;
        }

        RecoverFromLoss(fence);
    }

    private void RecoverFromLoss(SinkFence? fence)
    {
        _isLossSuspected = false;
        if (_inFlight is null && fence is not null && fence.Epoch == _epoch && fence.Batch == _lastAcked)
        {
            // The answer that looked wrong was older than the last acknowledgement.
            SendNext();
            return;
        }

        _lossFence = fence;
        if (fence is not null && fence.Epoch == _epoch && IsInRing(fence.Batch))
        {
            Counters.SinkLosses++;
            _out.Add(new ShardOutput.Alarm($"the feature store lost batches {fence.Batch + 1} to {_lastAcked} of shard {_shard}: writing them again"));
            if (_inFlight is not null)
            {
                _ready.AddFirst(_inFlight);
                _inFlight = null;
            }

            TakeBackRing(fence.Batch);

            // Numbers of batches that were given up are left out, so the next to send need not be the one behind the fence's.
            _resumeBatch = _ready.First is { } first ? first.Value.Batch.Batch - 1 : _builder.Count > 0 ? _builder.Number - 1 : _batch;
        }
        else
        {
            DiscardBatches();
            LoseSink(fence is null ? "the fence is gone" : $"the fence is at batch {fence.Batch} of epoch {fence.Epoch}, expected {_lastAcked}");
        }

        RaiseFence();
    }

    private bool IsInRing(long batch) => _ring.TryPeek(out PublishRecord? oldest)
        ? batch >= oldest.Batch.Batch - 1 && batch <= _lastAcked
        : batch == _lastAcked;

    private void TakeBackRing(long after)
    {
        LinkedListNode<PublishRecord>? behind = null;
        while (_ring.TryDequeue(out PublishRecord? record))
        {
            _ringBytes -= record.Bytes;
            if (record.Batch.Batch <= after)
            {
                record.Dispose();
                continue;
            }

            behind = behind is null ? _ready.AddFirst(record) : _ready.AddAfter(behind, record);
        }
    }

    /// <summary>The sink lost more than the ring holds: everything live is written again, and what is not live is deleted.</summary>
    private void LoseSink(string reason)
    {
        Counters.SinkLosses++;
        _out.Add(new ShardOutput.Alarm($"the feature store lost data of shard {_shard} ({reason}): writing everything live again"));
        ForgetSchemas();
        StartSweep(SweepKind.Rewrite);
    }
}
