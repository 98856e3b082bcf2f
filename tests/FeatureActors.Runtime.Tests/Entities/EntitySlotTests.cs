using System.Runtime.CompilerServices;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Tests.Entities;

public sealed class EntitySlotTests
{
    [Fact]
    public void A_slot_has_the_size_that_the_table_counts() => Assert.Equal(EntitySlot.Size, Unsafe.SizeOf<EntitySlot>());

    [Theory]
    [InlineData(1_700_000_000_000)]
    [InlineData(400L << 32)]
    [InlineData((400L << 32) - 1)]
    public void Short_times_keep_ages_and_order_over_the_edge_of_their_range(long nowMs)
    {
        Assert.Equal(250, ShortTime.Age(ShortTime.Of(nowMs - 250), nowMs));
        Assert.Equal(-3, ShortTime.Age(ShortTime.Of(nowMs + 3), nowMs));
        Assert.Equal(ShortTime.Of(nowMs - 5), ShortTime.Older(ShortTime.Of(nowMs + 5), ShortTime.Of(nowMs - 5)));
        Assert.Equal(ShortTime.Of(nowMs), ShortTime.Older(0, ShortTime.Of(nowMs)));
        Assert.Equal(ShortTime.Of(nowMs), ShortTime.Older(ShortTime.Of(nowMs), 0));
    }
}
