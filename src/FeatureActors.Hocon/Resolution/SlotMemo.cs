using FeatureActors.Abstractions.Configuration;
using FeatureActors.Hocon.Syntax;

namespace FeatureActors.Hocon.Resolution;

/// <summary>Results per number of definitions looked at; only those that hold in every context.</summary>
internal sealed class SlotMemo
{
    public Dictionary<int, ValueKind> Kinds { get; } = [];

    public Dictionary<int, ConfigNode?> Nodes { get; } = [];

    public Dictionary<(int Count, string Key), Slot?> Children { get; } = [];
}

/// <summary>What a value turns out to be; enough to decide how it merges, without resolving what is inside.</summary>
internal enum ValueKind
{
    /// <summary>Nothing: an optional substitution without a target.</summary>
    Undefined,

    /// <summary>A text, number, boolean or null.</summary>
    Scalar,

    /// <summary>An array.</summary>
    Array,

    /// <summary>An object.</summary>
    Object,
}
