using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Slots;
using FeatureActors.Core.Tests.Definitions;

namespace FeatureActors.Core.Tests.Plugins;

/// <summary>The bound of one plug-in's slot is none for the slot that is opened next, of whatever kind that is.</summary>
public sealed class OpenSlotBoundTests
{
    [Theory]
    [InlineData("1h")]
    [InlineData("{ session = 30m }")]
    [InlineData("{ last = 1 }")]
    [InlineData("{ last = 9 }")]
    public void The_bound_of_a_slot_ends_where_the_next_slot_is_opened(string window)
    {
        var layout = new EntityLayout(Samples.Compile(Samples.Group(
            $"a {{ type = count, windows = [{window}] }}, b {{ type = count, windows = [{window}] }}", "idle-expiry = 30d")).Entities[0]);
        var block = new EntityBlock(layout, new ArrayBlockMemory());
        block.Create("k"u8);
        for (int row = 0; row < 3; row++)
        {
            int bytes = 8 * (row + 1);
            for (int feature = 0; feature < 2; feature++)
            {
                FeatureSlot slot = Open(block, layout, feature, 1_000 + row, (ulong)row);
                slot.ResizePayload(bytes);
                block.LimitOpenSlot(bytes, 0);
            }
        }
    }

    private static FeatureSlot Open(EntityBlock block, EntityLayout layout, int feature, long timeMs, ulong hash)
    {
        switch (layout.Plan.Features[feature].Timeline)
        {
            case { Session: not null }:
                return block.OpenSession(feature, timeMs);
            case { RowsMax: > 0 }:
                Assert.True(block.TryOpenRow(feature, timeMs, hash));
                return new FeatureSlot(block);
            default:
                return block.Open(feature, layout.Plan.Features[feature].Timeline.StartOf(timeMs));
        }
    }
}
