using System.Reflection;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Plugins;

namespace FeatureActors.Core.Tests.Plugins;

public sealed class PluginAggregateTests
{
    [Fact]
    public void Every_member_that_an_aggregate_may_have_is_passed_on_to_the_plug_in()
    {
        IEnumerable<string> forgotten = typeof(FeatureAggregate).GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(static m => m.IsVirtual && m.DeclaringType == typeof(FeatureAggregate))
            .Where(static m => typeof(PluginAggregate).GetMethod(
                m.Name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, [.. m.GetParameters().Select(static p => p.ParameterType)])!
                .DeclaringType != typeof(PluginAggregate))
            .Select(static m => m.Name);

        Assert.Empty(forgotten);
    }

    [Fact]
    public void A_type_whose_values_carry_an_error_must_say_how_large()
    {
        PluginFaultException error = Assert.Throws<PluginFaultException>(
            static () => new PluginAggregate(new Guess(null), new PluginPart("p", "feature", "g.f")));

        Assert.Equal("it is Approximate and does not say how far its values may be off: override Accuracy", error.Message);
        Assert.Equal("within 2 %", new PluginAggregate(new Guess("within 2 %"), new PluginPart("p", "feature", "g.f")).Accuracy);
    }

    [Fact]
    public void A_part_that_fails_now_and_then_stays_on()
    {
        var rate = default(FaultRate);
        for (int i = 0; i < 100_000; i++)
        {
            rate.Call();
            Assert.False(i % 3 == 0 && rate.Fail());
        }
    }

    [Fact]
    public void A_part_that_begins_to_fail_after_a_good_past_is_found_within_a_thousand_calls()
    {
        var rate = default(FaultRate);
        for (int i = 0; i < 1_000_000; i++)
        {
            rate.Call();
        }

        int calls = 0;
        do
        {
            calls++;
            rate.Call();
        }
        while (!rate.Fail());

        Assert.InRange(calls, FaultRate.FaultsMin, 1_000);
    }

    private sealed class Guess(string? accuracy) : FeatureAggregate
    {
        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FeatureTraits.Approximate;

        public override long PayloadBytesMax => 8;

        public override string? Accuracy => accuracy;

        public override void Apply(in RowView row, ref FeatureSlot slot) => slot.ResizePayload(8);

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into) => into.ResizePayload(8);

        public override void Evaluate(in SlotList slots, FeatureValueWriter value) => value.Write(slots.Count);
    }
}
