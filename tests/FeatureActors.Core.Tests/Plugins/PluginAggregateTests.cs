using System.Reflection;
using FeatureActors.Abstractions.Features;
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
}
