using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Windows;

namespace FeatureActors.Runtime.Tests.Entities;

/// <summary>Plans for tests of blocks: features whose payload is the list of bytes put into a slot.</summary>
internal static class BlockPlans
{
    /// <summary>One group of features over the given windows; feature numbers start at <paramref name="firstNumber"/>.</summary>
    public static EntityPlan Of(int firstNumber, params SlidingWindow[][] features) => new()
    {
        Namespace = "t",
        Entity = "e",
        Shards = 1,
        DefinitionsVersion = 1,
        Clock = ClockKind.Wall,
        Sources = ["s"],
        Columns = [],
        EventIdKeepMs = 1000,
        EventIdsMax = 50,
        Groups =
        [
            new GroupPlan
            {
                Number = 3,
                Name = "g",
                FirstFeature = 0,
                FeatureCount = features.Length,
                Fields = [],
                Triggers = [],
                Late = LatePolicy.Drop,
                Idle = null,
            },
        ],
        Features =
        [
            .. features.Select((windows, i) => new FeaturePlan
            {
                Number = firstNumber + i,
                Group = 0,
                Name = $"f{i}",
                Type = "bytes",
                Aggregate = new Bytes(),
                Timeline = new SlotTimeline(windows),
            }),
        ],
    };

    private sealed class Bytes : FeatureAggregate
    {
        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FeatureTraits.None;

        public override long PayloadBytesMax => 100_000;

        public override void Apply(in RowView row, ref FeatureSlot slot) => throw new NotSupportedException();

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
            int length = into.Payload.Length;
            into.ResizePayload(length + payload.Length);
            payload.CopyTo(into.Payload[length..]);
        }

        // Each leaving slot takes one byte of the shared part with it.
        public override void Release(ref FeatureSlot slot)
        {
            if (slot.Shared.Length > 0)
            {
                slot.SpliceShared(0, -1);
            }
        }

        public override void Evaluate(in SlotList slots, FeatureValueWriter value) => throw new NotSupportedException();
    }
}
