using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Triggers;

/// <summary>The trigger types of this release that have a trigger behind them; slot expiry needs none, it always applies.</summary>
public static class BuiltInTriggerTypes
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<ITriggerType> All { get; } =
        [new UpdateTriggerType(), new TimerTriggerType(), new ChangeTriggerType(), new WhenTriggerType()];
}
