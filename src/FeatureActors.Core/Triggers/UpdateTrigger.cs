using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Triggers;

/// <summary>
/// Evaluates a changed group a fixed time after its first change: many changes of a hot key become one write, and a single change
/// is never older than that time.
/// </summary>
/// <param name="CoalesceMs">Milliseconds between the first change and the evaluation, on the node's clock; 0 evaluates at once.</param>
public sealed record UpdateTrigger(long CoalesceMs) : ITrigger
{
    /// <summary>The trigger of a group that states none: 200 ms, which a reader does not notice and a hot key does.</summary>
    public static UpdateTrigger Default { get; } = new(200);

    /// <inheritdoc/>
    public TriggerClock Clock => TriggerClock.Processing;

    /// <inheritdoc/>
    public long NextEvaluationMs(in TriggerInput input) => input.ChangedAtMs + CoalesceMs;
}
