namespace FeatureActors.Abstractions.Errors;

/// <summary>Base of every failure that the product expects. Broken invariants are not derived from it: they stop their shard.</summary>
/// <param name="message">What failed and where, as "could not …: … (location)".</param>
/// <param name="innerException">The cause, kept for the log; null when there is none.</param>
public abstract class FeatureActorsException(string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>True when trying again later, unchanged, can succeed.</summary>
    public abstract bool IsTransient { get; }
}
