using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Sharding;
using FeatureActors.Core.Slots;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Shards;

/// <content>Which entities are in memory: loading for rows, for due times and for sweeps; passivation.</content>
internal sealed partial class ShardMachine
{
    private const long DueReadIntervalMs = 1_000;

    // The share of the table that the passivation hand passes at a tick.
    private const int PassivationSteps = 512;

    private long _cold;
    private ShardOutput.ReadDue? _dueAsked;
    private DueCursor? _dueCursor;
    private long _dueReadClock = long.MinValue;
    private long _nextDueReadMs;
    private int _hand;

    // Rows deleted while a read is on its way: its answer may still hold them.
    private readonly HashSet<ulong> _gone = [];

    // Log offset up to which an earlier owner may have published what this one only replays.
    private long _replayEnd;

    // What stored rows remember as published may be older than what the sink holds; until a first pass over all of them.
    private bool _isSinkAhead;

    /// <summary>Entities in the store that are not in memory.</summary>
    public long Cold => _cold;

    private int CreateEntity(ReadOnlySpan<byte> key, ulong hash)
    {
        int entity = _table.Add(hash);
        _store.Create(entity, EntityBlock.SizeOfEmpty(_layout, key.Length));
        _block.Create(key);
        ref EntitySlot slot = ref _table[entity];
        Touch(ref slot);
        if (_isSinkAhead && _nextOffset < _replayEnd)
        {
            slot.Marks |= EntityMarks.Unsure;
        }

        return entity;
    }

    private void RequestLoad()
    {
        _loading = _missing.Count > _options.LoadLimit ? _missing[.._options.LoadLimit] : [.. _missing];
        _out.Add(new ShardOutput.LoadKeys(_loading));
    }

    private void TakeLoaded(ShardInput.Loaded loaded)
    {
        if (_loading is null || !ReferenceEquals(loaded.Keys, _loading))
        {
            return;
        }

        _loading = null;
        foreach (StoredEntity entity in loaded.Entities)
        {
            Admit(entity);
        }

        foreach (ReadOnlyMemory<byte> key in loaded.Keys)
        {
            ulong hash = StableHash.Of(key.Span);
            if (_table.Find(key.Span, hash) < 0)
            {
                CreateEntity(key.Span, hash);
            }
        }

        EndRead();
        Pump();
    }

    private bool IsReadUnderWay => _loading is not null || _dueAsked is not null || _keysReadFor is not null || _lookUpFor is not null
        || _ghosts.Count > 0 || _inspectionsLoading > 0;

    private void EndRead()
    {
        if (!IsReadUnderWay)
        {
            _gone.Clear();
        }
    }

    /// <summary>
    /// Brings a stored entity into memory unless it is there; answers its place, or −1 for a row deleted since it was read. While
    /// reads are on their way nothing is passivated, so an answer is never older than what was let go.
    /// </summary>
    private int Admit(in StoredEntity stored)
    {
        ulong hash = StableHash.Of(stored.Key.Span);
        int entity = _table.Find(stored.Key.Span, hash);
        if (entity >= 0)
        {
            return entity;
        }

        if (_gone.Contains(hash))
        {
            return -1;
        }

        entity = _table.Add(hash);

        // The stored form is about as long as the block; what is missing it takes when it needs it.
        _store.Create(entity, stored.State.Length);
        _block.Load(stored.State.Span);
        ref EntitySlot slot = ref _table[entity];
        slot.Marks |= EntityMarks.Stored;
        Touch(ref slot);
        _cold = Math.Max(0, _cold - 1);
        Counters.Loads++;
        Counters.LoadsByFormat[stored.State.Span[0]]++;
        _wheel.Schedule(entity, _block.NextDueMs);
        if (_isSinkAhead)
        {
            slot.Marks |= EntityMarks.Unsure;
        }

        if (stored.IsUnpublished)
        {
            // What the block remembers as published may never have arrived.
            slot.Marks |= EntityMarks.Unsure;
            slot.ChangedGroups = AllGroups;
            Force(entity);
        }

        return entity;
    }

    private ulong AllGroups => _plan.Groups.Count == 64 ? ulong.MaxValue : (1UL << _plan.Groups.Count) - 1;

    /// <summary>Reads entities whose time has come and that are not in memory, in bounded steps, oldest first.</summary>
    private void ReadDueIfTime()
    {
        if (_dueAsked is not null || ClockMs == long.MinValue || State != ShardState.Running || _forced.Count > _options.ReadLimit)
        {
            return;
        }

        if (_cold == 0)
        {
            _dueReadClock = ClockMs;
            return;
        }

        // Within a pass the cursor goes on at once; a new pass starts when T moved on.
        bool isInPass = _dueCursor is not null;
        if (isInPass || (_dueReadClock != ClockMs && _monotonicMs >= _nextDueReadMs))
        {
            _dueReadClock = isInPass ? _dueReadClock : ClockMs;
            _dueAsked = new ShardOutput.ReadDue(_dueReadClock, _dueCursor, _options.ReadLimit);
            _out.Add(_dueAsked);
        }
    }

    private void TakeDue(ShardInput.DueLoaded due)
    {
        if (!ReferenceEquals(due.Question, _dueAsked))
        {
            // It comes once more: what was read then may have changed and left memory since.
            return;
        }

        _dueAsked = null;
        IReadOnlyList<StoredEntity> entities = due.Entities;
        foreach (StoredEntity stored in entities)
        {
            Admit(stored);
        }

        bool isMore = entities.Count >= _options.ReadLimit;
        _dueCursor = isMore ? new DueCursor(entities[^1].NextDueMs, entities[^1].Key) : null;
        if (!isMore)
        {
            // In event time a pass may be wanted for each T; live, a look a second keeps lateness below any slot width.
            _nextDueReadMs = _monotonicMs + (_plan.Clock == Core.Definitions.ClockKind.Event ? 0 : DueReadIntervalMs);
        }

        EndRead();
        FireDue();
    }

    private int Second => (int)(_monotonicMs / 1000);

    private void Touch(ref EntitySlot slot)
    {
        slot.Marks |= EntityMarks.Recent;
        slot.LastUsed = Second;
    }

    /// <summary>Lets clean entities go that were idle for long, or any that the hand finds unused while memory is short.</summary>
    private void PassivateSome()
    {
        if (State is not (ShardState.Running or ShardState.Recovering) || _table.Count == 0 || IsReadUnderWay)
        {
            return;
        }

        bool isShort = _store.ReservedBytes + _table.Bytes > _options.MemoryBytes;
        int idleBefore = (int)((_monotonicMs - (long)_options.PassivateAfter.TotalMilliseconds) / 1000);
        int steps = Math.Min(isShort ? _table.PlacesEnd : PassivationSteps, _table.PlacesEnd);
        for (int i = 0; i < steps; i++)
        {
            _hand = _hand + 1 >= _table.PlacesEnd ? 0 : _hand + 1;
            ref EntitySlot slot = ref _table[_hand];
            if ((slot.Marks & EntityMarks.Live) == 0)
            {
                continue;
            }

            bool wasRecent = (slot.Marks & EntityMarks.Recent) != 0;
            slot.Marks &= ~EntityMarks.Recent;
            if ((isShort && !wasRecent) || slot.LastUsed < idleBefore)
            {
                TryPassivate(_hand);
                isShort = isShort && _store.ReservedBytes + _table.Bytes > _options.MemoryBytes;
            }

            if (isShort && i >= PassivationSteps * 16)
            {
                break;
            }
        }
    }

    private void TryPassivate(int entity)
    {
        ref EntitySlot slot = ref _table[entity];
        const EntityMarks Busy = EntityMarks.Dirty | EntityMarks.InCheckpoint | EntityMarks.ForceWrite | EntityMarks.ForceRefresh | EntityMarks.Dying;
        bool isUnpublished = slot.ChangedGroups != 0 || slot.UnackedBatch != 0;
        if ((slot.Marks & Busy) != 0 || (isUnpublished && _isFenceRaised && !_isSinkAway))
        {
            return;
        }

        if (isUnpublished)
        {
            // Its row says so; it is read back when the sink is there again.
            _hasUnpublished = true;
        }

        if ((slot.Marks & EntityMarks.Stored) != 0)
        {
            _cold++;
        }

        Counters.Passivations++;
        Forget(entity);
    }

    private void Forget(int entity)
    {
        _wheel.Schedule(entity, long.MaxValue);
        _store.Free(entity);
        _table.Remove(entity);
    }
}
