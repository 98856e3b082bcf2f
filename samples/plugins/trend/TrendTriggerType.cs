using FeatureActors.Abstractions.Features;

namespace Samples.Plugins.Trend;

/// <summary>
/// <c>{ on = "custom:trend", of = "buys:1h", by = 0.2, coalesce = 200ms }</c>: the group is written when the field's trend turns: after
/// a rise it has fallen by <c>by</c> (a fraction) below its highest value, or after a fall risen by as much above its lowest.
/// </summary>
public sealed class TrendTriggerType : ITriggerType
{
    /// <inheritdoc/>
    public string Name => "trend";

    /// <inheritdoc/>
    public ITrigger? Bind(TriggerBinding binding)
    {
        ArgumentNullException.ThrowIfNull(binding);
        double by = binding.Number("by", 0.1, 0.001, 1);
        long coalesceMs = binding.DurationMs("coalesce", 200, 0, 3_600_000);
        return binding.RequiredField("of", mustBeNumber: true) is { } field ? new TrendTrigger(field.Index, by, coalesceMs) : null;
    }
}
