using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Sharding;
using FeatureActors.Runtime.Checkpoints;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Shards;

/// <content>Checkpoints: changed entities with the log position, marks and clock they include, in one fenced transaction.</content>
internal sealed partial class ShardMachine
{
    // Entities of neither set leave their places: a changed one stays until its checkpoint ends.
    private readonly PlaceSet _dirty = new();
    private readonly PlaceSet _committing = new();
    private long _dirtyBytes;
    private Commit? _commit;
    private bool _isCommitInDoubt;
    private bool _isHeaderAsked;
    private bool _isCheckpointWanted;
    private long _commitRetryAt;
    private long _lastCheckpointMs = long.MinValue;
    private long _checkpointId;
    private long _checkpointedOffset;
    private long _checkpointedBatch;

    private void MarkDirty(int entity)
    {
        ref EntitySlot slot = ref _table[entity];
        if ((slot.Marks & EntityMarks.Dirty) == 0)
        {
            slot.Marks |= EntityMarks.Dirty;
            _dirty.Add(entity);
            _dirtyBytes += _block.Used;
        }
    }

    private void WantCheckpointIfTime()
    {
        if (_lastCheckpointMs == long.MinValue)
        {
            _lastCheckpointMs = _monotonicMs;
        }

        bool isTime = _monotonicMs - _lastCheckpointMs >= (long)_options.CheckpointInterval.TotalMilliseconds;
        if ((isTime && HasNews) || _dirtyBytes >= _options.CheckpointBytes)
        {
            WantCheckpoint();
        }
    }

    private void WantCheckpoint()
    {
        if (_commit is null && !_isCheckpointWanted && State is ShardState.Running or ShardState.Recovering)
        {
            _isCheckpointWanted = true;
            _out.Add(new ShardOutput.WantCheckpoint());
        }
    }

    private bool HasNews => _dirty.Count > 0 || _nextOffset != _checkpointedOffset || Published.Number != _checkpointedBatch;

    private bool TryBeginLastCheckpoint()
    {
        if (!HasNews || _dirtyBytes > _options.CheckpointBytes)
        {
            return false;
        }

        BeginCheckpoint();
        return _commit is not null;
    }

    private void BeginCheckpoint()
    {
        _isCheckpointWanted = false;
        if (_commit is not null || State is not (ShardState.Running or ShardState.Recovering or ShardState.Draining))
        {
            _out.Add(new ShardOutput.CheckpointOver(_checkpointedOffset, false));
            return;
        }

        _lastCheckpointMs = _monotonicMs;
        var rows = new CheckpointRows(_pool, _options.WriteFormat);

        // In the order of places, which is about that in which the store has the rows: fewer of its pages are touched at a time.
        for (int entity = _dirty.Next(0); entity >= 0; entity = _dirty.Next(entity + 1))
        {
            _dirty.Remove(entity);
            Snapshot(entity, rows);
        }

        _dirtyBytes = 0;
        var header = new ShardHeader(_epoch, _checkpointId + 1, _nextOffset, _marks.Save(), ClockMs, _publishedPosition, Published.Number);
        _commit = new Commit(new CheckpointWrite(header, rows), rows);
        _out.Add(new ShardOutput.Commit(_epoch, _commit.Write));
    }

    private void Snapshot(int entity, CheckpointRows rows)
    {
        ref EntitySlot slot = ref _table[entity];
        slot.Marks &= ~EntityMarks.Dirty;
        _store.Open(entity);
        bool isUnpublished = slot.ChangedGroups != 0 || slot.UnackedBatch != 0;
        bool isDelete = (slot.Marks & EntityMarks.Dying) != 0 && !isUnpublished;
        if (isDelete && (slot.Marks & EntityMarks.Stored) == 0)
        {
            // Never stored: nothing to delete, nothing to wait for.
            Forget(entity);
            return;
        }

        _committing.Add(entity);
        if (isDelete)
        {
            slot.Marks |= EntityMarks.InCheckpoint | EntityMarks.InCheckpointAsDeleted;
            rows.AddDelete(_block.Key);
        }
        else
        {
            slot.Marks |= EntityMarks.InCheckpoint;
            rows.Add(_block, isUnpublished);
        }
    }

    private void EndCommit(long checkpointId, CommitOutcome outcome)
    {
        if (_commit?.Write.Header.CheckpointId != checkpointId)
        {
            return;
        }

        if (outcome == CommitOutcome.Fenced)
        {
            _commit.Rows.Dispose();
            _commit = null;
            Transition(ShardState.Fenced, $"the checkpoint store has a higher epoch than {_epoch}, or a newer checkpoint than {checkpointId}");
            return;
        }

        ShardHeader header = _commit.Write.Header;
        _checkpointId = header.CheckpointId;
        _checkpointedOffset = header.NextOffset;
        _checkpointedBatch = header.PublishedBatch;
        Counters.Checkpoints++;
        Counters.CheckpointEntities += _commit.Rows.Count;
        Counters.CheckpointBytes += _commit.Rows.Bytes;
        for (int entity = _committing.Next(0); entity >= 0; entity = _committing.Next(entity + 1))
        {
            _committing.Remove(entity);
            EndMembership(entity);
        }

        _commit.Rows.Dispose();
        _commit = null;
        _isCommitInDoubt = false;
        _out.Add(new ShardOutput.CheckpointOver(header.NextOffset, true));
        if (State == ShardState.Draining)
        {
            Transition(ShardState.Released, "last checkpoint committed");
        }
        else if (!_isFenceRaised && !_isFenceUnderWay && !_isAcquireFence)
        {
            RaiseFence();
        }
    }

    private void EndMembership(int entity)
    {
        ref EntitySlot slot = ref _table[entity];
        bool isDeleted = (slot.Marks & EntityMarks.InCheckpointAsDeleted) != 0;
        slot.Marks &= ~(EntityMarks.InCheckpoint | EntityMarks.InCheckpointAsDeleted);
        if (!isDeleted)
        {
            slot.Marks |= EntityMarks.Stored;
            return;
        }

        slot.Marks &= ~EntityMarks.Stored;
        if ((slot.Marks & (EntityMarks.Dying | EntityMarks.Dirty)) == EntityMarks.Dying)
        {
            if (IsReadUnderWay)
            {
                _store.Open(entity);
                _gone.Add(StableHash.Of(_block.Key));
            }

            Forget(entity);
        }
    }

    private void DoubtCommit(long checkpointId, string error)
    {
        if (_commit?.Write.Header.CheckpointId != checkpointId)
        {
            return;
        }

        _isCommitInDoubt = true;
        _commitRetryAt = _monotonicMs + RetryMs;
        _out.Add(new ShardOutput.Alarm($"checkpoint of shard {_shard} not confirmed, the last good one includes everything below {_checkpointedOffset}: {error}"));
    }

    private void RetryCommit()
    {
        if (_isCommitInDoubt && !_isHeaderAsked && _monotonicMs >= _commitRetryAt)
        {
            _isHeaderAsked = true;
            _out.Add(new ShardOutput.ReadHeader());
        }
    }

    private void TakeHeader(ShardHeader header)
    {
        _isHeaderAsked = false;
        if (header.Epoch > _epoch)
        {
            Transition(ShardState.Fenced, $"the checkpoint store has epoch {header.Epoch}, this owner has {_epoch}");
            return;
        }

        if (_isCommitInDoubt && _commit is not null)
        {
            _isCommitInDoubt = false;
            if (header.CheckpointId == _commit.Write.Header.CheckpointId)
            {
                EndCommit(header.CheckpointId, CommitOutcome.Committed);
            }
            else
            {
                _out.Add(new ShardOutput.Commit(_epoch, _commit.Write));
            }
        }

        if (_isLossSuspected && !_isFenceReadUnderWay && State is not ShardState.Released)
        {
            ReadFenceAfterLoss();
        }
    }

    private sealed record Commit(CheckpointWrite Write, CheckpointRows Rows);
}
