namespace FeatureActors.Node.Hosting.Plugins;

/// <summary>What <see cref="SharedSwitches"/> needs of the node: its own switches.</summary>
internal interface ISwitchedNode
{
    /// <summary>What is off on this node, each with the reason.</summary>
    IReadOnlyDictionary<string, string> PluginsOff { get; }

    /// <summary>Switches a part; nothing happens when this node has none of the name.</summary>
    Task SwitchPluginAsync(string part, bool isOn, string reason, CancellationToken cancellationToken);
}
