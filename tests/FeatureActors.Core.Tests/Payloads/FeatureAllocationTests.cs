using FeatureActors.Abstractions.Features;
using FeatureActors.TestKit.Features;

namespace FeatureActors.Core.Tests.Payloads;

public sealed class FeatureAllocationTests
{
    public static TheoryData<string> CaseNames => BuiltInFeatureTypesTests.CaseNames;

    [Theory]
    [MemberData(nameof(CaseNames))]
    public void Apply_merge_evaluate_and_release_allocate_nothing_after_warm_up(string name)
    {
        FeatureAggregate aggregate = FeatureCase.All.Single(c => c.ToString() == name).Aggregate;
        var random = new Random(7);
        SampleRow[] rows = [.. Enumerable.Range(0, 400).Select(_ => FeatureCase.NewRow(random, random.Next(8_000)))];
        var storage = new ArraySlotStorage();
        var value = new FeatureValueWriter();
        byte[] payload = new byte[1 << 20];
        SlotReference[] slots = new SlotReference[2];
        Round();
        Round();

        // The smallest of a few rounds: the runtime itself may allocate once while it recompiles a method.
        long least = long.MaxValue;
        for (int i = 0; i < 5; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Round();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);

        void Round()
        {
            storage.OpenShared([]);
            storage.Open(0, []);
            var slot = new FeatureSlot(storage);
            Apply(ref slot, 0, 200);
            int length = slot.Payload.Length;
            slot.Payload.CopyTo(payload);
            storage.Open(0, []);
            Apply(ref slot, 200, 400);
            int second = slot.Payload.Length;
            slot.Payload.CopyTo(payload.AsSpan(length));
            slots[0] = new SlotReference(0, 0, length);
            slots[1] = new SlotReference(0, length, second);
            value.Clear();
            aggregate.Evaluate(new SlotList(slots, payload, slot.Shared, 0), value);
            aggregate.Merge(payload.AsSpan(0, length), ref slot);
            aggregate.Release(ref slot);
        }

        void Apply(ref FeatureSlot slot, int from, int to)
        {
            for (int i = from; i < to; i++)
            {
                if (aggregate.Accepts(rows[i].View))
                {
                    aggregate.Apply(rows[i].View, ref slot);
                }
            }
        }
    }
}
