using System.Text;
using FeatureActors.Core.Sharding;
using FeatureActors.Core.Slots;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Tests.Entities;

public sealed class BlockStoreTests
{
    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 20)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Random_entities_are_what_a_dictionary_holds_through_growth_and_evacuation(int seed)
    {
        var random = new Random(seed);
        using var memory = new EntityMemory();
        (EntityTable table, EntityBlock block) = (memory.Table, memory.Block);
        var model = new Dictionary<string, List<byte>>();
        int names = random.Next(50, 3000);
        for (int step = 0; step < 20_000; step++)
        {
            string name = $"k{random.Next(names)}";
            byte[] key = Encoding.UTF8.GetBytes(name);
            ulong hash = StableHash.Of(key);
            int entity = table.Find(key, hash);
            Assert.True(model.ContainsKey(name) == (entity >= 0), $"seed {seed}, step {step}: {name}");
            bool isShrinking = step / 4000 % 2 == 1;
            if (entity < 0)
            {
                if (isShrinking && random.Next(4) != 0)
                {
                    continue;
                }

                entity = memory.Add(key, hash);
                model[name] = [];
            }
            else if (random.Next(isShrinking ? 2 : 5) == 0)
            {
                memory.Remove(entity);
                model.Remove(name);
                continue;
            }

            List<byte> content = model[name];
            if (content.Count > 0)
            {
                Assert.True(content.SequenceEqual(block.Open(0, 7).Payload.ToArray()), $"seed {seed}, step {step}: content of {name}");
            }

            byte[] more = new byte[random.Next(40) == 0 ? random.Next(3000, 9000) : random.Next(1, 60)];
            random.NextBytes(more);
            content.AddRange(more);
            var slot = block.Open(0, 7);
            int length = slot.Payload.Length;
            slot.ResizePayload(length + more.Length);
            more.CopyTo(slot.Payload[length..]);
        }

        Assert.Equal(model.Count, table.Count);
        foreach ((string name, List<byte> content) in model)
        {
            byte[] key = Encoding.UTF8.GetBytes(name);
            Assert.True(table.Find(key, StableHash.Of(key)) >= 0, $"seed {seed}: {name}");
            Assert.True(content.SequenceEqual(block.Open(0, 7).Payload.ToArray()), $"seed {seed}: content of {name}");
        }

        foreach (string name in model.Keys)
        {
            byte[] key = Encoding.UTF8.GetBytes(name);
            memory.Remove(table.Find(key, StableHash.Of(key)));
        }

        Assert.Equal(0, memory.Store.ReservedBytes);
        Assert.Equal(0, table.Count);
    }
}
