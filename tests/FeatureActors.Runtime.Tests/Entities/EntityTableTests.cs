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
}
