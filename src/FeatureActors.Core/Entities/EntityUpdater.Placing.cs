using System.Numerics;
using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Entities;

/// <content>Which slots take a row; rows that no feature looks at are told apart by it alone.</content>
public sealed partial class EntityUpdater
{
    private const int CountedMax = 16;

    private readonly int[] _timelines;
    private readonly Cell[] _cells;
    private readonly RowPlacement _placement;

    // For features that take every row and only count them; null for others.
    private readonly IRowCounter?[] _counters;

    // Groups, by number, with features that are more than a count of rows.
    private readonly ulong _uncountedGroups;

    // Groups, by number, whose state may be dropped for idleness: where a row goes then depends on the entity.
    private readonly ulong _idleGroups;

    // Where counted rows of the batch go. A batch has rows of few slots; when it has more, the others are applied one by one.
    private readonly RowPlacement[] _counted = new RowPlacement[CountedMax];
    private int _countedCount;
    private bool _isWall;
    private long _clockMs;

    // Features that are newer than the definitions that made the rows take none of them. Mostly none is.
    private readonly long[] _since;
    private readonly long _newest;
    private long _version = long.MaxValue;
    private bool _hasNewer;

    /// <summary>Begins a batch.</summary>
    /// <param name="clock">What moves T.</param>
    /// <param name="nowMs">The time T, which stays as it is for all rows of the batch; <see cref="long.MinValue"/> while unknown.</param>
    /// <param name="version">Version of the definitions that made the rows; features that came later take none of them.</param>
    public void BeginBatch(ClockKind clock, long nowMs, long version)
    {
        if (version != _version)
        {
            _version = version;
            _hasNewer = version < _newest;
            _placement.Forget();
        }

        _isWall = clock == ClockKind.Wall;
        _clockMs = nowMs;
        _countedCount = 0;
    }

    /// <summary>
    /// Where a row of the batch goes, when no feature looks at it: all that matters is how many such rows an entity has. Those of one
    /// place are then given to <see cref="ApplyCounted"/> together.
    /// </summary>
    /// <returns>The place, or −1 when the row must be applied by itself.</returns>
    public int PlaceOf(in RowHead head)
    {
        long idleNowMs = IdleNowOf(head);
        return FindPlace(head, Math.Min(_clockMs, idleNowMs), idleNowMs);
    }

    /// <summary>As <see cref="PlaceOf(in RowHead)"/>, and which other rows of the batch go there; they need not be asked for.</summary>
    public PlacedSpan SpanOf(in RowHead head)
    {
        int place = PlaceOf(head);
        (long fromMs, long endMs) = place < 0 ? (0, 0) : _counted[place].Span;
        return PlacedSpan.Of(place, head, fromMs, endMs, isIngestAsked: _isWall, areIdsAsked: _plan.EventIdKeepMs > 0);
    }

    /// <summary>Applies rows of the open entity that <see cref="PlaceOf"/> told the same of. <see cref="Faults"/> then hold for each of them.</summary>
    /// <param name="place">Where they go.</param>
    /// <param name="rows">How many they are, retractions subtracted.</param>
    /// <param name="newestMs">Latest event time among them.</param>
    /// <returns>Groups (by place in the plan) that took the rows.</returns>
    public ulong ApplyCounted(int place, long rows, long newestMs)
    {
        ClearFaults();
        RowPlacement placement = _counted[place];
        foreach (ref readonly PlacedFeature placed in placement.Features)
        {
            AddCounted(placed, rows);
        }

        SeeEvent(placement.Taken, newestMs);
        return placement.Taken;
    }

    /// <summary>True when the row's event id decides whether it counts.</summary>
    public bool HasId(in RowHead head) => head.EventIdHash != 0 && _plan.EventIdKeepMs > 0;

    // With a wall clock the time of the row's ingest, so that a replay judges alike.
    private long IdleNowOf(in RowHead head) => _isWall ? head.IngestTimeMs : _clockMs;

    private int FindPlace(in RowHead head, long nowMs, long idleNowMs)
    {
        if (HasId(head) || (head.Groups & _uncountedGroups) != 0)
        {
            return -1;
        }

        for (int i = 0; i < _countedCount; i++)
        {
            if (_counted[i].Holds(head, nowMs, idleNowMs))
            {
                return i;
            }
        }

        if (_countedCount == CountedMax)
        {
            return -1;
        }

        RowPlacement placement = _counted[_countedCount] ??= new RowPlacement(_features.Length);
        Place(placement, head, nowMs, idleNowMs);
        if (placement.Taken == 0 || placement.Late != 0)
        {
            return -1;
        }

        return _countedCount++;
    }

    private void AddCounted(in PlacedFeature placed, long rows)
    {
        bool isOpen = false;
        try
        {
            FeatureSlot slot = _block.Open(placed.Feature, placed.StartMs);
            isOpen = true;
            _counters[placed.Feature]!.Add(rows, ref slot);
        }
#pragma warning disable CA1031 // Damaged state costs that feature these rows, never the shard.
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (isOpen)
            {
                _block.DiscardOpenSlotIfEmpty(placed.Feature);
            }

            Fail(placed.Feature, null, error);
        }
    }

    private void ClearFaults()
    {
        if (Faults.Count > 0)
        {
            Faults.Clear();
        }

        SwitchedOff = -1;
    }

    private void SeeEvent(ulong taken, long eventTimeMs)
    {
        while (taken != 0)
        {
            _block.SeeEvent(BitOperations.TrailingZeroCount(taken), eventTimeMs);
            taken &= taken - 1;
        }
    }

    /// <summary>Finds where a row goes, unless it is where the last one went.</summary>
    private void Place(RowPlacement placement, in RowHead head, long nowMs, long idleNowMs)
    {
        if (placement.Holds(head, nowMs, idleNowMs))
        {
            return;
        }

        placement.Begin(head.Groups, nowMs, idleNowMs);
        for (int g = 0; g < _groups.Length; g++)
        {
            if ((head.Groups >> _groups[g].Number & 1) == 0 || (_hasNewer && IsNewer(_groups[g])))
            {
                continue;
            }

            if (TryPlace(placement, g, head.EventTimeMs, nowMs, idleNowMs))
            {
                placement.Taken |= 1UL << g;
            }
            else
            {
                placement.Late |= 1UL << g;
            }
        }

        if ((head.Groups & _idleGroups) == 0)
        {
            placement.Complete();
        }
    }

    /// <summary>Finds where a row goes in one group; false when no feature of the group can hold it any more.</summary>
    private bool TryPlace(RowPlacement placement, int place, long eventTimeMs, long nowMs, long idleNowMs)
    {
        GroupPlan group = _groups[place];

        // What no window takes away lives as long as the group does: an old event counts while newer ones keep it alive.
        bool isIdleOut = group.Idle is not null
            && GroupEvaluator.IdleExit(group, Math.Max(eventTimeMs, _block.Group(place).LastEventMs)) <= idleNowMs;

        // T may be behind, after a restart for example; whether a row counts must not depend on that.
        bool isLate = nowMs < idleNowMs && !CanHold(group, eventTimeMs, idleNowMs, isIdleOut);
        bool isHeld = false;
        int timelineAt = -1;
        long start = 0;
        long slotStart = 0;
        int end = group.FirstFeature + group.FeatureCount;
        for (int f = group.FirstFeature; f < end; f++)
        {
            if (_hasNewer && _since[f] > _version)
            {
                continue;
            }

            FeaturePlan feature = _features[f];
            if (_timelines[f] != timelineAt)
            {
                timelineAt = _timelines[f];
                start = StartOf(placement, timelineAt, feature.Timeline, eventTimeMs);
                slotStart = feature.Timeline.FoldedStart(start, nowMs);
            }

            if (!isLate && CanHold(feature, start, nowMs, idleNowMs, isIdleOut))
            {
                isHeld = true;
                placement.Add(f, slotStart);
            }
        }

        if (isHeld && group.Idle is not null)
        {
            // A row that nothing takes begins no new life: what the group has leaves when T is there, in memory and in the store alike.
            ForgetIdle(place, group, Math.Max(eventTimeMs, idleNowMs));
        }

        return isHeld;
    }

    /// <summary>Start of the slot that takes an event. Rows of a batch are close in time, so it is mostly that of the row before.</summary>
    private long StartOf(RowPlacement placement, int place, SlotTimeline timeline, long timeMs)
    {
        ref Cell cell = ref _cells[place];
        if (timeMs < cell.FromMs || timeMs >= cell.EndMs)
        {
            cell.StartMs = timeline.StartOf(timeMs);
            cell.FromMs = timeline.Family == SlotFamily.Time ? cell.StartMs : timeMs;
            cell.EndMs = timeline.Family == SlotFamily.Time ? timeline.NextBoundary(timeMs) : timeMs + 1;
        }

        placement.Narrow(cell.FromMs, cell.EndMs);
        return cell.StartMs;
    }

    /// <summary>
    /// Drops what no window takes away when the group was idle for too long before this row, in event time or by the clock, though
    /// nobody evaluated it since: a leap of T must end as a slow walk would, and a replay like the first time.
    /// </summary>
    private void ForgetIdle(int place, GroupPlan group, long rowMs)
    {
        if (GroupEvaluator.IdleExit(group, _block.Group(place).LastEventMs) > rowMs)
        {
            return;
        }

        for (int f = group.FirstFeature; f < group.FirstFeature + group.FeatureCount; f++)
        {
            if (_features[f].IsIdleBound)
            {
                _block.DropAll(f);
                _undos[f]?.Forget();
            }
        }
    }

    // Rows that were made before any of its features are none of its rows, and not late either.
    private bool IsNewer(GroupPlan group) => group.FeatureCount > 0 && _since.AsSpan(group.FirstFeature, group.FeatureCount).IndexOfAnyInRange(0, _version) < 0;

    private bool CanHold(GroupPlan group, long eventTimeMs, long nowMs, bool isIdleOut)
    {
        for (int f = group.FirstFeature; f < group.FirstFeature + group.FeatureCount; f++)
        {
            FeaturePlan feature = _features[f];
            if ((!_hasNewer || _since[f] <= _version) && CanHold(feature, feature.Timeline.StartOf(eventTimeMs), nowMs, nowMs, isIdleOut))
            {
                return true;
            }
        }

        return false;
    }

    // A late row changes what a session holds, so it must not depend on how far T is whether a session takes it.
    private static bool CanHold(FeaturePlan feature, long start, long nowMs, long idleNowMs, bool isIdleOut) =>
        feature.Timeline.IsEndless ? !isIdleOut || !feature.IsIdleBound
        : feature.Timeline.Session is { } session ? start + session.LatenessMs > idleNowMs
        : start > nowMs || nowMs - start < feature.Timeline.HoldsMs || feature.Timeline.LeavesAt(start) > nowMs;

    /// <summary>A span of time in one slot of a timeline.</summary>
    private struct Cell
    {
        public long FromMs;
        public long EndMs;
        public long StartMs;
    }
}
