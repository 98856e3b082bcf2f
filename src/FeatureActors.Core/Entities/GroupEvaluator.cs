using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Plugins;
using FeatureActors.Core.Sharding;
using FeatureActors.Core.Slots;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Entities;

/// <summary>
/// Computes a group's values at a time T from the slots of an entity block, and when they will change next without an event.
/// Not safe for concurrent use.
/// </summary>
public sealed class GroupEvaluator
{
    private readonly EntityPlan _plan;
    private readonly EntityBlock _block;
    private readonly WindowFieldPlan?[][][] _fieldsOf;
    private readonly int[][][] _fieldIndexOf;
    private readonly DerivedFields[] _derived;
    private readonly PluginPart?[] _parts;
    private readonly FaultRate[] _rates;
    private readonly FieldRun _run;
    private SlotReference[] _slots = new SlotReference[64];

    /// <summary>An evaluator for entities of <paramref name="layout"/> that <paramref name="block"/> points to.</summary>
    public GroupEvaluator(EntityLayout layout, EntityBlock block)
    {
        _plan = layout.Plan;
        _block = block;
        _fieldsOf = new WindowFieldPlan?[_plan.Features.Count][][];
        _fieldIndexOf = new int[_plan.Features.Count][][];
        _derived = [.. _plan.Groups.Select(static g => new DerivedFields(g))];
        _parts = [.. _plan.Features.Select(static f => (f.Aggregate as PluginAggregate)?.Part)];
        _rates = new FaultRate[_plan.Features.Count];
        _run = new FieldRun(_plan.Features.Select(static f => f.Timeline.Windows.Count).DefaultIfEmpty().Max());
        foreach (GroupPlan group in _plan.Groups)
        {
            IndexFields(group);
        }
    }

    /// <summary>Features of plug-ins that failed in the last evaluation: their fields are absent.</summary>
    public List<FeatureFault> Faults { get; } = [];

    /// <summary>Index of a feature that the last evaluation switched off because it failed most of the time, or −1.</summary>
    public int SwitchedOff { get; private set; }

    /// <summary>
    /// Evaluates a group of the open entity at <paramref name="nowMs"/>. Drops and folds slots that have aged; changes nothing else.
    /// </summary>
    public void Evaluate(int group, long nowMs, GroupValues values)
    {
        GroupPlan plan = _plan.Groups[group];
        values.Begin(plan.Fields.Count);
        Faults.Clear();
        SwitchedOff = -1;
        long idleExit = IdleExit(plan, _block.Group(group).LastEventMs);
        for (int f = plan.FirstFeature; f < plan.FirstFeature + plan.FeatureCount; f++)
        {
            EvaluateSupervised(plan, f, nowMs, idleExit, values);
        }

        _derived[group].Compute(nowMs, values);
        if (_plan.EventIdKeepMs > 0 && MayHoldRepetitions(plan, nowMs))
        {
            values.FlagAll(ValueQuality.Truncated);
        }

        values.Hash = HashOf(values);
    }

    /// <summary>Time at which an idle group loses what no window takes away; <see cref="long.MaxValue"/> for never.</summary>
    public static long IdleExit(GroupPlan group, long lastEventMs) =>
        group.Idle is not { } idle || lastEventMs == long.MinValue ? long.MaxValue : idle.LeavesAt(lastEventMs);

    /// <summary>True while some window can show an event whose id was given up too early: its repetition may have been counted.</summary>
    private bool MayHoldRepetitions(GroupPlan group, long nowMs)
    {
        long givenUpMs = _block.IdsGivenUpMs;
        if (givenUpMs == long.MinValue)
        {
            return false;
        }

        for (int f = group.FirstFeature; f < group.FirstFeature + group.FeatureCount; f++)
        {
            SlotTimeline timeline = _plan.Features[f].Timeline;
            if (timeline.IsEndless || timeline.LeavesAt(timeline.StartOf(givenUpMs)) > nowMs
                || (timeline.Session is not null && _block.ListSlots(f, ref _slots) > 0 && _slots[0].StartMs <= givenUpMs))
            {
                return true;
            }
        }

        return false;
    }

    private void IndexFields(GroupPlan group)
    {
        for (int f = group.FirstFeature; f < group.FirstFeature + group.FeatureCount; f++)
        {
            int windows = _plan.Features[f].Timeline.Windows.Count;
            _fieldsOf[f] = new WindowFieldPlan?[windows][];
            _fieldIndexOf[f] = new int[windows][];
            for (int w = 0; w < windows; w++)
            {
                var indexes = new List<int>();
                var fields = new List<WindowFieldPlan>();
                for (int i = 0; i < group.Fields.Count; i++)
                {
                    if (group.Fields[i] is WindowFieldPlan field && field.Feature == f && field.Window == w)
                    {
                        indexes.Add(i);
                        fields.Add(field);
                    }
                }

                _fieldsOf[f][w] = [.. fields];
                _fieldIndexOf[f][w] = [.. indexes];
            }
        }
    }

    /// <summary>A plug-in that fails, or is switched off, costs its own fields: they are absent, its slots stay and age.</summary>
    private void EvaluateSupervised(GroupPlan group, int feature, long nowMs, long idleExit, GroupValues values)
    {
        if (_parts[feature] is not { } part)
        {
            EvaluateFeature(group, feature, nowMs, idleExit, values, isOff: false);
            return;
        }

        if (part.IsOff)
        {
            _rates[feature] = default;
            EvaluateFeature(group, feature, nowMs, idleExit, values, isOff: true);
            return;
        }

        _rates[feature].Call();
        try
        {
            EvaluateFeature(group, feature, nowMs, idleExit, values, isOff: false);
        }
#pragma warning disable CA1031 // A plug-in may throw anything; it costs that feature its value, never the shard.
        catch (Exception error)
#pragma warning restore CA1031
        {
            part.CountFault(error.Message);
            Faults.Add(new FeatureFault(feature, error));
            if (_rates[feature].Fail() && part.TrySwitchOff(error.Message))
            {
                SwitchedOff = feature;
            }

            EvaluateFeature(group, feature, nowMs, idleExit, values, isOff: true);
        }
    }

    private void EvaluateFeature(GroupPlan group, int feature, long nowMs, long idleExit, GroupValues values, bool isOff)
    {
        FeaturePlan plan = _plan.Features[feature];
        if (plan.IsIdleBound && idleExit <= nowMs && _block.HasSlots(feature))
        {
            _block.DropAll(feature);
            values.IsCompacted = true;
        }

        WindowBounds bounds = _block.BoundsAt(feature, nowMs);
        int count = List(feature, nowMs, values, isOff);
        long spentAt = long.MaxValue;
        if (count > 0 && plan.Aggregate.AgeingStepMs > 0 && Age(plan, feature, count, nowMs, values, isOff, ref spentAt))
        {
            count = 0;
        }

        ReadOnlySpan<SlotReference> slots = _slots.AsSpan(0, count);
        if (count > 0)
        {
            values.IsAlive = true;
            long lastExit = !plan.Timeline.IsEndless ? LeavesAt(plan.Timeline, slots[^1])
                : plan.IsIdleBound ? idleExit : long.MaxValue;
            values.LastExitMs = Math.Max(values.LastExitMs, Math.Min(lastExit, spentAt));
            if (plan.IsIdleBound)
            {
                values.NextDueMs = Math.Min(values.NextDueMs, idleExit);
            }
        }

        if (isOff || !TryEvaluateNested(feature, bounds, slots, nowMs, values))
        {
            EvaluateEach(feature, bounds, slots, nowMs, values, isOff);
        }
    }

    /// <summary>Evaluates each window by itself.</summary>
    private void EvaluateEach(int feature, WindowBounds bounds, ReadOnlySpan<SlotReference> slots, long nowMs, GroupValues values, bool isOff)
    {
        IReadOnlyList<FeatureWindow> windows = _plan.Features[feature].Timeline.Windows;
        for (int w = 0; w < windows.Count; w++)
        {
            ReadOnlySpan<SlotReference> inside = windows[w] is SessionWindow session
                ? SessionAt(session, slots, nowMs, values)
                : Inside(windows[w], slots, isOff ? bounds.Search(w, slots) : bounds.Inside(w, slots), values);
            WindowFieldPlan?[] fields = _fieldsOf[feature][w];
            for (int i = 0; i < fields.Length; i++)
            {
                values.Set(_fieldIndexOf[feature][w][i], isOff ? FieldValue.Absent : EvaluateWindow(feature, fields[i]!, inside, nowMs, values));
            }
        }
    }

    /// <summary>
    /// Evaluates windows that end with the same slot, the shortest first, in one go; false when they do not. Windows without a slot come
    /// first then, so the values stand in the order in which they stand otherwise, and have the same hash.
    /// </summary>
    private bool TryEvaluateNested(int feature, WindowBounds bounds, ReadOnlySpan<SlotReference> slots, long nowMs, GroupValues values)
    {
        SlotTimeline timeline = _plan.Features[feature].Timeline;
        if (timeline.Windows.Count < 2 || timeline.Family != SlotFamily.Time || slots.IsEmpty)
        {
            return false;
        }

        _run.Clear(values, nowMs);
        int first = int.MaxValue;
        int end = bounds.Inside(0, slots).End;
        for (int w = 0; w < timeline.Windows.Count; w++)
        {
            (int First, int End) inside = bounds.Inside(w, slots);
            if (inside.End != end || inside.First > first || _fieldsOf[feature][w].Length != 1)
            {
                return false;
            }

            first = Math.Min(inside.First, end);
            _run.Add(timeline.Windows[w], _fieldsOf[feature][w][0]!, _fieldIndexOf[feature][w][0], first);
        }

        for (int w = 0; w < timeline.Windows.Count; w++)
        {
            Inside(timeline.Windows[w], slots, bounds.Inside(w, slots), values);
        }

        FeatureAggregate aggregate = _plan.Features[feature].Aggregate;
        int empty = _run.WriteEmpty(end, aggregate.EmptyValue);
        if (empty < timeline.Windows.Count)
        {
            aggregate.EvaluateNested(_block.View(feature, slots[..end], nowMs), _run);
            _run.Finish();
        }

        return true;
    }

    /// <summary>Lists a feature's slots once they are dropped and folded.</summary>
    private int List(int feature, long nowMs, GroupValues values, bool isOff)
    {
        bool isChanged;
        int count;
        if (isOff)
        {
            isChanged = DropIfLeft(feature, nowMs);
            count = _block.ListSlots(feature, ref _slots);
        }
        else
        {
            count = _block.ListCompacted(feature, nowMs, ref _slots, out isChanged);
        }

        values.IsCompacted |= isChanged;
        return count;
    }

    /// <summary>The slots in a window; lowers the next due time to the first that leaves or enters.</summary>
    private static ReadOnlySpan<SlotReference> Inside(
        FeatureWindow window, ReadOnlySpan<SlotReference> slots, (int First, int End) inside, GroupValues values)
    {
        if (inside.End < slots.Length)
        {
            values.NextDueMs = Math.Min(values.NextDueMs, window.EntersAt(slots[inside.End].StartMs));
        }

        if (inside.First >= inside.End)
        {
            return default;
        }

        values.NextDueMs = Math.Min(values.NextDueMs, window.LeavesAt(slots[inside.First].StartMs));
        return slots[inside.First..inside.End];
    }

    /// <summary>The session that is going on; lowers the next due time to when one begins, closes or is forgotten.</summary>
    private ReadOnlySpan<SlotReference> SessionAt(
        SessionWindow window, ReadOnlySpan<SlotReference> slots, long nowMs, GroupValues values)
    {
        ReadOnlySpan<SlotReference> inside = default;
        for (int i = 0; i < slots.Length; i++)
        {
            if (slots[i].StartMs > nowMs)
            {
                values.NextDueMs = Math.Min(values.NextDueMs, slots[i].StartMs);
                break;
            }

            long last = _block.HiddenOf(slots[i]);
            if (nowMs < last + window.GapMs)
            {
                inside = slots.Slice(i, 1);
                values.NextDueMs = Math.Min(values.NextDueMs, last + window.GapMs);
            }
            else
            {
                values.NextDueMs = Math.Min(values.NextDueMs, window.LeavesAt(last));
            }
        }

        return inside;
    }

    private long LeavesAt(SlotTimeline timeline, in SlotReference slot) =>
        timeline.Session is { } session ? session.LeavesAt(_block.HiddenOf(slot)) : timeline.LeavesAt(slot.StartMs);

    /// <summary>Drops the state of an ageing feature when it is spent, and says so; else sets when it is looked at again and when it will be.</summary>
    private bool Age(FeaturePlan plan, int feature, int count, long nowMs, GroupValues values, bool isOff, ref long spentAt)
    {
        if (!isOff)
        {
            SlotList all = _block.View(feature, _slots.AsSpan(0, count), nowMs);
            if (plan.Aggregate.IsSpent(all))
            {
                _block.DropAll(feature);
                values.IsCompacted = true;
                return true;
            }

            spentAt = plan.Aggregate.SpentAtMs(all);
        }

        long step = plan.Aggregate.AgeingStepMs;
        values.NextDueMs = Math.Min(values.NextDueMs, SlotWidths.Floor(nowMs, step) + step);
        return false;
    }

    /// <summary>Without its plug-in a feature's slots can neither be folded nor released one by one: they go together once the last has left.</summary>
    private bool DropIfLeft(int feature, long nowMs)
    {
        SlotTimeline timeline = _plan.Features[feature].Timeline;
        int count = _block.ListSlots(feature, ref _slots);
        if (count == 0 || timeline.IsEndless || LeavesAt(timeline, _slots[count - 1]) > nowMs)
        {
            return false;
        }

        _block.DropAll(feature);
        return true;
    }

    private FieldValue EvaluateWindow(
        int feature, WindowFieldPlan field, ReadOnlySpan<SlotReference> slots, long nowMs, GroupValues values)
    {
        FeatureWindow window = _plan.Features[feature].Timeline.Windows[field.Window];
        FeatureValueWriter writer = values.Writer;
        writer.Begin();
        if (field.WarmAtMs != long.MinValue && IsWarming(window, field.WarmAtMs, slots, nowMs))
        {
            writer.Flag(ValueQuality.Warming);
        }

        if (!slots.IsEmpty)
        {
            _plan.Features[feature].Aggregate.Evaluate(_block.View(feature, slots, nowMs, window.LengthMs), writer);
        }
        else
        {
            FieldRun.WriteEmpty(writer, _plan.Features[feature].Aggregate.EmptyValue);
        }

        return FieldRun.ValueOf(writer);
    }

    // A session that began long enough after rows were first counted is whole, and so are rows that are all newer.
    private static bool IsWarming(FeatureWindow window, long warmAtMs, ReadOnlySpan<SlotReference> slots, long nowMs) => window switch
    {
        LastRowsWindow rows => slots.Length < rows.Count || slots[0].StartMs < warmAtMs,
        SessionWindow when !slots.IsEmpty => slots[0].StartMs < warmAtMs,
        _ => nowMs < warmAtMs,
    };

    private static ulong HashOf(GroupValues values)
    {
        ulong hash = StableHash.Of(values.Bytes);
        foreach (FieldValue field in values.Fields)
        {
            hash = (hash ^ ((ulong)(uint)field.Length << 16 | (ulong)field.Kind << 8 | (ulong)field.Quality)) * 0x9E3779B97F4A7C15;
            hash ^= hash >> 29;
        }

        return hash == 0 ? 1 : hash;
    }
}
