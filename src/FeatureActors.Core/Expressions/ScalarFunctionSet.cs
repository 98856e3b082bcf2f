using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Expressions;

/// <summary>The functions that expressions may call. Immutable.</summary>
public sealed class ScalarFunctionSet
{
    private readonly Dictionary<string, IScalarFunction> _byName;

    private ScalarFunctionSet(IEnumerable<IScalarFunction> functions) =>
        _byName = functions.ToDictionary(function => function.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The built-in functions.</summary>
    public static ScalarFunctionSet BuiltIn { get; } =
        new([.. TextFunctions.All, .. NumberFunctions.All, .. TimeFunctions.All]);

    /// <summary>All names, as they are written by their functions.</summary>
    public IEnumerable<string> Names => _byName.Keys;

    /// <summary>These functions and <paramref name="plugIns"/>.</summary>
    /// <exception cref="ArgumentException">A name is taken already.</exception>
    public ScalarFunctionSet With(IEnumerable<IScalarFunction> plugIns) => new([.. _byName.Values, .. plugIns]);

    internal IScalarFunction? Find(string name) => _byName.GetValueOrDefault(name);
}
