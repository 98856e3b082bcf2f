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

    private readonly Dictionary<string, IFeatureType> _byName = new(StringComparer.Ordinal);

    /// <summary>A registry of <paramref name="types"/>.</summary>
    /// <exception cref="ArgumentException">Two types have the same name, or one is called <c>ratio</c>.</exception>
    public FeatureTypeRegistry(IEnumerable<IFeatureType> types)
    {
        ArgumentNullException.ThrowIfNull(types);
        foreach (IFeatureType type in types)
        {
            if (type.Name == Ratio || !_byName.TryAdd(type.Name, type))
            {
                throw new ArgumentException($"the feature type '{type.Name}' is registered twice", nameof(types));
            }
        }
    }

    /// <summary>Types of the language that this release refuses with their own message instead of calling them unknown.</summary>
    public static IReadOnlyList<string> Promised { get; } =
    [
        "map-of-lists", "distinct", "distinct-approx", "convert",
    ];

    /// <summary>All names that can be written, <c>ratio</c> among them, in ordinal order.</summary>
    public IReadOnlyList<string> Names => [.. _byName.Keys.Append(Ratio).Order(StringComparer.Ordinal)];

    /// <summary>Finds the type called <paramref name="name"/>.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out IFeatureType? type) => _byName.TryGetValue(name, out type);
}
