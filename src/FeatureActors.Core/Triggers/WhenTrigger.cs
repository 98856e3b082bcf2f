using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Triggers;

/// <summary>
/// Fires when a condition over the group's values becomes true: at an evaluation at which it is true while it was not at the one
/// before; before the first it was not. State: 1 when it was true at the last evaluation.
/// </summary>
/// <param name="condition">The condition.</param>
/// <param name="coalesceMs">Milliseconds from the first change to the evaluation.</param>
internal sealed class WhenTrigger(TriggerCondition condition, long coalesceMs) : IValueTrigger
{
    /// <inheritdoc/>
    public TriggerClock Clock => TriggerClock.Processing;

    /// <inheritdoc/>
    public int StateBytes => 1;

    /// <inheritdoc/>
    public long NextEvaluationMs(in TriggerInput input) => input.ChangedAtMs + coalesceMs;

    /// <inheritdoc/>
    public bool Fires(in TriggerValues values, Span<byte> state)
    {
        bool wasTrue = state[0] != 0;
        bool isTrue = condition.IsTrue(values);
        state[0] = isTrue ? (byte)1 : (byte)0;
        return isTrue && !wasTrue;
    }
}
