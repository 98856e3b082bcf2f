using System.Numerics;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Slots;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Publishing;

namespace FeatureActors.Runtime.Shards;

/// <content>Triggers and evaluation: when a changed group is evaluated, and what is handed to the publisher.</content>
internal sealed partial class ShardMachine
{
    private static readonly ReadOnlyMemory<byte> VersionField = "_v"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> TimeField = "_t"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> FlagsField = "_flags"u8.ToArray();

    private readonly PagedQueue<Waiting>[] _queues;
    private readonly PagedQueue<Waiting> _forced = new();
    private readonly byte[][] _keyPrefixes;
    private readonly byte[][][] _fieldNames;
    private readonly FeatureValueWriter _flags = new();
    private readonly byte[] _number = new byte[48];

    private bool CanEvaluate => State == ShardState.Running && (_hasTicked || _plan.Clock == ClockKind.Event) && ClockMs != long.MinValue && _nextOffset >= _publishFrom && _ready.Count < ReadyMax;

    private void MarkChanged(int entity, ulong groups, long ingestTimeMs)
    {
        ref EntitySlot slot = ref _table[entity];
        ulong added = groups & ~slot.ChangedGroups;
        slot.ChangedGroups |= groups;
        slot.PendingSince = ShortTime.Older(slot.PendingSince, ShortTime.Of(ingestTimeMs));
        Touch(ref slot);
        while (added != 0)
        {
            int group = BitOperations.TrailingZeroCount(added);
            added &= added - 1;
            AskTriggers(entity, ref slot, _plan.Groups[group], group);
        }
    }

    private void AskTriggers(int entity, ref EntitySlot slot, GroupPlan group, int place)
    {
        long shardTime = Math.Max(ClockMs, 0);
        bool isAsked = false;
        for (int i = 0; i < group.Triggers.Count; i++)
        {
            ITrigger trigger = group.Triggers[i].Trigger;
            bool isProcessing = trigger.Clock == TriggerClock.Processing;
            long next = trigger.NextEvaluationMs(new TriggerInput(isProcessing ? _monotonicMs : shardTime, long.MinValue));
            if (next == long.MaxValue)
            {
                continue;
            }

            isAsked = true;
            if (isProcessing)
            {
                _queues[place].Enqueue(new Waiting(entity, slot.Generation, next));
            }
            else
            {
                ScheduleNotAfter(entity, ref slot, next);
            }
        }

        if (!isAsked)
        {
            // Slot expiry alone: look when the present slot closes.
            long boundary = long.MaxValue;
            for (int f = group.FirstFeature; f < group.FirstFeature + group.FeatureCount; f++)
            {
                boundary = Math.Min(boundary, _plan.Features[f].NextBoundary(shardTime));
            }

            ScheduleNotAfter(entity, ref slot, boundary != long.MaxValue ? boundary : group.Idle?.NextCell(shardTime) ?? shardTime + 1);
        }
    }

    private void ScheduleNotAfter(int entity, ref EntitySlot slot, long dueMs)
    {
        if (dueMs < slot.ScheduledMs)
        {
            _wheel.Schedule(entity, dueMs);
        }
    }

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

        for (int g = 0; g < _queues.Length; g++)
        {
            PagedQueue<Waiting> queue = _queues[g];
            while (CanEvaluate && queue.TryPeek(out Waiting waiting) && waiting.DueAtMs <= _monotonicMs)
            {
                queue.TryDequeue(out _);
                if (IsThere(waiting) && (_table[waiting.Entity].ChangedGroups >> g & 1) != 0)
                {
                    if ((_table[waiting.Entity].Marks & EntityMarks.Unsure) != 0)
                    {
                        EvaluateEntity(waiting.Entity);
                        continue;
                    }

                    _store.Open(waiting.Entity);
                    EvaluateGroup(waiting.Entity, g, isForced: false);
                    FinishEvaluation(waiting.Entity);
                }
            }
        }
    }

    /// <summary>Evaluates the groups of an entity that changed or are due, or all when that is asked for.</summary>
    private void EvaluateEntity(int entity)
    {
        _store.Open(entity);
        EntityMarks marks = _table[entity].Marks;
        bool isForced = (marks & (EntityMarks.ForceWrite | EntityMarks.ForceRefresh | EntityMarks.Unsure)) != 0;
        for (int g = 0; g < _plan.Groups.Count; g++)
        {
            if (isForced || (_table[entity].ChangedGroups >> g & 1) != 0 || _block.Group(g).NextDueMs <= ClockMs)
            {
                EvaluateGroup(entity, g, isForced);
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

    private void EvaluateGroup(int entity, int group, bool isForced)
    {
        GroupPlan plan = _plan.Groups[group];
        GroupState state = _block.Group(group);
        _evaluator.Evaluate(group, ClockMs, _values);
        if (_evaluator.Faults.Count > 0)
        {
            ReportEvaluation();
        }

        Counters.Evaluations++;
        ref EntitySlot slot = ref _table[entity];
        slot.ChangedGroups &= ~(1UL << group);
        GroupState next = state with { NextDueMs = _values.NextDueMs };
        if (!_values.IsAlive)
        {
            next = next with { PublishedHash = 0, PublishedExpiryMs = 0 };

            // The hash alone does not tell: an earlier owner may have published what it did not live to checkpoint, and time may
            // have leapt over the group's windows before the replayed rows are evaluated for the first time.
            if (state.PublishedHash != 0 || state.LastEventMs != long.MinValue)
            {
                AddDelete(entity, group);
            }
        }
        else
        {
            long expiry = ExpiryOf(plan);
            bool isWrite = _values.Hash != state.PublishedHash || (slot.Marks & (EntityMarks.ForceWrite | EntityMarks.Unsure)) != 0;
            bool isRefresh = (slot.Marks & EntityMarks.ForceRefresh) != 0 || IsExpiryStale(plan, state.PublishedExpiryMs, expiry);
            if (isWrite)
            {
                AddWrite(entity, group, expiry);
                next = next with { PublishedHash = _values.Hash, PublishedExpiryMs = expiry };
            }
            else if (isRefresh)
            {
                AddRefresh(entity, group, expiry);
                next = next with { PublishedExpiryMs = expiry };
            }
        }

        if (next != state || _values.IsCompacted)
        {
            _block.SetGroup(group, next);
            MarkDirty(entity);
        }
    }

    private long ExpiryOf(GroupPlan plan) => _plan.Clock == ClockKind.Event || _values.LastExitMs == long.MaxValue
        ? 0
        : _values.LastExitMs + plan.MarginMs;

    // Half the margin: the key can then never expire before its last exit, and a steady stream refreshes rarely.
    private static bool IsExpiryStale(GroupPlan plan, long published, long wanted) =>
        Math.Abs(wanted - published) > plan.MarginMs / 2;

    private void AddWrite(int entity, int group, long expiry)
    {
        BeginItem(entity, group, PublishKind.Write, expiry, _values.Count);
        Counters.Writes++;
        _flags.Clear();
        bool hasFlags = false;
        for (int i = 0; i < _values.Count; i++)
        {
            FieldValue value = _values.Fields[i];
            hasFlags |= value.Quality != ValueQuality.None;
            if (value.Kind != FeatureValueKind.Absent)
            {
                _builder.AddField(_fieldNames[group][i], _values.Text(i));
                Counters.Values++;
            }
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

    /// <summary>An entity in a queue, and when its turn is: a monotonic time from 0, of which 48 bits are kept.</summary>
    private readonly struct Waiting(int entity, ushort generation, long dueAtMs)
    {
        private readonly int _entity = entity;
        private readonly uint _dueLow = (uint)dueAtMs;
        private readonly ushort _dueHigh = (ushort)(dueAtMs >> 32);
        private readonly ushort _generation = generation;

        public int Entity => _entity;

        public ushort Generation => _generation;

        public long DueAtMs => ((long)_dueHigh << 32) | _dueLow;
    }
}
