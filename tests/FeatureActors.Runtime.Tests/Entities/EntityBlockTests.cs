using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Slots;
using FeatureActors.Core.Windows;

namespace FeatureActors.Runtime.Tests.Entities;

public sealed class EntityBlockTests
{
    private static readonly SlidingWindow[][] Timelines =
    [
        [SlidingWindow.Of("a", 20, 1)],
        [SlidingWindow.Of("a", 20, 1), SlidingWindow.Of("b", 100, 15), SlidingWindow.Of("c", 600, 60)],
        [SlidingWindow.Of("a", 30, 5), SlidingWindow.Lifetime("life")],
        [SlidingWindow.Lifetime("life")],
        [SlidingWindow.Of("a", 100, 1), SlidingWindow.Of("b", 90, 15), SlidingWindow.Of("c", 50, 10, 70)],
    ];

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 300)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Random_slot_operations_leave_what_a_sorted_dictionary_holds(int seed)
    {
        var random = new Random(seed);
        EntityPlan plan = BlockPlans.Of(1, Timelines);
        var layout = new EntityLayout(plan);
        var block = new EntityBlock(layout, new ArrayBlockMemory());
        byte[] key = new byte[random.Next(1, 40)];
        random.NextBytes(key);
        block.Create(key);
        var model = new Model(Timelines.Length);
        long now = random.Next(0, 1000);
        for (int step = 0; step < 150; step++)
        {
            int f = random.Next(Timelines.Length);
            string done = Change(random, block, plan, model, f, ref now, key, ref layout);
            if (done == "load")
            {
                var other = new EntityBlock(layout, new ArrayBlockMemory());
                byte[] saved = new byte[block.SavedBytesMax];
                other.Load(saved.AsSpan(0, block.Save(saved)));
                block = other;
            }

            AssertSame(block, model, key, $"seed {seed}, step {step}: {done} on feature {f} at {now}");
        }
    }

    [Fact]
    public void What_a_trigger_remembers_is_stored_and_goes_with_its_trigger_alone()
    {
        EntityLayout both = WithTriggers(11, 12);
        var block = new EntityBlock(both, new ArrayBlockMemory());
        block.Create("k"u8);
        Put(block.Open(0, 5), [1, 2, 3]);
        Assert.Equal(new byte[Remembering.Bytes], block.TriggerState(11, Remembering.Bytes).ToArray());
        block.TriggerState(11, Remembering.Bytes)[1] = 7;
        block.TriggerState(12, Remembering.Bytes)[2] = 8;
        Put(block.Open(0, 6), [4]);

        EntityBlock again = Reload(Reload(block, both), both);
        Assert.Equal([0, 7, 0], again.TriggerState(11, Remembering.Bytes).ToArray());
        Assert.Equal([0, 0, 8], again.TriggerState(12, Remembering.Bytes).ToArray());

        EntityBlock without = Reload(again, WithTriggers(12));
        EntityBlock back = Reload(without, both);
        Assert.Equal([0, 0, 0], back.TriggerState(11, Remembering.Bytes).ToArray());
        Assert.Equal([0, 0, 8], back.TriggerState(12, Remembering.Bytes).ToArray());

        back.ForgetTriggers(both.Plan.Groups[0]);
        Assert.Equal([0, 0, 0], back.TriggerState(12, Remembering.Bytes).ToArray());
        Assert.Equal("k"u8.ToArray(), back.Key.ToArray());
    }

    [Fact]
    public void The_last_id_given_up_early_is_stored()
    {
        var layout = new EntityLayout(BlockPlans.Of(1, [SlidingWindow.Of("a", 20, 1)]));
        var block = new EntityBlock(layout, new ArrayBlockMemory());
        block.Create("k"u8);
        Assert.Equal(long.MinValue, block.IdsGivenUpMs);
        block.TryRemember(1, 50, 0, 2, out _);
        block.TryRemember(2, 40, 0, 2, out _);
        Assert.Equal(long.MinValue, block.IdsGivenUpMs);
        block.TryRemember(3, 60, 0, 2, out bool isTruncated);
        Assert.True(isTruncated);
        Assert.Equal(40, Reload(block, layout).IdsGivenUpMs);
    }

    [Fact]
    public void A_section_of_an_unknown_feature_is_kept_until_its_number_is_known_again()
    {
        var old = new EntityLayout(BlockPlans.Of(1, [SlidingWindow.Of("a", 20, 1)], [SlidingWindow.Of("a", 20, 1)]));
        var block = new EntityBlock(old, new ArrayBlockMemory());
        block.Create("k"u8);
        Put(block.Open(0, 5), [1, 2, 3]);
        Put(block.Open(1, 7), [9]);
        block.TryRemember(77, 5, 0, 10, out _);

        EntityBlock narrow = Reload(block, new EntityLayout(BlockPlans.Of(2, [SlidingWindow.Of("a", 20, 1)])));
        Assert.Equal([9], Slots(narrow, 0)[7]);
        Assert.False(narrow.IsEmpty);
        Put(narrow.Open(0, 8), [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]);
        Put(narrow.Open(0, 3), [5]);

        EntityBlock wide = Reload(Reload(narrow, new EntityLayout(BlockPlans.Of(9, [SlidingWindow.Of("a", 20, 1)]))), old);
        Assert.Equal([1, 2, 3], Slots(wide, 0)[5]);
        Assert.Equal([3L, 7L, 8L], Slots(wide, 1).Keys.ToArray());
        Assert.False(wide.TryRemember(77, 5, 0, 10, out _));
    }

    [Fact]
    public void A_damaged_byte_anywhere_is_refused()
    {
        var layout = new EntityLayout(BlockPlans.Of(1, [SlidingWindow.Of("a", 20, 1)]));
        var block = new EntityBlock(layout, new ArrayBlockMemory());
        block.Create("key"u8);
        Put(block.Open(0, 5), [1, 2, 3]);
        byte[] saved = new byte[block.SavedBytesMax];
        int length = block.Save(saved);
        for (int i = 0; i < length; i++)
        {
            byte[] damaged = [.. saved.AsSpan(0, length)];
            damaged[i] ^= 0x10;
            Assert.Throws<StateFormatException>(() => new EntityBlock(layout, new ArrayBlockMemory()).Load(damaged));
        }
    }

    [Fact]
    public void Event_ids_are_remembered_until_they_are_too_old_or_too_many()
    {
        var layout = new EntityLayout(BlockPlans.Of(1, [SlidingWindow.Of("a", 20, 1)]));
        var block = new EntityBlock(layout, new ArrayBlockMemory());
        block.Create("key"u8);
        for (ulong i = 1; i <= 16; i++)
        {
            Assert.True(block.TryRemember(i * 977, (long)i, 0, 16, out bool early));
            Assert.False(early);
        }

        Assert.False(block.TryRemember(3 * 977, 3, 0, 16, out _));
        Assert.True(block.TryRemember(17 * 977, 17, 0, 16, out bool truncated));
        Assert.True(truncated);
        Assert.True(block.TryRemember(1 * 977, 1, 10, 16, out truncated));
        Assert.False(truncated);
        Assert.False(block.TryRemember(12 * 977, 12, 10, 16, out _));
    }

    private static string Change(
        Random random, EntityBlock block, EntityPlan plan, Model model, int f, ref long now, byte[] key, ref EntityLayout layout)
    {
        SlotTimeline timeline = plan.Features[f].Timeline;
        switch (random.Next(12))
        {
            case < 5:
                long start = timeline.StartOf(now + (random.Next(4) == 0 ? random.Next(-200, 30) : random.Next(-3, 3)));
                byte[] bytes = new byte[random.Next(12) == 0 ? random.Next(100, 400) : random.Next(1, 6)];
                random.NextBytes(bytes);
                Append(block.Open(f, start), bytes);
                model.Slot(f, start).AddRange(bytes);
                return $"append {bytes.Length} to {start}";
            case 5 when model.Slots[f].Count > 0:
                long cut = model.Slots[f].Keys.ElementAt(random.Next(model.Slots[f].Count));
                List<byte> content = model.Slots[f][cut];
                int from = random.Next(content.Count);
                int count = random.Next(content.Count - from);
                block.Open(f, cut).SplicePayload(from, -count);
                content.RemoveRange(from, count);
                return $"cut {count} of {cut}";
            case 6 when model.Slots[f].Count > 0:
                long shared = model.Slots[f].Keys.ElementAt(random.Next(model.Slots[f].Count));
                FeatureSlot slot = block.Open(f, shared);
                int at = random.Next(model.Shared[f].Count + 1);
                int added = random.Next(1, 30);
                slot.SpliceShared(at, added);
                slot.Shared.Slice(at, added).Fill((byte)added);
                model.Shared[f].InsertRange(at, Enumerable.Repeat((byte)added, added));
                Assert.Equal(model.Slots[f][shared], slot.Payload.ToArray());
                return $"share {added}";
            case 7:
                now += random.Next(5) == 0 ? random.Next(300) : random.Next(10);
                bool isChanged = block.Compact(f, now);
                Assert.Equal(model.Compact(f, timeline, now), isChanged);
                return "compact";
            case 8 when random.Next(6) == 0:
                block.DropAll(f);
                model.Drop(f);
                return "drop";
            case 9:
                ulong id = (ulong)random.Next(30) * 0x9E3779B97F4A7C15;
                Assert.Equal(model.Ids.Add(id), block.TryRemember(id, now, long.MinValue, 1000, out _));
                return "id";
            case 10:
                block.SeeEvent(0, now);
                model.LastEvent = Math.Max(model.LastEvent, now);
                block.SetGroup(0, block.Group(0) with { NextDueMs = now + 5 });
                model.Due = now + 5;
                return "group";
            default:
                return "load";
        }
    }

    private static void AssertSame(EntityBlock block, Model model, byte[] key, string context)
    {
        Assert.True(key.AsSpan().SequenceEqual(block.Key), context);
        Assert.Equal(model.LastEvent, block.Group(0).LastEventMs);
        Assert.Equal(model.Due, block.NextDueMs);
        Assert.Equal(model.Slots.All(s => s.Count == 0), block.IsEmpty);
        for (int f = 0; f < model.Slots.Length; f++)
        {
            SortedDictionary<long, byte[]> slots = Slots(block, f);
            Assert.True(model.Slots[f].Keys.SequenceEqual(slots.Keys), $"{context}: starts of {f}: {string.Join(' ', model.Slots[f].Keys)} expected, {string.Join(' ', slots.Keys)} found");
            foreach ((long start, List<byte> expected) in model.Slots[f])
            {
                Assert.True(expected.Order().SequenceEqual(slots[start].Order()), $"{context}: slot {start} of {f}");
            }

            if (model.Slots[f].Count > 0)
            {
                var references = new SlotReference[1];
                int count = block.ListSlots(f, ref references);
                Assert.True(model.Shared[f].SequenceEqual(block.View(f, references.AsSpan(0, count), 0).Shared.ToArray()), $"{context}: shared of {f}");
            }
        }
    }

    private static SortedDictionary<long, byte[]> Slots(EntityBlock block, int feature)
    {
        var references = new SlotReference[1];
        int count = block.ListSlots(feature, ref references);
        var slots = new SortedDictionary<long, byte[]>();
        if (count == 0)
        {
            return slots;
        }

        SlotList list = block.View(feature, references.AsSpan(0, count), 0);
        for (int i = 0; i < count; i++)
        {
            slots.Add(list.StartMs(i), list.Payload(i).ToArray());
        }

        return slots;
    }

    private static void Put(FeatureSlot slot, byte[] bytes)
    {
        slot.ResizePayload(bytes.Length);
        bytes.CopyTo(slot.Payload);
    }

    private static void Append(FeatureSlot slot, byte[] bytes)
    {
        int length = slot.Payload.Length;
        slot.ResizePayload(length + bytes.Length);
        bytes.CopyTo(slot.Payload[length..]);
    }

    private static EntityLayout WithTriggers(params ulong[] ids)
    {
        EntityPlan plan = BlockPlans.Of(1, [SlidingWindow.Of("a", 20, 1)]);
        return new EntityLayout(plan with
        {
            Groups = [plan.Groups[0] with { Triggers = [.. ids.Select(static id => new TriggerPlan(new Remembering(), id, default))] }],
        });
    }

    private sealed class Remembering : IValueTrigger
    {
        public const int Bytes = 3;

        public TriggerClock Clock => TriggerClock.Processing;

        public int StateBytes => Bytes;

        public long NextEvaluationMs(in TriggerInput input) => input.ChangedAtMs;

        public bool Fires(in TriggerValues values, Span<byte> state) => false;
    }

    private static EntityBlock Reload(EntityBlock block, EntityLayout layout)
    {
        byte[] saved = new byte[block.SavedBytesMax];
        int length = block.Save(saved);
        var loaded = new EntityBlock(layout, new ArrayBlockMemory());
        loaded.Load(saved.AsSpan(0, length));
        return loaded;
    }

    private sealed class Model(int features)
    {
        public SortedDictionary<long, List<byte>>[] Slots { get; } = [.. Enumerable.Range(0, features).Select(_ => new SortedDictionary<long, List<byte>>())];

        public List<byte>[] Shared { get; } = [.. Enumerable.Range(0, features).Select(_ => new List<byte>())];

        public HashSet<ulong> Ids { get; } = [];

        public long LastEvent { get; set; } = long.MinValue;

        public long Due { get; set; } = long.MaxValue;

        public List<byte> Slot(int feature, long start) =>
            Slots[feature].TryGetValue(start, out List<byte>? slot) ? slot : Slots[feature][start] = [];

        public void Drop(int feature)
        {
            Slots[feature].Clear();
            Shared[feature].Clear();
        }

        public bool Compact(int feature, SlotTimeline timeline, long now)
        {
            bool isChanged = false;
            while (true)
            {
                long aged = Slots[feature].Keys.FirstOrDefault(s => !timeline.TryFold(s, now, out long t) || t != s, long.MaxValue);
                if (aged == long.MaxValue)
                {
                    return isChanged;
                }

                isChanged = true;
                if (timeline.TryFold(aged, now, out long target))
                {
                    Slot(feature, target).AddRange(Slots[feature][aged]);
                }
                else if (Shared[feature].Count > 0)
                {
                    Shared[feature].RemoveAt(0);
                }

                Slots[feature].Remove(aged);
                if (Slots[feature].Count == 0)
                {
                    Drop(feature);
                }
            }
        }
    }
}
