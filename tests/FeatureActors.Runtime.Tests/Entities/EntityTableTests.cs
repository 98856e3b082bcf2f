using System.Text;
using FeatureActors.Core.Sharding;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Tests.Entities;

public sealed class EntityTableTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(16)]
    public void Keys_of_one_shard_begin_their_search_all_over_the_index(int shards)
    {
        const int Size = 1 << 18;
        const int Keys = Size / 2;
        var homes = new HashSet<int>();
        int keys = 0;
        for (int i = 0; keys < Keys; i++)
        {
            ulong hash = StableHash.Of(Encoding.ASCII.GetBytes($"i{i:D8}"));
            if (StableHash.PartitionOf(hash, shards) == 0)
            {
                homes.Add(EntityTable.Spread((uint)hash) & (Size - 1));
                keys++;
            }
        }

        // Random homes: Size × (1 − e^(−Keys/Size)) of them differ, 103,144.
        Assert.InRange(homes.Count, 102_000, 105_000);
    }

    [Theory]
    [InlineData(1, ulong.MaxValue)]
    [InlineData(2, ulong.MaxValue)]
    [InlineData(3, 0xFFFF)] // Many keys with one hash.
    [InlineData(4, 0xF)]
    public void Keys_that_are_sought_together_are_found_as_each_by_itself(int seed, ulong hashBits)
    {
        var random = new Random(seed);
        using var memory = new EntityMemory();
        EntityTable table = memory.Table;
        ulong HashOf(ReadOnlySpan<byte> key) => EntityTable.HashOf(key) & hashBits;
        int names = hashBits == ulong.MaxValue ? 4000 : 400;
        for (int round = 0; round < 60; round++)
        {
            byte[] bytes = new byte[random.Next(0, 200) * 5];
            SoughtKey[] sought = new SoughtKey[bytes.Length / 5];
            for (int i = 0; i < sought.Length; i++)
            {
                Encoding.ASCII.GetBytes($"k{random.Next(names):D4}", bytes.AsSpan(i * 5));
                sought[i] = new SoughtKey { Start = i * 5, Length = 5, Hash = HashOf(bytes.AsSpan(i * 5, 5)), Entity = random.Next(-1, 5) };
            }

            table.Seek(sought, bytes);

            foreach (ref readonly SoughtKey key in sought.AsSpan())
            {
                Assert.Equal(table.Find(bytes.AsSpan(key.Start, key.Length), key.Hash), key.Entity);
            }

            foreach (ref readonly SoughtKey key in sought.AsSpan())
            {
                ReadOnlySpan<byte> name = bytes.AsSpan(key.Start, key.Length);
                int entity = table.Find(name, key.Hash);
                if (entity < 0)
                {
                    memory.Add(name, key.Hash);
                }
                else if (random.Next(4) == 0)
                {
                    memory.Remove(entity);
                }
            }
        }

        Assert.NotEqual(0, table.Count);
    }
}
