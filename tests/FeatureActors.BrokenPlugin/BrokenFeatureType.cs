using FeatureActors.Abstractions.Features;

namespace FeatureActors.BrokenPlugin;

/// <summary>A feature type that cannot be created.</summary>
public sealed class BrokenFeatureType : IFeatureType
{
    /// <summary>Throws.</summary>
    /// <exception cref="InvalidOperationException">Always.</exception>
    public BrokenFeatureType() => throw new InvalidOperationException("told to throw");

    /// <inheritdoc/>
    public string Name => "broken";

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding) => null;
}
