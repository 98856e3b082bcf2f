namespace FeatureActors.Abstractions.Errors;

/// <summary>
/// A service or disk that the node needs did not do what was asked: unreachable, timed out, full, restarting.
/// The outcome of a write is unknown. Trying again can succeed; past <c>startup-timeout</c> at start it leads to exit code 3.
/// </summary>
/// <param name="dependency">Which one and where, such as <c>redis at localhost:6379</c>; never with credentials.</param>
/// <param name="message">What failed.</param>
/// <param name="innerException">The adapter's own exception.</param>
public sealed class DependencyUnavailableException(string dependency, string message, Exception? innerException = null)
    : FeatureActorsException($"{message} ({dependency})", innerException)
{
    /// <summary>Which dependency and where.</summary>
    public string Dependency { get; } = dependency;

    /// <inheritdoc/>
    public override bool IsTransient => true;
}
