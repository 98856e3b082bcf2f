using FeatureActors.Runtime.Hosting;

namespace FeatureActors.Node.Hosting.Plugins;

/// <summary>The switches of a running node.</summary>
internal sealed class RuntimeSwitches(NodeRuntime runtime) : ISwitchedNode
{
    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> PluginsOff => runtime.Status.Plugins
        .Where(static p => p.IsOff).DistinctBy(static p => p.Name).ToDictionary(static p => p.Name, static p => p.OffReason ?? "");

    /// <inheritdoc/>
    public Task SwitchPluginAsync(string part, bool isOn, string reason, CancellationToken cancellationToken) =>
        runtime.SwitchPluginAsync(part, isOn, reason, cancellationToken);
}
