using FeatureActors.Abstractions.Features;

namespace FeatureActors.Abstractions.Ports;

/// <summary>A kind of sink, as a node's configuration names it in <c>fa.sink</c>. One instance serves the whole process.</summary>
public interface IFeatureSinkType
{
    /// <summary>The word by which the configuration names it, as <c>custom:&lt;name&gt;</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Reads the settings and opens a sink, without waiting for its store: a node starts while that is away. Mistakes are reported to
    /// <paramref name="settings"/>.
    /// </summary>
    /// <param name="settings">What <c>fa.sink.settings</c> has.</param>
    /// <param name="definitionsNamespace">Namespace of the definitions: every key begins with <c>fa:&lt;namespace&gt;:</c>.</param>
    /// <param name="time">The node's clock.</param>
    /// <returns>The sink, which the node disposes, or null when a mistake was reported.</returns>
    IFeatureSink? Open(SettingsBinding settings, string definitionsNamespace, TimeProvider time);
}
