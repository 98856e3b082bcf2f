using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Triggers;

/// <summary><c>{ on = when, expr = "\"buys:1h\" > 10" }</c>.</summary>
internal sealed class WhenTriggerType : ITriggerType
{
    /// <inheritdoc/>
    public string Name => "when";

    /// <inheritdoc/>
    public ITrigger? Bind(TriggerBinding binding)
    {
        TriggerCondition? condition = binding.RequiredCondition("expr");
        long coalesce = UpdateTriggerType.ReadCoalesce(binding);
        return condition is null ? null : new WhenTrigger(condition, coalesce);
    }
}
