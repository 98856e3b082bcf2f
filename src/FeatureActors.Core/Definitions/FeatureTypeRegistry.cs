using System.Diagnostics.CodeAnalysis;
using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Definitions;

/// <summary>The feature types that definitions may name, built in or from plug-ins. Immutable.</summary>
public sealed class FeatureTypeRegistry
{
    /// <summary>What the name of a plug-in's type begins with.</summary>
    public const string CustomPrefix = "custom:";

    /// <summary>The word for a quotient of two features: it has no state of its own and is therefore no <see cref="IFeatureType"/>.</summary>
    public const string Ratio = "ratio";

    /// <summary>The word for an expression over other features; like a ratio it has no state.</summary>
    public const string Derived = "derived";

    private readonly Dictionary<string, IFeatureType> _byName = new(StringComparer.Ordinal);

    /// <summary>A registry of <paramref name="types"/>.</summary>
    /// <exception cref="ArgumentException">Two types have the same name, or one is called <c>ratio</c> or <c>derived</c>.</exception>
    public FeatureTypeRegistry(IEnumerable<IFeatureType> types)
    {
        ArgumentNullException.ThrowIfNull(types);
        foreach (IFeatureType type in types)
        {
            if (IsDerived(type.Name) || !_byName.TryAdd(type.Name, type))
            {
                throw new ArgumentException($"the feature type '{type.Name}' is registered twice", nameof(types));
            }
        }
    }

    /// <summary>All names that can be written, <c>ratio</c> and <c>derived</c> among them, in ordinal order.</summary>
    public IReadOnlyList<string> Names => [.. _byName.Keys.Append(Ratio).Append(Derived).Order(StringComparer.Ordinal)];

    /// <summary>True for the types that are computed from other features.</summary>
    public static bool IsDerived(string name) => name is Ratio or Derived;

    /// <summary>Finds the type called <paramref name="name"/>.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out IFeatureType? type) => _byName.TryGetValue(name, out type);
}
