using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Definitions;

namespace FeatureActors.Core.Plugins;

/// <summary>The feature type of a plug-in as definitions see it: <c>custom:&lt;name&gt;</c>. Its aggregates are supervised.</summary>
/// <param name="inner">The plug-in's type.</param>
/// <param name="plugin">Name of the plug-in.</param>
public sealed class PluginFeatureType(IFeatureType inner, string plugin) : IFeatureType
{
    /// <inheritdoc/>
    public string Name { get; } = FeatureTypeRegistry.CustomPrefix + inner.Name;

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding)
    {
        ArgumentNullException.ThrowIfNull(binding);
        try
        {
            return inner.Bind(binding) is { } aggregate
                ? new PluginAggregate(aggregate, new PluginPart(plugin, "feature", binding.FeatureName))
                : null;
        }
#pragma warning disable CA1031 // A plug-in may throw anything; it is a mistake at this place of the definitions.
        catch (Exception error)
#pragma warning restore CA1031
        {
            binding.Error("type", $"type {Name} of plug-in {plugin} failed while it was bound: {error.Message}");
            return null;
        }
    }
}
