using FeatureActors.Abstractions.Ports;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Publishing;

namespace FeatureActors.Runtime.Shards;

/// <content>
/// The sink: batches wait, one is in flight, those acknowledged stay in a ring. Batch numbers are epoch · 2^32 + n, so they rise over
/// owners too and a sink that was set back is recognised by its number alone.
/// </content>
internal sealed partial class ShardMachine
{
    // Batches that wait for the one in flight; evaluation stops there, changes then coalesce in their entities.
    private const int ReadyMax = 4;

    private readonly PublishBuilder _builder;
    private readonly LinkedList<PublishRecord> _ready = new();
    private readonly PublishRing _ring;
    private PublishRecord? _inFlight;
    private long _batch;
    private long _lastAcked;
    private long _publishedPosition;
    private long _publishedBatch;
    private long _publishRetryAt = long.MaxValue;
    private bool _isSinkAway;

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

        _ring.Keep(record);
        EndRewriteIfWritten();
        SinkIsBack();
        SendNext();

        // What waited for room goes on at once, not at the next tick.
        EvaluateWaiting();
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
}
