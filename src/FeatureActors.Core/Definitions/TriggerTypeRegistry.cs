using System.Diagnostics.CodeAnalysis;
using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Triggers;

namespace FeatureActors.Core.Definitions;

/// <summary>The trigger types that definitions may name, built in or from plug-ins. Immutable.</summary>
public sealed class TriggerTypeRegistry
{
    /// <summary>What the name of a plug-in's trigger begins with.</summary>
    public const string CustomPrefix = "custom:";

    /// <summary>The word for slot expiry, which always applies and has no trigger behind it.</summary>
    public const string Expiry = "expiry";

    private readonly Dictionary<string, ITriggerType> _byName = new(StringComparer.Ordinal);

    /// <summary>A registry of <paramref name="types"/>.</summary>
    /// <exception cref="ArgumentException">Two types have the same name, or one is called <c>expiry</c>.</exception>
    public TriggerTypeRegistry(IEnumerable<ITriggerType> types)
    {
        ArgumentNullException.ThrowIfNull(types);
        foreach (ITriggerType type in types)
        {
            if (type.Name == Expiry || !_byName.TryAdd(type.Name, type))
            {
                throw new ArgumentException($"the trigger type '{type.Name}' is registered twice", nameof(types));
            }
        }
    }

    /// <summary>The built-in types alone.</summary>
    public static TriggerTypeRegistry BuiltIn { get; } = new(BuiltInTriggerTypes.All);

    /// <summary>All names that can be written, <c>expiry</c> among them, in ordinal order.</summary>
    public IReadOnlyList<string> Names => [.. _byName.Keys.Append(Expiry).Order(StringComparer.Ordinal)];

    /// <summary>Finds the type called <paramref name="name"/>.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out ITriggerType? type) => _byName.TryGetValue(name, out type);
}
