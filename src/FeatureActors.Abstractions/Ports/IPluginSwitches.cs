namespace FeatureActors.Abstractions.Ports;

/// <summary>
/// What of the plug-ins is switched off on the nodes of a namespace, where they share a store. Methods may throw
/// <see cref="Errors.DependencyUnavailableException"/>; what they were to change may then be changed or not. Safe for concurrent calls.
/// </summary>
public interface IPluginSwitches
{
    /// <summary>Names of all parts that are off, each with the reason.</summary>
    ValueTask<IReadOnlyDictionary<string, string>> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Notes that a part is off. A part that is off already keeps its reason.</summary>
    ValueTask SwitchOffAsync(string part, string reason, CancellationToken cancellationToken);

    /// <summary>Notes that a part is on; nothing happens when it is.</summary>
    ValueTask SwitchOnAsync(string part, CancellationToken cancellationToken);
}
