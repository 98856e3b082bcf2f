using FeatureActors.Abstractions.Errors;

namespace FeatureActors.Runtime.Ingest;

/// <summary>
/// A file of events is not there, cannot be read to its end, or does not fit its source. A command ends with exit code 2; a node that
/// reads the file already tries again, for somebody may put the right one in its place.
/// </summary>
/// <param name="message">What is wrong, with the path, and what to do.</param>
/// <param name="innerException">The cause, if any.</param>
public sealed class EventFileException(string message, Exception? innerException = null) : FeatureActorsException(message, innerException)
{
    /// <inheritdoc/>
    public override bool IsTransient => true;
}
