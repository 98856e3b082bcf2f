using FeatureActors.Abstractions.Configuration;
using FeatureActors.Core.Expressions;

namespace FeatureActors.Core.Definitions;

/// <summary>Reads a feature of type <c>derived</c>: an expression over other features of the same group.</summary>
internal static class FormulaBinder
{
    /// <summary>The feature, or null when mistakes were added, here or at a feature that it reads.</summary>
    public static FormulaDefinition? Bind(string name, ConfigReader reader, DerivedBinder group)
    {
        reader.Know("type", "windows");
        SqlExpression? expression = reader.Scalar("expr") is { Text: { } text } scalar
            ? SqlExpression.Parse(text, scalar.TextPosition, reader.Errors)
            : null;
        List<PublishedFeature>? inputs = expression is null ? null : Inputs(expression, reader, group);
        FormulaDefinition? formula = null;
        if (inputs is not null)
        {
            BoundExpression? bound = ExpressionBinder.Bind(
                expression!, new InputColumns(inputs), null, reader.Errors, group.Functions);
            IReadOnlyList<string>? windows = group.WindowsOf(reader, inputs);
            formula = bound is null || windows is null
                ? null
                : new FormulaDefinition(name, bound, [.. inputs.Select(static i => i.Input)], windows);
        }

        reader.RejectUnknown();
        return formula;
    }

    private static List<PublishedFeature>? Inputs(SqlExpression expression, ConfigReader reader, DerivedBinder group)
    {
        IReadOnlyList<string> names = expression.ColumnNames;
        if (names.Count == 0)
        {
            reader.Errors.Add(new ConfigError(expression.Position, "the expression names no feature", "write a feature of the group in it"));
        }

        var inputs = new List<PublishedFeature>();
        foreach (string name in names)
        {
            ConfigPosition position = expression.PositionOf(name);
            void Report(string message, string? hint) => reader.Errors.Add(new ConfigError(position, message, hint));
            if (group.Find(name, Report) is not { } found)
            {
                continue;
            }

            if (found.Type is null)
            {
                Report($"the value of feature '{found.Input.Feature}' is neither a number nor a string", "an expression reads features such as count, sum or latest");
                continue;
            }

            inputs.Add(found);
        }

        return inputs.Count == names.Count && names.Count > 0 ? inputs : null;
    }

    /// <summary>Input i is column i.</summary>
    private sealed class InputColumns(List<PublishedFeature> inputs) : IColumnResolver
    {
        public IEnumerable<string> Names => inputs.Select(static i => i.Input.Text);

        public bool TryResolve(string name, out ResolvedColumn column)
        {
            int index = inputs.FindIndex(i => i.Input.Text == name);
            column = index < 0 ? default : new ResolvedColumn(index, inputs[index].Input.Type);
            return index >= 0;
        }
    }
}
