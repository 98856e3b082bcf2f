using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Sharding;
using FeatureActors.Runtime.Checkpoints;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Shards;

/// <content>Checkpoints: changed entities with the log position, marks and clock they include, in one fenced transaction.</content>
internal sealed partial class ShardMachine
{
    private readonly List<Waiting> _dirty = [];
    private long _dirtyBytes;
    private Commit? _commit;
    private bool _isCommitInDoubt;
    private bool _isHeaderAsked;
    private bool _isCheckpointWanted;
    private long _commitRetryAt;
    private long _lastCheckpointMs = long.MinValue;
    private long _checkpointId;
    private long _checkpointedOffset;
    private long _checkpointedClock;
    private long _checkpointedBatch;

    private void MarkDirty(int entity)
    {
        ref EntitySlot slot = ref _table[entity];
        if ((slot.Marks & EntityMarks.Dirty) == 0)
        {
            slot.Marks |= EntityMarks.Dirty;
            _dirty.Add(new Waiting(entity, slot.Generation, 0));
            _dirtyBytes += _block.Used;
        }
    }

    private void WantCheckpointIfTime()
    {
        if (_commit is not null || _isCheckpointWanted || State is not (ShardState.Running or ShardState.Recovering))
        {
            return;
        }

        if (_lastCheckpointMs == long.MinValue)
        {
            _lastCheckpointMs = _monotonicMs;
        }

        bool isTime = _monotonicMs - _lastCheckpointMs >= (long)_options.CheckpointInterval.TotalMilliseconds;
        if ((isTime && HasNews) || _dirtyBytes >= _options.CheckpointBytes)
        {
            _isCheckpointWanted = true;
            _out.Add(new ShardOutput.WantCheckpoint());
        }
    }

    private bool HasNews => _dirty.Count > 0 || _nextOffset != _checkpointedOffset || _publishedBatch != _checkpointedBatch;

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
        var arena = new CheckpointArena();
        var entities = new List<StoredEntity>(_dirty.Count);
        var members = new List<Member>(_dirty.Count);
        foreach (Waiting waiting in _dirty)
        {
            if (IsThere(waiting))
            {
                Snapshot(waiting, arena, entities, members);
            }
        }

        _dirty.Clear();
        _dirtyBytes = 0;
        var header = new ShardHeader(_epoch, _checkpointId + 1, _nextOffset, _marks.Save(), ClockMs, _publishedPosition, _publishedBatch);
        _commit = new Commit(new CheckpointWrite(header, entities), members, arena);
        _out.Add(new ShardOutput.Commit(_epoch, _commit.Write));
    }

    private void Snapshot(in Waiting waiting, CheckpointArena arena, List<StoredEntity> entities, List<Member> members)
    {
        ref EntitySlot slot = ref _table[waiting.Entity];
        slot.Marks &= ~EntityMarks.Dirty;
        _store.Open(waiting.Entity);
        bool isUnpublished = slot.ChangedGroups != 0 || slot.UnackedBatch != 0;
        bool isDelete = (slot.Marks & EntityMarks.Dying) != 0 && !isUnpublished;
        if (isDelete && (slot.Marks & EntityMarks.Stored) == 0)
        {
            // Never stored: nothing to delete, nothing to wait for.
            Forget(waiting.Entity);
            return;
        }

        slot.Marks |= EntityMarks.InCheckpoint;
        members.Add(new Member(waiting.Entity, waiting.Generation, isDelete));
        ReadOnlySpan<byte> key = _block.Key;
        if (isDelete)
        {
            Memory<byte> place = arena.Reserve(key.Length)[..key.Length];
            key.CopyTo(place.Span);
            arena.Keep(key.Length);
            entities.Add(new StoredEntity(place, default, long.MaxValue, false));
            return;
        }

        Memory<byte> target = arena.Reserve(_block.SavedBytesMax);
        int length = _block.Save(target.Span);
        arena.Keep(length);
        entities.Add(new StoredEntity(target.Slice(4, key.Length), target[..length], _block.NextDueMs, isUnpublished));
    }

    private void EndCommit(long checkpointId, CommitOutcome outcome)
    {
        if (_commit?.Write.Header.CheckpointId != checkpointId)
        {
            return;
        }

        if (outcome == CommitOutcome.Fenced)
        {
            _commit.Arena.Dispose();
            _commit = null;
            Transition(ShardState.Fenced, $"the checkpoint store has a higher epoch than {_epoch}");
            return;
        }

        ShardHeader header = _commit.Write.Header;
        _checkpointId = header.CheckpointId;
        _checkpointedOffset = header.NextOffset;
        _checkpointedClock = header.ClockMs;
        _checkpointedBatch = header.PublishedBatch;
        Counters.Checkpoints++;
        Counters.CheckpointEntities += _commit.Members.Count;
        Counters.CheckpointBytes += _commit.Arena.Bytes;
        foreach (Member member in _commit.Members)
        {
            EndMembership(member);
        }

        _commit.Arena.Dispose();
        _commit = null;
        _isCommitInDoubt = false;
        _out.Add(new ShardOutput.CheckpointOver(header.NextOffset, true));
        if (State == ShardState.Draining)
        {
            Transition(ShardState.Released, "last checkpoint committed");
        }
    }

    private void EndMembership(in Member member)
    {
        if (!IsThere(new Waiting(member.Entity, member.Generation, 0)))
        {
            return;
        }

        ref EntitySlot slot = ref _table[member.Entity];
        slot.Marks &= ~EntityMarks.InCheckpoint;
        if (!member.IsDelete)
        {
            slot.Marks |= EntityMarks.Stored;
            return;
        }

        slot.Marks &= ~EntityMarks.Stored;
        if ((slot.Marks & (EntityMarks.Dying | EntityMarks.Dirty)) == EntityMarks.Dying)
        {
            if (IsReadUnderWay)
            {
                _store.Open(member.Entity);
                _gone.Add(StableHash.Of(_block.Key));
            }

            Forget(member.Entity);
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

    private readonly record struct Member(int Entity, ushort Generation, bool IsDelete);

    private sealed record Commit(CheckpointWrite Write, List<Member> Members, CheckpointArena Arena);
}
