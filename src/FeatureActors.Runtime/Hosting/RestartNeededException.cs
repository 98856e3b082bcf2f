using FeatureActors.Abstractions.Errors;

namespace FeatureActors.Runtime.Hosting;

/// <summary>The process must be started again: calls of plug-ins that never return hold too many of its threads.</summary>
/// <param name="message">What happened.</param>
public sealed class RestartNeededException(string message) : FeatureActorsException(message)
{
    /// <inheritdoc/>
    public override bool IsTransient => false;
}
