using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Expressions;

/// <summary>Computes a function from its arguments; the same contract as <see cref="IScalarEvaluator.Evaluate"/>.</summary>
internal delegate void ScalarBody(scoped in RowView arguments, ref ScalarResult result);

/// <summary>A function of the language, written against the same interface as plug-ins: one body per signature.</summary>
internal sealed class BuiltInFunction(string name, params (ScalarSignature Signature, ScalarBody Body)[] overloads) : IScalarFunction
{
    public string Name => name;

    public IReadOnlyList<ScalarSignature> Signatures { get; } = [.. overloads.Select(overload => overload.Signature)];

    public bool IsStrict { get; init; } = true;

    public ScalarBinding Bind(int signature, IReadOnlyList<ScalarArgument> arguments) =>
        ScalarBinding.To(new BodyEvaluator(overloads[signature].Body));

    /// <summary>A signature with its body.</summary>
    public static (ScalarSignature Signature, ScalarBody Body) Of(FieldType result, ScalarBody body, params FieldType[] parameters) =>
        (new ScalarSignature(parameters, result), body);
}

internal sealed class BodyEvaluator(ScalarBody body) : IScalarEvaluator
{
    public void Evaluate(scoped in RowView arguments, ref ScalarResult result) => body(arguments, ref result);
}
