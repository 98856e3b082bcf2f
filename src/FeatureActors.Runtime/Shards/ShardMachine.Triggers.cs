using System.Numerics;
using System.Text;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Plugins;
using FeatureActors.Core.Sharding;
using FeatureActors.Core.Slots;
using FeatureActors.Core.Windows;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Shards;

/// <content>
/// Triggers: when a changed group is evaluated, and whether what is found is written. A group is marked as changed from a row until
/// an evaluation that may write; one where only values decide until it is evaluated at all. What did not fire is then known by its
/// hash alone: the next evaluation that may write finds that it differs, also after a restart.
/// </content>
internal sealed partial class ShardMachine
{
    private readonly TriggerQueue[] _queues;
    private readonly GroupTriggers[] _triggers;

    // Groups, by place, in which values may decide about a write.
    private readonly ulong _valueGroups;

    // Groups that wait for an evaluation which their value triggers asked for.
    private readonly HashSet<(int Entity, ushort Generation, int Group)> _asked = [];
    private readonly HashSet<ulong> _reportedTriggers = [];
    private readonly byte[] _stateKept = new byte[IValueTrigger.StateBytesMax];

    private static GroupTriggers[] ReadTriggers(EntityPlan plan, List<TriggerQueue> queues) =>
        [.. plan.Groups.Select((g, place) => new GroupTriggers(g, place, queues))];

    private void MarkChanged(int entity, ulong groups, long ingestTimeMs)
    {
        ref EntitySlot slot = ref _table[entity];
        ulong added = groups & ~slot.ChangedGroups;
        slot.ChangedGroups |= groups;
        slot.PendingSince = ShortTime.Older(slot.PendingSince, ShortTime.Of(ingestTimeMs));
        Touch(ref slot);
        while (groups != 0)
        {
            int group = BitOperations.TrailingZeroCount(groups);
            groups &= groups - 1;
            bool isNew = (added >> group & 1) != 0;
            bool isAsked = isNew && AskEach(entity, ref slot, group, areValue: false);
            if (_triggers[group].HasValue && !_asked.Contains((entity, slot.Generation, group))
                && AskEach(entity, ref slot, group, areValue: true))
            {
                isAsked = true;
                _asked.Add((entity, slot.Generation, group));
            }

            if (isNew && !isAsked)
            {
                AwaitExit(entity, ref slot, group);
            }
        }
    }

    /// <summary>
    /// A row may enter or leave a window before its group is evaluated, and where values decide that evaluation need not write. What
    /// enters or leaves is always written, so the group is due then.
    /// </summary>
    private void ExpectExits(int entity, ulong groups, long eventTimeMs, in RowView row)
    {
        while (groups != 0)
        {
            int group = BitOperations.TrailingZeroCount(groups);
            groups &= groups - 1;
            if (!_triggers[group].HasValue)
            {
                continue;
            }

            GroupPlan plan = _plan.Groups[group];
            long due = long.MaxValue;
            for (int f = plan.FirstFeature; f < plan.FirstFeature + plan.FeatureCount; f++)
            {
                due = Math.Min(due, NextExit(_plan.Features[f], eventTimeMs, row));
            }

            GroupState state = _block.Group(group);
            if (due != long.MaxValue && due + JitterOf(group) < state.NextDueMs)
            {
                due += JitterOf(group);
                _block.SetGroup(group, state with { NextDueMs = due });
                ScheduleNotAfter(entity, ref _table[entity], due);
            }
        }
    }

    /// <summary>When the row enters a window of the feature, or leaves one that it is in; <see cref="long.MaxValue"/> when it never does.</summary>
    private long NextExit(FeaturePlan feature, long eventTimeMs, in RowView row)
    {
        SlotTimeline timeline = feature.Timeline;

        if (timeline.Family == SlotFamily.Row || !MayTake(feature, row))
        {
            return long.MaxValue;
        }

        long start = timeline.Family == SlotFamily.Session ? eventTimeMs : timeline.StartOf(eventTimeMs);
        long due = long.MaxValue;
        foreach (FeatureWindow window in timeline.Windows)
        {
            long enters = window.IsEndless ? long.MaxValue : window.EntersAt(start);
            long leaves = window.IsEndless ? long.MaxValue : window is SessionWindow session ? eventTimeMs + session.GapMs : window.LeavesAt(start);
            due = Math.Min(due, enters > ClockMs ? enters : leaves > ClockMs ? leaves : long.MaxValue);
        }

        return due;
    }

    private static bool MayTake(FeaturePlan feature, in RowView row)
    {
        try
        {
            // A plug-in's type is not asked again: at worst a group is looked at that has nothing new.
            return (feature.Where is null || feature.Where(row)) && (feature.Aggregate is PluginAggregate || feature.Aggregate.Accepts(row));
        }
#pragma warning disable CA1031 // A function of a plug-in may throw anything; that has been reported when the row was applied.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    /// <summary>With slot expiry alone a changed group is looked at when the present slot closes.</summary>
    private void AwaitExit(int entity, ref EntitySlot slot, int group)
    {
        GroupPlan plan = _plan.Groups[group];
        long now = Math.Max(ClockMs, 0);
        long boundary = long.MaxValue;
        for (int f = plan.FirstFeature; f < plan.FirstFeature + plan.FeatureCount; f++)
        {
            boundary = Math.Min(boundary, _plan.Features[f].NextBoundary(now));
        }

        boundary = boundary != long.MaxValue ? boundary : plan.Idle?.NextCell(now) ?? now + 1;
        ScheduleNotAfter(entity, ref slot, boundary + JitterOf(group));
    }

    private bool AskEach(int entity, ref EntitySlot slot, int group, bool areValue)
    {
        GroupPlan plan = _plan.Groups[group];
        bool isAsked = false;
        for (int i = 0; i < plan.Triggers.Count; i++)
        {
            ITrigger trigger = plan.Triggers[i].Trigger;
            if (plan.Triggers[i].Value is not null != areValue)
            {
                continue;
            }

            TriggerQueue? queue = _triggers[group].Queues[i];
            long changedAt = queue is null ? Math.Max(ClockMs, 0) : _monotonicMs;
            long next = trigger.NextEvaluationMs(new TriggerInput(changedAt, long.MinValue));
            LetterTrigger(group, trigger);
            if (next == long.MaxValue)
            {
                continue;
            }

            isAsked = true;
            if (queue is not null)
            {
                queue.Entities.Enqueue(new Waiting(entity, slot.Generation, next));
            }
            else
            {
                ScheduleNotAfter(entity, ref slot, next + JitterOf(group));
            }
        }

        return isAsked;
    }

    private void ScheduleNotAfter(int entity, ref EntitySlot slot, long dueMs)
    {
        if (dueMs < slot.ScheduledMs)
        {
            _wheel.Schedule(entity, dueMs);
        }
    }

    /// <summary>
    /// By how much what is due on the shard's clock is put off for the open entity: its own share of the group's jitter. Evaluation and
    /// write move together, so that <c>_t</c> is the time of the values and nothing older follows something newer.
    /// </summary>
    private long JitterOf(int group)
    {
        long most = _plan.Groups[group].JitterMs;
        return most == 0 ? 0 : (long)(StableHash.Of(_block.Key, (ulong)_plan.Groups[group].Number) % (ulong)(most + 1));
    }

    /// <summary>What a group is evaluated for when its entity's time has come or somebody wants it looked at; null for nothing.</summary>
    private EvaluationCause? CauseOf(int entity, int group)
    {
        ref EntitySlot slot = ref _table[entity];
        if ((slot.Marks & (EntityMarks.ForceWrite | EntityMarks.Unsure)) != 0)
        {
            return EvaluationCause.Doubt;
        }

        if (_block.Group(group).NextDueMs <= ClockMs)
        {
            return EvaluationCause.Due;
        }

        GroupTriggers triggers = _triggers[group];
        if ((slot.Marks & EntityMarks.ForceRefresh) != 0)
        {
            return triggers.HasValue ? EvaluationCause.Refresh : EvaluationCause.Due;
        }

        if ((slot.ChangedGroups >> group & 1) == 0)
        {
            return null;
        }

        // What waits in a queue keeps its own time.
        return !triggers.HasValue || triggers.HasShardClockPlain ? EvaluationCause.Due
            : triggers.HasShardClockValue || !_asked.Contains((entity, slot.Generation, group)) ? EvaluationCause.Value
            : null;
    }

    /// <summary>Shows the values to the group's value triggers; true when one fires.</summary>
    private bool AskValueTriggers(int group, bool wasWritten)
    {
        bool fires = false;
        foreach (TriggerPlan trigger in _plan.Groups[group].Triggers)
        {
            if (trigger.Value is not { } value)
            {
                continue;
            }

            Span<byte> state = value.StateBytes == 0 ? default : _block.TriggerState(trigger.Id, value.StateBytes);
            state.CopyTo(_stateKept);
            try
            {
                fires |= value.Fires(new TriggerValues(_values, trigger.Fields.Span, ClockMs, wasWritten), state);
                LetterTrigger(group, value);
            }
#pragma warning disable CA1031 // A plug-in may throw anything; a value is then rather written than kept back.
            catch (Exception error)
#pragma warning restore CA1031
            {
                _stateKept.AsSpan(0, state.Length).CopyTo(state);
                ReportTrigger(group, trigger, error);
                fires = true;
            }
        }

        return fires;
    }

    private void TellValueTriggers(int group)
    {
        foreach (TriggerPlan trigger in _plan.Groups[group].Triggers)
        {
            if (trigger.Value is not { } value)
            {
                continue;
            }

            Span<byte> state = value.StateBytes == 0 ? default : _block.TriggerState(trigger.Id, value.StateBytes);
            state.CopyTo(_stateKept);
            try
            {
                value.Written(new TriggerValues(_values, trigger.Fields.Span, ClockMs, true), state);
                LetterTrigger(group, value);
            }
#pragma warning disable CA1031 // As above.
            catch (Exception error)
#pragma warning restore CA1031
            {
                _stateKept.AsSpan(0, state.Length).CopyTo(state);
                ReportTrigger(group, trigger, error);
            }
        }
    }

    /// <summary>Dead-letters, with the stack, what a plug-in's trigger threw for the open entity; the group is written nevertheless.</summary>
    private void LetterTrigger(int group, ITrigger trigger)
    {
        if (trigger is not PluginTrigger || PluginCallWatch.Current is not { Faults.Count: > 0 } watch)
        {
            return;
        }

        foreach ((PluginPart part, Exception error) in watch.Faults)
        {
            Counters.Faults++;
            _letters.Add(new DeadLetter
            {
                Source = _plan.Entity,
                Partition = _shard.Partition,
                Offset = _nextOffset,
                Ordinal = 0,
                Group = _plan.Groups[group].Name,
                Feature = part.Name[(part.Name.LastIndexOf('.') + 1)..],
                Reason = "trigger-error",
                Error = $"trigger {part.Name} of plug-in {part.Plugin} failed for entity {Encoding.UTF8.GetString(_block.Key)} at T = {ClockMs}; the group is written as by the default trigger: {error}",
                AtMs = _nowMs,
                Bytes = _block.Key.ToArray(),
                Length = _block.Key.Length,
            });
        }

        watch.ClearFaults();
        SendLetters();
    }

    private void ReportTrigger(int group, TriggerPlan trigger, Exception error)
    {
        Counters.Faults++;
        if (_reportedTriggers.Add(trigger.Id))
        {
            _out.Add(new ShardOutput.Alarm($"a trigger of group {_plan.Groups[group].Name} fails on shard {_shard}, its groups are written at every evaluation: {error}"));
        }
    }
}
