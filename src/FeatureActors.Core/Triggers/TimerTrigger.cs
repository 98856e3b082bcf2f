using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Triggers;

/// <summary>
/// Evaluates a changed group at the next whole multiple of a period on the shard's clock, counted from the Unix epoch, so that
/// every node, also after a restart, evaluates at the same times.
/// </summary>
/// <param name="EveryMs">The period in milliseconds, positive.</param>
public sealed record TimerTrigger(long EveryMs) : ITrigger
{
    /// <inheritdoc/>
    public TriggerClock Clock => TriggerClock.Shard;

    /// <inheritdoc/>
    public long NextEvaluationMs(in TriggerInput input) => SlotWidths.Floor(input.ChangedAtMs, EveryMs) + EveryMs;
}
