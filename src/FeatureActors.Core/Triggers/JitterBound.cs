using FeatureActors.Core.Definitions;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Triggers;

/// <summary>
/// How far exits and timers of a group may be put off: as stated, at most a tenth of the shortest time between two exits, which is the
/// finest slot where sizes and offsets are multiples of it, of the gap of sessions, which end at any time, and of every timer's period. So what is put off is written before the
/// next exit is due.
/// </summary>
internal static class JitterBound
{
    /// <summary>The bound in milliseconds.</summary>
    public static long Of(GroupDefinition group)
    {
        if (group.JitterMs == 0)
        {
            return 0;
        }

        long every = group.Triggers.Select(static t => t.Trigger).OfType<TimerTrigger>().Select(static t => t.EveryMs)
            .DefaultIfEmpty(long.MaxValue).Min();
        return Math.Min(group.JitterMs, Math.Min(ShortestBetweenExits(group), every) / 10);
    }

    private static long ShortestBetweenExits(GroupDefinition group)
    {
        FeatureWindow[] windows = [.. group.Features.SelectMany(static f => f.Windows)];
        FeatureWindow[] ending = [.. windows.Where(static w => !w.IsEndless)];
        if (group.Idle is { } idle && ending.Length < windows.Length)
        {
            ending = [.. ending, idle];
        }

        long[] steps = [.. group.Features.Select(static f => f.Aggregate.AgeingStepMs).Where(static s => s > 0)];
        if (ending.Length > 0 && steps.Length == 0 && ending.All(w => w is TumblingWindow && w.Cells.Equals(ending[0].Cells)))
        {
            return ending[0].Cells.LengthMsMin;
        }

        // Everything enters and leaves at multiples of this.
        long grid = SlotWidths.Unbounded;
        long gap = ending.OfType<SessionWindow>().Select(static w => w.GapMs).DefaultIfEmpty(long.MaxValue).Min();
        foreach (FeatureWindow window in ending.Where(static w => w is not SessionWindow))
        {
            grid = SlotWidths.CommonDivisor(grid, window.Cells.DivisorMs);
            if (window is SlidingWindow sliding)
            {
                // A slot enters at s + O and leaves at s + O + W + r, with s a multiple of r.
                grid = SlotWidths.CommonDivisor(grid, sliding.OffsetMs);
                grid = SlotWidths.CommonDivisor(grid, sliding.SizeMs);
            }
        }

        return Math.Min(gap, steps.Aggregate(grid, SlotWidths.CommonDivisor));
    }
}
