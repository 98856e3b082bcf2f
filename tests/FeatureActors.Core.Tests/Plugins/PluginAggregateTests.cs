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

    [Theory]
    [InlineData(2, "1", null)]
    [InlineData(1, "1", "EvaluateNested stopped before the last window")]
    [InlineData(2, "[", "the value is no JSON text")]
    [InlineData(0, "1", "EvaluateNested stopped before the last window")]
    public void A_plug_in_answers_every_window_of_a_run_with_a_value(int answered, string json, string? flaw)
    {
        var aggregate = new PluginAggregate(new Answering(answered, json), new PluginPart("p", "feature", "f"));
        var windows = new TwoWindows();

        void Evaluate() => aggregate.EvaluateNested(new SlotList([new SlotReference(0, 0, 0)], default, default, 0), windows);

        if (flaw is null)
        {
            Evaluate();
            Assert.False(windows.MoveNext());
        }
        else
        {
            Assert.Equal(flaw, Assert.Throws<PluginFaultException>(Evaluate).Message);
        }
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

    private sealed class Answering(int windowsAnswered, string json) : FeatureAggregate
    {
        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FeatureTraits.None;

        public override long PayloadBytesMax => 1;

        public override void Apply(in RowView row, ref FeatureSlot slot)
        {
        }

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
        }

        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
        }

        public override void EvaluateNested(in SlotList slots, NestedWindows windows)
        {
            for (int i = 0; (i < windowsAnswered || windowsAnswered > 1) && windows.MoveNext(); i++)
            {
                windows.Value.WriteJson(System.Text.Encoding.UTF8.GetBytes(json));
            }
        }
    }

    private sealed class TwoWindows : NestedWindows
    {
        private int _at;

        public override int First => 0;

        public override long WindowMs => 0;

        public override FeatureValueWriter Value { get; } = new();

        public override bool MoveNext()
        {
            Value.Begin();
            return _at++ < 2;
        }
    }
}
