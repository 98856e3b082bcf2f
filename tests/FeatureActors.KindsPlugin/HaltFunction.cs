using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.KindsPlugin;

/// <summary><c>halt(text)</c>: the text itself.</summary>
public sealed class HaltFunction : IScalarFunction
{
    /// <inheritdoc/>
    public string Name => "halt";

    /// <inheritdoc/>
    public IReadOnlyList<ScalarSignature> Signatures { get; } = [new ScalarSignature([FieldType.String], FieldType.String)];

    /// <inheritdoc/>
    public ScalarBinding Bind(int signature, IReadOnlyList<ScalarArgument> arguments) => ScalarBinding.To(new Evaluator());

    private sealed class Evaluator : IScalarEvaluator
    {
        public void Evaluate(scoped in RowView arguments, ref ScalarResult result)
        {
            Misdeeds.Obey(arguments.GetUtf8(0), "function");
            result.SetUtf8(arguments.GetUtf8(0));
        }
    }
}
