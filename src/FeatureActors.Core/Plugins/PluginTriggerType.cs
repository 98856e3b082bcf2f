using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Definitions;

namespace FeatureActors.Core.Plugins;

/// <summary>The trigger type of a plug-in as definitions see it: <c>on = "custom:&lt;name&gt;"</c>. Its triggers are supervised.</summary>
/// <param name="inner">The plug-in's type.</param>
/// <param name="plugin">Name of the plug-in.</param>
public sealed class PluginTriggerType(ITriggerType inner, string plugin) : ITriggerType
{
    /// <inheritdoc/>
    public string Name { get; } = FeatureTypeRegistry.CustomPrefix + inner.Name;

    /// <inheritdoc/>
    public ITrigger? Bind(TriggerBinding binding)
    {
        ArgumentNullException.ThrowIfNull(binding);
        try
        {
            var part = new PluginPart(plugin, "trigger", $"{binding.GroupName}.{inner.Name}");
            return inner.Bind(binding) switch
            {
                IValueTrigger trigger => new PluginValueTrigger(trigger, part),
                { } trigger => new PluginTrigger(trigger, part),
                null => null,
            };
        }
#pragma warning disable CA1031 // A plug-in may throw anything; it is a mistake at this place of the definitions.
        catch (Exception error)
#pragma warning restore CA1031
        {
            binding.Error("on", $"trigger {Name} of plug-in {plugin} failed while it was bound: {error.Message}");
            return null;
        }
    }
}
