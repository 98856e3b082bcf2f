using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Shards;

/// <content>The rows of one key in a batch: those of which only the number matters are added as one, others are applied one by one.</content>
internal sealed partial class ShardMachine
{
    private void ApplyRows(in SoughtKey key)
    {
        int entity = key.Entity;
        _store.Open(entity);
        var applied = new AppliedRows { OldestMs = long.MaxValue };
        for (int earlier = key.FirstEarlier; earlier >= 0; earlier = _rows.Earlier(earlier).Next)
        {
            ApplyRun(entity, _rows.Earlier(earlier), ref applied);
        }

        ApplyRun(entity, key.Run, ref applied);
        Counters.Rows += applied.Count;
        if (Counters.HotKeys.Pass(applied.Count) is var samples and > 0)
        {
            Counters.HotKeys.Count(_block.Key, key.Hash, samples);
        }

        ref EntitySlot slot = ref _table[entity];
        slot.LastUsed = Second;
        if (applied.Groups != 0)
        {
            slot.Marks &= ~EntityMarks.Dying;
            MarkDirty(entity);
            MarkChanged(entity, applied.Groups, applied.OldestMs);
        }
    }

    private void ApplyRun(int entity, in RowRun run, ref AppliedRows applied)
    {
        applied.Count += run.Count;
        if (run.Place >= 0)
        {
            applied.Take(_updater.ApplyCounted(run.Place, run.Sum, run.NewestMs), run.OldestIngestMs);
            if (_updater.Faults.Count > 0)
            {
                ReportRows(run);
            }

            return;
        }

        _updater.BeginRows(_reread);
        int row = run.FirstRow;
        ApplyAlone(entity, row, ref applied);
        while (row != run.LastRow)
        {
            row = _rows.Next(row);
            ApplyAlone(entity, row, ref applied);
        }
    }

    private void ApplyAlone(int entity, int row, ref AppliedRows applied)
    {
        ref readonly RowHead head = ref _rows.Head(row);
        bool hasId = _updater.HasId(head);
        if (hasId && _block.IsRemembered(head.EventIdHash))
        {
            Counters.RepeatedIds++;
            return;
        }

        RowView view = _reader.ReadColumns(head);
        ulong taken = _plan.Clock == ClockKind.Wall
            ? _updater.Apply(row, head, view, Math.Min(ClockMs, head.IngestTimeMs), head.IngestTimeMs)
            : _updater.Apply(row, head, view, ClockMs, ClockMs);
        if (taken != 0)
        {
            applied.Take(taken, head.IngestTimeMs);
            if ((taken & _valueGroups) != 0)
            {
                ExpectExits(entity, taken & _valueGroups, head.EventTimeMs, view);
            }

            if (hasId)
            {
                Remember(head);
            }
        }

        if (_updater.LateGroups != 0 || _updater.Faults.Count > 0)
        {
            ReportRow(head);
            ForgetFaults();
        }
    }

    /// <summary>
    /// Remembers the id of a row that some group took. One that nobody took is judged anew when it is told again; an id for it
    /// would be state that no time ever takes away.
    /// </summary>
    private void Remember(in RowHead head)
    {
        long forgetBefore = ClockMs == long.MinValue ? long.MinValue : ClockMs - _plan.EventIdKeepMs;
        _block.TryRemember(head.EventIdHash, head.EventTimeMs, forgetBefore, _plan.EventIdsMax, out _);
    }

    /// <summary>What came of the rows of one key.</summary>
    private struct AppliedRows
    {
        /// <summary>Rows, whatever became of them.</summary>
        public int Count;

        /// <summary>Groups (by place in the plan) that took some.</summary>
        public ulong Groups;

        /// <summary>Ingest time of the oldest that was taken.</summary>
        public long OldestMs;

        /// <summary>Groups have taken rows.</summary>
        public void Take(ulong groups, long ingestTimeMs)
        {
            Groups |= groups;
            OldestMs = Math.Min(OldestMs, ingestTimeMs);
        }
    }
}
