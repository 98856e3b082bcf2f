using FeatureActors.Abstractions.Ports;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Publishing;

namespace FeatureActors.Runtime.Shards;

/// <content>
/// The fence in the sink: raised at acquire and after a loss, looked at while the shard is idle. Where it is not as this owner left it, the
/// sink lost data or has another owner.
/// </content>
internal sealed partial class ShardMachine
{
    private long _fenceRetryAt;
    private long _fenceCheckAt;
    private bool _isFenceRaised;
    private bool _isFenceUnderWay;
    private bool _isFenceReadUnderWay;
    private bool _isAcquireFence = true;
    private bool _isLossSuspected;
    private long _resumeBatch;
    private SinkFence? _lossFence;

    // Where this owner raised the fence since that loss when it had to raise it once more, or −1.
    private long _raisedBatch = -1;

    // Kept with checkpoints until everything live is written again and acknowledged: the next owner takes it over.
    private bool _isRewriteOwed;

    // The batch that holds the last of what is written again; 0 while that is not known.
    private long _rewriteEnd;

    private PublishedMark Published => new(_publishedBatch, _isRewriteOwed);

    private void TakePublishedMark(long number)
    {
        _checkpointedBatch = number;
        (_publishedBatch, _isRewriteOwed) = PublishedMark.Of(number);
    }

    private void RaiseFence()
    {
        _isFenceRaised = false;
        if (_isRewriteOwed && !_isAcquireFence && !PublishedMark.Of(_checkpointedBatch).IsRewriteOwed)
        {
            // A raised fence hides that the sink lost data, so first a checkpoint says it.
            WantCheckpoint();
            return;
        }

        _isFenceUnderWay = true;
        _resumeBatch = _isAcquireFence ? PublishedMark.FirstOf(_epoch) : _resumeBatch;
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
        if (!_isAcquireFence && old != _lossFence && !(old is not null && old.Epoch == _epoch && (old.Batch == _resumeBatch || old.Batch == _raisedBatch)))
        {
            // Between reading the fence and raising it the sink lost more.
            LoseSink("and more since");
            _raisedBatch = _resumeBatch;
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

    private void TakeFirstFence(SinkFence? old, long logEnd)
    {
        _publishFrom = Math.Max(_publishFrom, logEnd);
        _replayEnd = _publishFrom;
        _isSinkAhead = old is null || old.Batch != _publishedBatch;
        if (_isSinkAhead)
        {
            DoubtWhatIsPublished();
        }

        if (old is not null && old.Position != SinkFence.NoPosition)
        {
            // A fence without a position says nothing: the one before it may have been lost, and the keys not.
            _publishFrom = Math.Min(_publishFrom, old.Position.NextOffset);
        }

        if (old is not null && _plan.Clock == Core.Definitions.ClockKind.Wall)
        {
            ClockMs = Math.Max(ClockMs, old.Position.ClockMs);
        }

        JudgeFirstFence(old);
        if (!_isSinkAhead || (old is null && _checkpointId == 0))
        {
            // Nothing is lost up to here, which the next owner would otherwise not know before the first batch.
            _publishedBatch = _lastAcked;
        }
    }

    private void JudgeFirstFence(SinkFence? old)
    {
        if (_isRewriteOwed)
        {
            WriteEverythingAgain("an earlier owner did not end doing so");
        }
        else if (old is null)
        {
            // Without a fence there is nothing published to fall behind of, but it may have been lost with part of the keys.
            if (_publishedBatch > 0)
            {
                LoseSink("the fence is gone");
            }
        }
        else if (old.Epoch == _epoch)
        {
            // Our own fence, from an attempt that was not answered: what stood there before is not known any more.
            LoseSink("an attempt to raise the fence was not answered");
        }
        else if (old.Batch < _publishedBatch)
        {
            LoseSink($"the fence is at batch {old.Batch}, batch {_publishedBatch} was acknowledged");
        }
        else if (_checkpointId > 0 && PublishedMark.EpochOf(old.Batch) > PublishedMark.EpochOf(_publishedBatch))
        {
            WriteEverythingAgain($"the owner of epoch {old.Epoch} left no checkpoint: whether it found that data was lost is not known");
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
        _raisedBatch = -1;
        if (fence is not null && fence.Epoch == _epoch && _ring.HoldsAllBehind(fence.Batch, _lastAcked))
        {
            Counters.SinkLosses++;
            _out.Add(new ShardOutput.Alarm($"the feature store lost batches {fence.Batch + 1} to {_lastAcked} of shard {_shard}: writing them again"));
            if (_inFlight is not null)
            {
                _ready.AddFirst(_inFlight);
                _inFlight = null;
            }

            _ring.TakeBack(fence.Batch, _ready);

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

    /// <summary>The sink lost more than the ring holds.</summary>
    private void LoseSink(string reason)
    {
        Counters.SinkLosses++;
        WriteEverythingAgain($"it lost data: {reason}");
    }

    /// <summary>Everything live is written again, and what is not live is deleted.</summary>
    private void WriteEverythingAgain(string reason)
    {
        _out.Add(new ShardOutput.Alarm($"writing everything live of shard {_shard} to the feature store again ({reason})"));
        _isRewriteOwed = true;
        _rewriteEnd = 0;
        ForgetSchemas();
        StartSweep(SweepKind.Rewrite);
    }

    /// <summary>Notes the end of a rewrite once the last of its batches is acknowledged.</summary>
    private void EndRewriteIfWritten()
    {
        if (!_isRewriteOwed || !_isFenceRaised || _isLossSuspected || _sweep is { Kind: SweepKind.Rewrite })
        {
            return;
        }

        if (_rewriteEnd == 0 && _forced.Count == 0)
        {
            _rewriteEnd = _batch;
        }

        if (_rewriteEnd != 0 && _lastAcked >= _rewriteEnd)
        {
            _isRewriteOwed = false;
            _rewriteEnd = 0;
            _publishedBatch = _lastAcked;
        }
    }
}
