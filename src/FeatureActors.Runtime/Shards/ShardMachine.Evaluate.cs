using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Slots;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Publishing;

namespace FeatureActors.Runtime.Shards;

/// <content>Evaluation: what is handed to the publisher.</content>
internal sealed partial class ShardMachine
{
    private static readonly ReadOnlyMemory<byte> VersionField = "_v"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> TimeField = "_t"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> FlagsField = "_flags"u8.ToArray();

    private readonly PagedQueue<Waiting> _forced = new();
    private readonly byte[][] _keyPrefixes;
    private readonly byte[][][] _fieldNames;
    private readonly FeatureValueWriter _flags = new();
    private readonly byte[] _number = new byte[48];

    private bool CanEvaluate => State == ShardState.Running && (_hasTicked || _plan.Clock == ClockKind.Event) && ClockMs != long.MinValue && _nextOffset >= _publishFrom && _ready.Count < ReadyMax;

    private void Force(int entity) => _forced.Enqueue(new Waiting(entity, _table[entity].Generation, 0));

    private bool IsThere(in Waiting waiting)
    {
        ref EntitySlot slot = ref _table[waiting.Entity];
        return (slot.Marks & EntityMarks.Live) != 0 && slot.Generation == waiting.Generation;
    }

    private void EvaluateWaiting()
    {
        while (CanEvaluate && _forced.TryDequeue(out Waiting waiting))
        {
            if (IsThere(waiting))
            {
                EvaluateEntity(waiting.Entity);
            }
        }

        foreach (TriggerQueue queue in _queues)
        {
            while (CanEvaluate && queue.Entities.TryPeek(out Waiting waiting) && waiting.DueAtMs <= _monotonicMs)
            {
                queue.Entities.TryDequeue(out _);
                EvaluateWaiting(queue, waiting);
            }
        }
    }

    private void EvaluateWaiting(TriggerQueue queue, in Waiting waiting)
    {
        if (queue.IsValue)
        {
            // Also for an entity that is gone: nothing else takes it out.
            _asked.Remove((waiting.Entity, waiting.Generation, queue.Group));
        }

        if (!IsThere(waiting) || (_table[waiting.Entity].ChangedGroups >> queue.Group & 1) == 0)
        {
            return;
        }

        if ((_table[waiting.Entity].Marks & EntityMarks.Unsure) != 0)
        {
            EvaluateEntity(waiting.Entity);
            return;
        }

        _store.Open(waiting.Entity);
        EvaluateGroup(waiting.Entity, queue.Group, queue.IsValue ? EvaluationCause.Value : EvaluationCause.Due);
        FinishEvaluation(waiting.Entity);
    }

    /// <summary>Evaluates the groups of an entity that changed or are due, or all when that is asked for.</summary>
    private void EvaluateEntity(int entity)
    {
        _store.Open(entity);
        for (int g = 0; g < _plan.Groups.Count; g++)
        {
            if (CauseOf(entity, g) is { } cause)
            {
                EvaluateGroup(entity, g, cause);
            }
        }

        _table[entity].Marks &= ~(EntityMarks.ForceWrite | EntityMarks.ForceRefresh | EntityMarks.Unsure);
        FinishEvaluation(entity);
    }

    private void FinishEvaluation(int entity)
    {
        ref EntitySlot slot = ref _table[entity];
        long due = _block.NextDueMs;
        if (slot.ChangedGroups != 0)
        {
            due = Math.Min(due, slot.ScheduledMs);
        }
        else
        {
            slot.PendingSince = 0;
        }

        _wheel.Schedule(entity, due);
        if (_block.IsEmpty && slot.ChangedGroups == 0)
        {
            slot.Marks |= EntityMarks.Dying;
            MarkDirty(entity);
        }
    }

    private void EvaluateGroup(int entity, int group, EvaluationCause cause)
    {
        GroupPlan plan = _plan.Groups[group];
        GroupTriggers triggers = _triggers[group];
        GroupState state = _block.Group(group);
        if (triggers.HasValue && cause != EvaluationCause.Refresh)
        {
            _asked.Remove((entity, _table[entity].Generation, group));
        }

        _evaluator.Evaluate(group, ClockMs, _values);
        if (_evaluator.Faults.Count > 0)
        {
            ReportEvaluation();
        }

        Counters.Evaluations++;
        bool fires = cause != EvaluationCause.Refresh && triggers.HasValue && _values.IsAlive
            && AskValueTriggers(group, state.PublishedHash != 0);
        bool isHeld = _values.IsAlive && (cause == EvaluationCause.Refresh || (cause == EvaluationCause.Value && !fires));
        long due = _values.NextDueMs == long.MaxValue ? long.MaxValue : _values.NextDueMs + JitterOf(group);

        // An exit that is still to be written must not be forgotten because an evaluation that may not write saw it first.
        GroupState next = state with { NextDueMs = isHeld ? Math.Min(due, state.NextDueMs) : due };
        ref EntitySlot slot = ref _table[entity];
        if (!isHeld || (cause == EvaluationCause.Value && !triggers.HasPlain))
        {
            slot.ChangedGroups &= ~(1UL << group);
        }

        next = _values.IsAlive ? Publish(entity, group, isHeld, state, next) : Unpublish(entity, group, state, next);
        if (next != state || _values.IsCompacted || (triggers.HasValue && cause != EvaluationCause.Refresh))
        {
            _block.SetGroup(group, next);
            MarkDirty(entity);
        }
    }

    private GroupState Unpublish(int entity, int group, in GroupState state, in GroupState next)
    {
        // The hash alone does not tell: an earlier owner may have published what it did not live to checkpoint, and time may
        // have leapt over the group's windows before the replayed rows are evaluated for the first time.
        if (state.PublishedHash != 0 || state.LastEventMs != long.MinValue)
        {
            AddDelete(entity, group);
        }

        _block.ForgetTriggers(_plan.Groups[group]);
        return next with { PublishedHash = 0, PublishedExpiryMs = 0 };
    }

    private GroupState Publish(int entity, int group, bool isHeld, in GroupState state, in GroupState next)
    {
        GroupPlan plan = _plan.Groups[group];
        EntityMarks marks = _table[entity].Marks;
        long expiry = ExpiryOf(plan);
        ulong hash = PublishedHashOf(group);
        bool isSame = hash == state.PublishedHash;
        if (!isHeld && _triggers[group].HasValue)
        {
            TellValueTriggers(group);
        }

        if (!isHeld && (!isSame || (marks & (EntityMarks.ForceWrite | EntityMarks.Unsure)) != 0))
        {
            AddWrite(entity, group, expiry);
            return next with { PublishedHash = hash, PublishedExpiryMs = expiry };
        }

        // What no trigger wanted written yet is not in the sink; a refresh would find it missing and write it.
        bool isThere = state.PublishedHash != 0;
        if (isThere && ((marks & EntityMarks.ForceRefresh) != 0 || IsExpiryStale(plan, state.PublishedExpiryMs, expiry)))
        {
            AddRefresh(entity, group, expiry);
            return next with { PublishedExpiryMs = expiry };
        }

        return next;
    }

    private long ExpiryOf(GroupPlan plan) => _plan.Clock == ClockKind.Event || _values.LastExitMs == long.MaxValue
        ? 0
        : _values.LastExitMs + plan.MarginMs;

    // Half the margin: the key can then never expire before its last exit, and a steady stream refreshes rarely.
    private static bool IsExpiryStale(GroupPlan plan, long published, long wanted) =>
        Math.Abs(wanted - published) > plan.MarginMs / 2;

    private void AddWrite(int entity, int group, long expiry)
    {
        AddSchemaIfNeeded(group);
        BeginItem(entity, group, PublishKind.Write, expiry, _values.Count);
        Counters.Writes++;
        _flags.Clear();
        bool hasFlags = false;
        PackedForm? packed = _packed[group];
        for (int i = 0; i < _values.Count; i++)
        {
            FieldValue value = _values.Fields[i];
            hasFlags |= value.Quality != ValueQuality.None;
            if (value.Kind != FeatureValueKind.Absent)
            {
                Counters.Values++;
                if (packed is null)
                {
                    _builder.AddField(_fieldNames[group][i], _values.Text(i));
                }
            }
        }

        if (packed is not null)
        {
            _builder.AddField(PackedField, packed.Write(_values));
        }

        _nextOffset.TryFormat(_number, out int offsetLength, default, System.Globalization.CultureInfo.InvariantCulture);
        _number[offsetLength] = (byte)'-';
        ClockMs.TryFormat(_number.AsSpan(offsetLength + 1), out int clockLength, default, System.Globalization.CultureInfo.InvariantCulture);
        _builder.AddField(VersionField, _number.AsSpan(0, offsetLength + 1 + clockLength));
        _builder.AddField(TimeField, _number.AsSpan(offsetLength + 1, clockLength));
        if (hasFlags)
        {
            WriteFlags(group);
            _builder.AddField(FlagsField, _flags.Written);
        }

        EndItem();
    }

    private void WriteFlags(int group)
    {
        _flags.Begin();
        _flags.BeginObject();
        ReadOnlySpan<ValueQuality> kinds = [ValueQuality.Truncated, ValueQuality.Approximate, ValueQuality.Warming];
        foreach (ValueQuality kind in kinds)
        {
            bool isOpen = false;
            for (int i = 0; i < _values.Count; i++)
            {
                if ((_values.Fields[i].Quality & kind) == 0)
                {
                    continue;
                }

                if (!isOpen)
                {
                    isOpen = true;
                    _flags.WriteName(kind switch
                    {
                        ValueQuality.Truncated => "truncated"u8,
                        ValueQuality.Approximate => "approximate"u8,
                        _ => "warming"u8,
                    });
                    _flags.BeginArray();
                }

                _flags.WriteString(_fieldNames[group][i]);
            }

            if (isOpen)
            {
                _flags.EndArray();
            }
        }

        _flags.EndObject();
    }

    private void AddRefresh(int entity, int group, long expiry)
    {
        BeginItem(entity, group, PublishKind.Refresh, expiry, 0);
        Counters.Refreshes++;
        EndItem();
    }

    private void AddDelete(int entity, int group)
    {
        BeginItem(entity, group, PublishKind.Delete, 0, 0);
        Counters.Deletes++;
        EndItem();
    }

    private void BeginItem(int entity, int group, PublishKind kind, long expiry, int values)
    {
        if (_builder.Count == 0)
        {
            _builder.Begin(++_batch);
        }

        ref EntitySlot slot = ref _table[entity];
        slot.UnackedBatch = (uint)_builder.Number;
        _builder.Position = new PublishPosition(_nextOffset, ClockMs);
        _builder.AddItem(
            kind, _keyPrefixes[group], _block.Key, expiry, new PublishTarget(entity, slot.Generation, slot.PendingSince, values));
    }

    private void EndItem()
    {
        if (_builder.IsFull)
        {
            CompleteBatch();
        }
    }
}
