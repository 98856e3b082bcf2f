using FeatureActors.Core.Slots;
using FeatureActors.Core.Windows;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Tests.Entities;

public sealed class TimingWheelTests
{
    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 200)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Whatever_is_scheduled_fires_once_at_its_time_and_never_before(int seed)
    {
        var random = new Random(seed);
        var layout = new EntityLayout(BlockPlans.Of(1, [SlidingWindow.Of("a", 1000, 1)]));
        using var store = new BlockStore(new ChunkPool());
        var table = new EntityTable(store, new EntityBlock(layout, store));
        store.Attach(table);
        var wheel = new TimingWheel(table);
        int[] entities = [.. Enumerable.Range(0, random.Next(1, 200)).Select(i => table.Add((ulong)i * 7919))];
        var scheduled = new Dictionary<int, long>();
        long now = random.Next(3) == 0 ? 0 : 1_700_000_000_000 + random.Next(100_000);
        var fired = new List<int>();
        for (int step = 0; step < 600; step++)
        {
            int entity = entities[random.Next(entities.Length)];
            switch (random.Next(8))
            {
                case < 5:
                    long due = now + Distance(random);
                    wheel.Schedule(entity, due);
                    scheduled[entity] = due;
                    break;
                case 5:
                    wheel.Schedule(entity, long.MaxValue);
                    scheduled.Remove(entity);
                    break;
                default:
                    now += Math.Abs(Distance(random));
                    fired.Clear();
                    wheel.Advance(now, fired);
                    int[] expected = [.. scheduled.Where(s => s.Value <= now).Select(s => s.Key).Order()];
                    Assert.True(expected.SequenceEqual(fired.Order()), $"seed {seed}, step {step}, now {now}: expected {string.Join(' ', expected)}, fired {string.Join(' ', fired)}");
                    foreach (int one in fired)
                    {
                        scheduled.Remove(one);
                    }

                    break;
            }
        }
    }

    private static long Distance(Random random) => random.Next(7) switch
    {
        0 => random.Next(-1000, 1),
        1 => random.Next(200),
        2 => random.Next(10_000),
        3 => random.Next(10_000_000),
        4 => random.NextInt64(10_000_000_000),
        5 => random.NextInt64(400_000_000_000),
        _ => random.Next(100),
    };
}
