using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Triggers;

/// <summary><c>{ on = update, coalesce = 200ms }</c>.</summary>
internal sealed class UpdateTriggerType : ITriggerType
{
    private const string Coalesce = "coalesce";
    private const long CoalesceMaxMs = 3_600_000;

    /// <inheritdoc/>
    public string Name => "update";

    /// <summary>The setting that all triggers on changes share.</summary>
    public static long ReadCoalesce(TriggerBinding binding) =>
        binding.DurationMs(Coalesce, UpdateTrigger.Default.CoalesceMs, 0, CoalesceMaxMs);

    /// <inheritdoc/>
    public ITrigger Bind(TriggerBinding binding) => new UpdateTrigger(ReadCoalesce(binding));
}
