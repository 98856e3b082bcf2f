using FeatureActors.Abstractions.Features;

namespace FeatureActors.KindsPlugin;

/// <summary><c>custom:moody</c>: throws when it is asked for a time, or with <c>looks = true</c> when it is shown values.</summary>
public sealed class MoodyTriggerType : ITriggerType
{
    /// <inheritdoc/>
    public string Name => "moody";

    /// <inheritdoc/>
    public ITrigger? Bind(TriggerBinding binding)
    {
        ArgumentNullException.ThrowIfNull(binding);
        return !binding.Flag("looks", false) ? new Asked()
            : binding.RequiredField("of", mustBeNumber: true) is null ? null
            : new Shown();
    }

    private sealed class Asked : ITrigger
    {
        public TriggerClock Clock => TriggerClock.Processing;

        public long NextEvaluationMs(in TriggerInput input) => throw new InvalidOperationException("in no mood for a time");
    }

    private sealed class Shown : IValueTrigger
    {
        public TriggerClock Clock => TriggerClock.Processing;

        public int StateBytes => 0;

        public long NextEvaluationMs(in TriggerInput input) => input.ChangedAtMs;

        public bool Fires(in TriggerValues values, Span<byte> state) => throw new InvalidOperationException("in no mood for values");
    }
}
