using FeatureActors.Abstractions.Errors;

namespace FeatureActors.Core.Slots;

/// <summary>Stored bytes are damaged or newer than this release. The shard stops with them untouched.</summary>
/// <param name="message">What was found and what to do.</param>
public sealed class StateFormatException(string message) : FeatureActorsException(message)
{
    /// <inheritdoc/>
    public override bool IsTransient => false;
}
