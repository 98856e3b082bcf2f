using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Triggers;

namespace FeatureActors.Core.Tests.Triggers;

public sealed class TriggerTests
{
    [Fact]
    public void Update_trigger_waits_its_coalescing_time_from_the_first_change()
    {
        var trigger = new UpdateTrigger(200);
        Assert.Equal(TriggerClock.Processing, trigger.Clock);
        Assert.Equal(1_200, trigger.NextEvaluationMs(new TriggerInput(1_000, 900)));
        Assert.Equal(1_000, new UpdateTrigger(0).NextEvaluationMs(new TriggerInput(1_000, long.MinValue)));
    }

    [Theory]
    [InlineData(9_999, 10_000)]
    [InlineData(10_000, 20_000)]
    [InlineData(10_001, 20_000)]
    [InlineData(-1, 0)]
    [InlineData(-10_000, 0)]
    public void Timer_trigger_fires_at_the_next_multiple_after_the_change(long changedAtMs, long expectedMs)
    {
        var trigger = new TimerTrigger(10_000);
        Assert.Equal(TriggerClock.Shard, trigger.Clock);
        Assert.Equal(expectedMs, trigger.NextEvaluationMs(new TriggerInput(changedAtMs, long.MinValue)));
    }
}
