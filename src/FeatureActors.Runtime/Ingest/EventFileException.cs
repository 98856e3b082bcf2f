using FeatureActors.Abstractions.Errors;

namespace FeatureActors.Runtime.Ingest;

/// <summary>A file of events is not there or does not fit its source. Leads to exit code 2.</summary>
/// <param name="message">What is wrong, with the path, and what to do.</param>
/// <param name="innerException">The cause, if any.</param>
public sealed class EventFileException(string message, Exception? innerException = null) : FeatureActorsException(message, innerException)
{
    /// <inheritdoc/>
    public override bool IsTransient => false;
}
