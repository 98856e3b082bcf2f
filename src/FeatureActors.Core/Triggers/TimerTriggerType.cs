using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Triggers;

/// <summary><c>{ on = timer, every = 10s }</c>.</summary>
internal sealed class TimerTriggerType : ITriggerType
{
    private const long EveryMaxMs = 86_400_000;

    /// <inheritdoc/>
    public string Name => "timer";

    /// <inheritdoc/>
    public ITrigger Bind(TriggerBinding binding) => new TimerTrigger(binding.DurationMs("every", null, 1, EveryMaxMs));
}
