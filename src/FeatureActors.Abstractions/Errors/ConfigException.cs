using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Abstractions.Errors;

/// <summary>A configuration or definitions file has mistakes; carries all of them at once. Leads to exit code 2.</summary>
/// <param name="errors">At least one error, in the order of their positions.</param>
public sealed class ConfigException(IReadOnlyList<ConfigError> errors)
    : FeatureActorsException(string.Join(Environment.NewLine, errors))
{
    /// <summary>Every mistake found.</summary>
    public IReadOnlyList<ConfigError> Errors { get; } = errors;

    /// <inheritdoc/>
    public override bool IsTransient => false;
}
