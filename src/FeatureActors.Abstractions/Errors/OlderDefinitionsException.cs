namespace FeatureActors.Abstractions.Errors;

/// <summary>
/// Events are left that an older version of the definitions routes, and that version cannot be compiled any more. The source partition
/// stands still, nothing is skipped.
/// </summary>
/// <param name="source">Source name.</param>
/// <param name="version">The version.</param>
/// <param name="reason">Why it cannot be compiled, and what to do.</param>
/// <param name="innerException">The cause, or null.</param>
public sealed class OlderDefinitionsException(string source, long version, string reason, Exception? innerException = null)
    : FeatureActorsException($"could not compile version {version} of the definitions, which routes events of source {source} that were not read yet: {reason}", innerException)
{
    /// <summary>Source name.</summary>
    public string EventSource { get; } = source;

    /// <summary>The version.</summary>
    public long Version { get; } = version;

    /// <inheritdoc/>
    public override bool IsTransient => false;
}
