using System.Numerics;

namespace FeatureActors.Runtime.Entities;

/// <summary>
/// Due times of loaded entities: a hierarchical timing wheel (Varghese and Lauck 1987) with 64 buckets a level, whose lists run
/// through the entity table. Insert and remove are O(1); advancing skips empty buckets by bit scans, so a leap of years costs no
/// more than the entities that fire. Firing is exact: nothing fires before its time. Used by one shard only.
/// </summary>
internal sealed class TimingWheel(EntityTable table)
{
    private const int LevelBits = 6;
    private const int Buckets = 1 << LevelBits;

    // 64 ms × 64^6 is 139 years from the first tick, which is 1970.
    private const int UnitMs = 64;
    private const int Levels = 6;
    private const long TickMax = (1L << (LevelBits * Levels)) - 1;

    private readonly int[] _heads = MakeHeads();
    private readonly ulong[] _occupied = new ulong[Levels];
    private long _tick;

    /// <summary>Puts an entity at <paramref name="dueMs"/>, moving it when it is elsewhere; <see cref="long.MaxValue"/> takes it out.</summary>
    public void Schedule(int entity, long dueMs)
    {
        ref EntitySlot slot = ref table[entity];
        if (slot.ScheduledMs == dueMs)
        {
            return;
        }

        if (slot.ScheduledMs != long.MaxValue)
        {
            Unlink(ref slot);
        }

        slot.ScheduledMs = dueMs;
        if (dueMs != long.MaxValue)
        {
            Link(entity, ref slot);
        }
    }

    /// <summary>Takes out every entity due at or before <paramref name="nowMs"/> and adds it to <paramref name="due"/>.</summary>
    public void Advance(long nowMs, List<int> due)
    {
        long target = TickOf(nowMs);
        while (true)
        {
            int digit = (int)(_tick & (Buckets - 1));
            ulong ahead = _occupied[0] & (ulong.MaxValue << digit);
            if (ahead != 0)
            {
                long found = (_tick & ~(long)(Buckets - 1)) | (uint)BitOperations.TrailingZeroCount(ahead);
                if (found > target)
                {
                    break;
                }

                _tick = found;
                Collect((int)(found & (Buckets - 1)), nowMs, due);
                if (found == target)
                {
                    break;
                }

                _tick = found + 1;
                if ((_tick & (Buckets - 1)) == 0)
                {
                    Enter();
                }

                continue;
            }

            if (!TryDescend(target))
            {
                break;
            }
        }

        _tick = Math.Max(_tick, target);
    }

    private static int[] MakeHeads()
    {
        int[] heads = new int[Buckets * Levels];
        Array.Fill(heads, -1);
        return heads;
    }

    private static long TickOf(long timeMs) => timeMs <= 0 ? 0 : Math.Min(timeMs / UnitMs, TickMax);

    /// <summary>Moves to the next occupied bucket of a higher level, at most to <paramref name="target"/>, and spreads it below.</summary>
    private bool TryDescend(long target)
    {
        for (int level = 1; level < Levels; level++)
        {
            int shift = level * LevelBits;
            int digit = (int)(_tick >> shift) & (Buckets - 1);
            ulong ahead = digit == Buckets - 1 ? 0 : _occupied[level] & (ulong.MaxValue << (digit + 1));
            if (ahead == 0)
            {
                continue;
            }

            int bucket = BitOperations.TrailingZeroCount(ahead);
            long start = ((_tick >> (shift + LevelBits)) << (shift + LevelBits)) | ((long)bucket << shift);
            if (start > target)
            {
                return false;
            }

            _tick = start;
            Spread((level * Buckets) + bucket);
            return true;
        }

        return false;
    }

    /// <summary>Spreads the buckets that begin at the present tick: it has just carried into higher digits.</summary>
    private void Enter()
    {
        for (int level = Levels - 1; level > 0; level--)
        {
            int shift = level * LevelBits;
            if ((_tick & ((1L << shift) - 1)) == 0)
            {
                Spread((level * Buckets) + ((int)(_tick >> shift) & (Buckets - 1)));
            }
        }
    }

    private void Spread(int bucket)
    {
        int entity = Take(bucket);
        while (entity >= 0)
        {
            ref EntitySlot slot = ref table[entity];
            int next = slot.WheelNext;
            Link(entity, ref slot);
            entity = next;
        }
    }

    private void Collect(int bucket, long nowMs, List<int> due)
    {
        int entity = Take(bucket);
        while (entity >= 0)
        {
            ref EntitySlot slot = ref table[entity];
            int next = slot.WheelNext;
            if (slot.ScheduledMs <= nowMs)
            {
                slot.ScheduledMs = long.MaxValue;
                due.Add(entity);
            }
            else
            {
                Link(entity, ref slot);
            }

            entity = next;
        }
    }

    private int Take(int bucket)
    {
        int head = _heads[bucket];
        _heads[bucket] = -1;
        _occupied[bucket / Buckets] &= ~(1UL << (bucket % Buckets));
        return head;
    }

    private void Link(int entity, ref EntitySlot slot)
    {
        long tick = Math.Max(TickOf(slot.ScheduledMs), _tick);
        long differing = tick ^ _tick;
        int level = differing == 0 ? 0 : (63 - BitOperations.LeadingZeroCount((ulong)differing)) / LevelBits;
        int bucket = (level * Buckets) + ((int)(tick >> (level * LevelBits)) & (Buckets - 1));
        int head = _heads[bucket];
        slot.WheelNext = head;
        slot.WheelPrevious = -1 - bucket;
        if (head >= 0)
        {
            table[head].WheelPrevious = entity;
        }

        _heads[bucket] = entity;
        _occupied[bucket / Buckets] |= 1UL << (bucket % Buckets);
    }

    private void Unlink(ref EntitySlot slot)
    {
        if (slot.WheelNext >= 0)
        {
            table[slot.WheelNext].WheelPrevious = slot.WheelPrevious;
        }

        if (slot.WheelPrevious >= 0)
        {
            table[slot.WheelPrevious].WheelNext = slot.WheelNext;
            return;
        }

        int bucket = -1 - slot.WheelPrevious;
        _heads[bucket] = slot.WheelNext;
        if (slot.WheelNext < 0)
        {
            _occupied[bucket / Buckets] &= ~(1UL << (bucket % Buckets));
        }
    }
}
