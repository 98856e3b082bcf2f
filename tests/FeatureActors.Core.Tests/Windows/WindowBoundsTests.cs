using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Tests.Windows;

/// <summary>What is computed once for a time T says of every slot what the windows say of it one by one.</summary>
public sealed class WindowBoundsTests
{
    private const long Minute = 60_000;
    private const long Start = 1_700_000_000_000;

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 300)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Bounds_fold_and_hold_slots_as_the_windows_say(int seed)
    {
        var random = new Random(seed);
        var timeline = new SlotTimeline([.. Enumerable.Range(0, random.Next(1, 5)).Select(i => Window(random, i))]);
        var bounds = new WindowBounds(timeline);
        for (int step = 0; step < 20; step++)
        {
            long now = Start + random.NextInt64(40L * 24 * 60 * Minute);
            bounds.MoveTo(now);
            SlotReference[] slots = Slots(random, timeline, now);
            int aged = Array.FindIndex(slots, s => !timeline.TryFold(s.StartMs, now, out long target) || target != s.StartMs);
            Assert.True(aged == bounds.FindAged(slots, 0), $"seed {seed}: slot {aged} ages first");
            foreach (SlotReference slot in slots.Where(static s => s.StartMs != SlotWidths.UnboundedStart))
            {
                bool isHeld = timeline.TryFold(slot.StartMs, now, out long expected);
                Assert.True(isHeld == bounds.TryFold(slot.StartMs, out long target) && target == expected, $"seed {seed}: {slot.StartMs} folds to {expected}");
            }

            SlotReference[] folded = [.. slots.Where(s => timeline.TryFold(s.StartMs, now, out long target) && target == s.StartMs)];
            Assert.Equal(-1, bounds.FindAged(folded, 0));
            for (int w = 0; w < timeline.Windows.Count; w++)
            {
                FeatureWindow window = timeline.Windows[w];
                SlotReference[] inside = [.. folded.Where(s => window.IsLifetime
                    || (s.StartMs != SlotWidths.UnboundedStart && window.EntersAt(s.StartMs) <= now && now < window.LeavesAt(s.StartMs)))];
                (int first, int end) = bounds.Inside(w, folded);
                Assert.True(inside.AsSpan().SequenceEqual(first < end ? folded.AsSpan(first, end - first) : default), $"seed {seed}: window {window.Text}");
                Assert.Equal((first, end), bounds.Search(w, folded));
            }
        }
    }

    [Fact]
    public void A_late_row_is_written_where_its_slot_would_be_folded_to()
    {
        var timeline = new SlotTimeline([SlidingWindow.Of("1h", 60 * Minute, Minute), SlidingWindow.Of("1d", 1440 * Minute, 15 * Minute)]);
        long at = Start - (Start % (15 * Minute)) + (7 * Minute);
        long leaves = timeline.Shortest.LeavesAt(at);
        Assert.Equal(at, timeline.FoldedStart(at, at - Minute));
        Assert.Equal(at, timeline.FoldedStart(at, leaves - 1));
        Assert.Equal(at - (7 * Minute), timeline.FoldedStart(at, leaves));
        Assert.Equal(at, timeline.FoldedStart(at, timeline.LeavesAt(at)));
        Assert.Equal(at, timeline.FoldedStart(at, long.MinValue));
    }

    private static FeatureWindow Window(Random random, int i)
    {
        string name = FormattableString.Invariant($"w{i}");
        long slot = Minute * (1 << random.Next(6));
        return random.Next(6) switch
        {
            0 => SlidingWindow.Lifetime(name),
            1 => new TumblingWindow(name, new UniformPeriods(Minute * random.Next(1, 300)), random.Next(3)),
            2 => new TumblingWindow(name, CalendarPeriods.Find("Europe/Paris", CalendarUnit.Day)!, random.Next(2)),
            3 => SlidingWindow.Of(name, slot * random.Next(1, 60), slot, Minute * random.Next(600)),
            _ => SlidingWindow.Of(name, slot * random.Next(1, 200), slot),
        };
    }

    private static SlotReference[] Slots(Random random, SlotTimeline timeline, long now)
    {
        long span = timeline.IsEndless ? 3 * 1440 * Minute : timeline.Longest.ReachMs;
        var starts = new SortedSet<long>();
        if (timeline.IsEndless && timeline.Longest.IsLifetime && random.Next(2) == 0)
        {
            starts.Add(SlotWidths.UnboundedStart);
        }

        bool isFolded = random.Next(3) > 0;
        for (int i = random.Next(80); i > 0; i--)
        {
            long start = timeline.StartOf(now - random.NextInt64(span + (span / 4)) + random.NextInt64(span / 20));
            starts.Add(isFolded && random.Next(20) > 0 && timeline.TryFold(start, now, out long target) ? target : start);
        }

        return [.. starts.Select(static s => new SlotReference(s, 0, 0))];
    }
}
