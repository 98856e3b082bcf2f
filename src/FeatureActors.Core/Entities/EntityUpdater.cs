using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Core.Plugins;
using FeatureActors.Core.Slots;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Entities;

/// <summary>A row that one feature could not take.</summary>
/// <param name="Feature">Index of the feature in the plan.</param>
/// <param name="Error">What it threw.</param>
public readonly record struct FeatureFault(int Feature, Exception Error);

/// <summary>Reads a row of a batch; the answer is valid until another row is read.</summary>
/// <param name="number">The row's number in the batch.</param>
/// <returns>Its columns.</returns>
public delegate RowView RowReader(int number);

/// <summary>
/// Applies rows to the open entity block: for each group that takes the row, feature by feature, filter, then slot, then update.
/// Not safe for concurrent use.
/// </summary>
public sealed partial class EntityUpdater
{
    private readonly EntityPlan _plan;
    private readonly EntityBlock _block;
    private readonly FeaturePlan[] _features;
    private readonly FeatureColumn[][] _columns;
    private readonly GroupPlan[] _groups;
    private readonly PluginPart?[] _parts;
    private readonly FaultRate[] _rates;
    private readonly SlotUndo?[] _undos;
    private RowReader? _reread;
    private long _run;
    private int _row;

    /// <summary>An updater for entities of <paramref name="layout"/> that <paramref name="block"/> points to.</summary>
    public EntityUpdater(EntityLayout layout, EntityBlock block)
    {
        _plan = layout.Plan;
        _block = block;
        _features = [.. _plan.Features];
        _groups = [.. _plan.Groups];
        _columns = [.. _features.Select(static f => f.Columns.ToArray())];
        string[] timelines = [.. _features.Select(static f => f.Timeline.Text).Distinct()];
        _timelines = [.. _features.Select(f => Array.IndexOf(timelines, f.Timeline.Text))];
        _cells = new Cell[timelines.Length];
        _placement = new RowPlacement(_features.Length);
        _since = [.. _features.Select(static f => f.SinceVersion)];
        _newest = _since.DefaultIfEmpty(0).Max();
        _counters = [.. _features.Select(CounterOf)];
        _idleGroups = BitsOf(_groups.Where(static g => g.Idle is not null));
        _uncountedGroups = _idleGroups | BitsOf(_groups.Where(g => _counters.AsSpan(g.FirstFeature, g.FeatureCount).Contains(null)));
        _parts = [.. _features.Select(static f => (f.Aggregate as PluginAggregate)?.Part)];
        _rates = new FaultRate[_features.Length];
        _undos = [.. _parts.Select(static p => p is null ? null : new SlotUndo())];
    }

    /// <summary>Faults of the last apply.</summary>
    public List<FeatureFault> Faults { get; } = [];

    /// <summary>
    /// Index of a feature that the last apply switched off because it failed on most of its rows, or −1. Its state is kept; the
    /// other features go on.
    /// </summary>
    public int SwitchedOff { get; private set; }

    /// <summary>Groups (by place in the plan) for which the last row was beyond retention.</summary>
    public ulong LateGroups => _placement.Late;

    /// <summary>
    /// Begins the rows of a batch for the entity that is open. Until the next call one copy of a plug-in's slot serves all rows that go
    /// into it: when the plug-in fails on a row, the copy is put back and the rows before are applied once more.
    /// </summary>
    /// <param name="reread">Reads a row of the batch again, over the cells of the row that is being applied.</param>
    public void BeginRows(RowReader reread)
    {
        _reread = reread;
        _run++;
    }

    /// <summary>Applies a row of those that <see cref="BeginRows"/> began.</summary>
    /// <param name="number">The row's number, for reading it again.</param>
    /// <param name="head">As in <see cref="Apply(in RowHead, in RowView, long, long)"/>.</param>
    /// <param name="row">As there.</param>
    /// <param name="nowMs">As there.</param>
    /// <param name="idleNowMs">As there.</param>
    /// <returns>As there.</returns>
    public ulong Apply(int number, in RowHead head, in RowView row, long nowMs, long idleNowMs)
    {
        _row = number;
        return ApplyRow(head, row, nowMs, idleNowMs);
    }

    /// <summary>Applies a row to all groups that take it, judging windows and idleness at one time.</summary>
    /// <returns>Groups (by place in the plan) that took the row.</returns>
    public ulong Apply(in RowHead head, in RowView row, long nowMs) => Apply(head, row, nowMs, nowMs);

    /// <summary>
    /// Applies a row to all groups that take it.
    /// </summary>
    /// <param name="head">Fixed part of the row.</param>
    /// <param name="row">Columns of the row.</param>
    /// <param name="nowMs">The shard's time T, or an earlier one: windows that it has left take nothing. <see cref="long.MinValue"/> while unknown.</param>
    /// <param name="idleNowMs">
    /// The time at which lateness and idleness are judged: of the row's ingest with a wall clock, so that a replay judges alike,
    /// else T. Not before <paramref name="nowMs"/>.
    /// </param>
    /// <returns>Groups (by place in the plan) that took the row.</returns>
    public ulong Apply(in RowHead head, in RowView row, long nowMs, long idleNowMs)
    {
        _reread = null;
        _run++;
        return ApplyRow(head, row, nowMs, idleNowMs);
    }

    // Only slots of time are the same for rows of different times.
    private static IRowCounter? CounterOf(FeaturePlan feature) =>
        feature.Where is null && feature.Timeline.Family == SlotFamily.Time ? feature.Aggregate as IRowCounter : null;

    private static ulong BitsOf(IEnumerable<GroupPlan> groups) => groups.Aggregate(0UL, static (bits, g) => bits | (1UL << g.Number));

    private ulong ApplyRow(in RowHead head, in RowView row, long nowMs, long idleNowMs)
    {
        ClearFaults();
        Place(_placement, head, nowMs, idleNowMs);
        foreach (ref readonly PlacedFeature placed in _placement.Features)
        {
            if (_parts[placed.Feature] is { IsOff: true })
            {
                _rates[placed.Feature] = default;
                continue;
            }

            Update(placed.Feature, _features[placed.Feature], placed.StartMs, row);
        }

        SeeEvent(_placement.Taken, head.EventTimeMs);
        return _placement.Taken;
    }

    private void Update(int index, FeaturePlan feature, long start, in RowView row)
    {
        PluginPart? part = _parts[index];
        bool isOpen = false;
        try
        {
            if (feature.Where is not null && !feature.Where(row))
            {
                return;
            }

            if (part is not null)
            {
                _rates[index].Call();
            }

            if (!feature.Aggregate.Accepts(row))
            {
                return;
            }

            if (!TryOpen(index, feature, start, row, out FeatureSlot slot))
            {
                return;
            }

            isOpen = true;
            if (part is not null)
            {
                SlotUndo undo = _undos[index]!;
                if (feature.Timeline.Family != SlotFamily.Time || !undo.Covers(_run, start))
                {
                    undo.Begin(_run, start, slot);
                }

                _block.LimitOpenSlot(feature.Aggregate.PayloadBytesMax, feature.Aggregate.SharedBytesMax);
            }

            if (row.Sign < 0 && (feature.Aggregate.Traits & FeatureTraits.Invertible) == 0)
            {
                throw new NotSupportedException($"feature {feature.Name} of type {feature.Type} cannot take a retraction");
            }

            feature.Aggregate.Apply(row, ref slot);
            if (feature.Timeline.Family == SlotFamily.Session)
            {
                _block.ExtendSession(index, start);
            }

            _undos[index]?.Done(_row);
        }
#pragma warning disable CA1031 // A plug-in may throw anything; it costs that feature this row, never the shard.
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (isOpen)
            {
                TakeBack(index, feature.Aggregate);
            }

            Fail(index, part, error);
        }
    }

    private bool TryOpen(int index, FeaturePlan feature, long start, in RowView row, out FeatureSlot slot)
    {
        switch (feature.Timeline.Family)
        {
            case SlotFamily.Session:
                slot = _block.OpenSession(index, start);
                return true;
            case SlotFamily.Row:
                slot = new FeatureSlot(_block);
                return _block.TryOpenRow(index, start, RowHash.Of(row, _columns[index]));
            default:
                slot = _block.Open(index, start);
                return true;
        }
    }

    /// <summary>
    /// Puts the open slot back to what it was before the row: a plug-in may have failed half-way. A built-in type fails before it changes
    /// a byte.
    /// </summary>
    private void TakeBack(int index, FeatureAggregate aggregate)
    {
        if (_undos[index] is { } undo)
        {
            var slot = new FeatureSlot(_block);
            undo.Restore(ref slot);
            if (undo.Rows.Length > 0)
            {
                ApplyAgain(index, aggregate, undo, ref slot);
            }

            undo.Forget();
        }

        _block.DiscardOpenSlotIfEmpty(index);
    }

    /// <summary>
    /// Applies once more the rows that the restored copy lacks, one by one. Each went well before, but a plug-in that does not do
    /// the same twice may fail now: it then lacks that row, and the row that failed first stands for it.
    /// </summary>
    private void ApplyAgain(int index, FeatureAggregate aggregate, SlotUndo undo, ref FeatureSlot slot)
    {
        foreach (int number in undo.Rows)
        {
            undo.Keep(slot);
            try
            {
                aggregate.Apply(_reread!(number), ref slot);
            }
#pragma warning disable CA1031 // A plug-in may throw anything.
            catch (Exception error)
#pragma warning restore CA1031
            {
                undo.Restore(ref slot);
                Fail(index, _parts[index], error);
            }
        }

        // The features behind this one read the present row.
        _reread!(_row);
    }

    private void Fail(int index, PluginPart? part, Exception error)
    {
        Faults.Add(new FeatureFault(index, error));
        part?.CountFault(error.Message);
        if (part is not null && _rates[index].Fail() && part.TrySwitchOff(error.Message))
        {
            SwitchedOff = index;
        }
    }
}
