using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Expressions;
using FeatureActors.Core.Plugins;

namespace FeatureActors.Core.Entities;

/// <summary>Computes the fields of a group that other fields give, in their order: each stands behind all that it reads. Not safe for concurrent use.</summary>
internal sealed class DerivedFields
{
    private readonly IReadOnlyList<FieldPlan> _fields;
    private readonly CompiledValue?[] _formulas;
    private readonly RowCell[] _cells;

    public DerivedFields(GroupPlan group)
    {
        _fields = group.Fields;
        _formulas = [.. _fields.Select(static f => (f as FormulaFieldPlan)?.Expression.CreateEvaluator())];
        _cells = new RowCell[_fields.OfType<FormulaFieldPlan>().Select(static f => f.Inputs.Count).DefaultIfEmpty(0).Max()];
    }

    /// <summary>Adds the derived fields to <paramref name="values"/>, which has all others.</summary>
    public void Compute(long nowMs, GroupValues values)
    {
        for (int i = 0; i < _fields.Count; i++)
        {
            switch (_fields[i])
            {
                case RatioFieldPlan ratio:
                    Begin(ratio, values.Fields[ratio.Numerator].Quality | values.Fields[ratio.Denominator].Quality, nowMs, values.Writer);
                    Set(i, values, WriteRatio(ratio, values));
                    break;
                case FormulaFieldPlan formula:
                    Begin(formula, QualityOf(formula, values), nowMs, values.Writer);
                    Set(i, values, WriteFormula(formula, _formulas[i]!, values));
                    break;
                default:
                    break;
            }
        }
    }

    private static void Begin(FieldPlan field, ValueQuality inputs, long nowMs, FeatureValueWriter writer)
    {
        writer.Begin();
        writer.Flag(inputs | (nowMs < field.WarmAtMs ? ValueQuality.Warming : ValueQuality.None));
    }

    private static void Set(int field, GroupValues values, int start)
    {
        FeatureValueWriter writer = values.Writer;
        values.Set(field, new FieldValue(writer.Kind, start, writer.Written.Length - start, writer.Quality, writer.Numeric));
    }

    private static ValueQuality QualityOf(FormulaFieldPlan formula, GroupValues values)
    {
        ValueQuality quality = ValueQuality.None;
        for (int i = 0; i < formula.Inputs.Count; i++)
        {
            quality |= values.Fields[formula.Inputs[i]].Quality;
        }

        return quality;
    }

    private static int WriteRatio(RatioFieldPlan ratio, GroupValues values)
    {
        int start = values.Writer.Written.Length;
        double above = values.Fields[ratio.Numerator].Numeric;
        double below = values.Fields[ratio.Denominator].Numeric;
        if (ratio.IsSmoothed)
        {
            above = (double.IsNaN(above) ? 0 : above) + ratio.Prior;
            below = (double.IsNaN(below) ? 0 : below) + ratio.PriorWeight;
        }

        if (below != 0)
        {
            // NaN of an absent side stays NaN and is left absent by the writer.
            values.Writer.Write(above / below);
        }

        return start;
    }

    private int WriteFormula(FormulaFieldPlan formula, CompiledValue expression, GroupValues values)
    {
        for (int i = 0; i < formula.Inputs.Count; i++)
        {
            ref readonly FieldValue input = ref values.Fields[formula.Inputs[i]];
            bool isText = formula.Types[i] == FieldType.String;
            _cells[i] = new RowCell
            {
                IsPresent = isText ? input.Kind == FeatureValueKind.Text : !double.IsNaN(input.Numeric),
                Bits = BitConverter.DoubleToInt64Bits(input.Numeric),
                Offset = input.Start,
                Length = input.Length,
            };
        }

        // Strings are read where they were written; a writer that grows leaves its old array to the view.
        FeatureValueWriter writer = values.Writer;
        int start = writer.Written.Length;
        var inputs = new RowView(_cells.AsSpan(0, formula.Inputs.Count), writer.Written, 0, 0, 1);
        if (!TryEvaluate(expression, inputs, out ExpressionValue result) || result.IsNull)
        {
            return start;
        }

        switch (expression.Type)
        {
            case FieldType.String:
                writer.WriteString(result.Utf8);
                break;
            case FieldType.Double:
                writer.Write(result.Double);
                break;
            case FieldType.Decimal:
                writer.Write(result.Decimal);
                break;
            case FieldType.Long:
                writer.Write(result.Int64);
                break;
            default:
                writer.Write(result.Boolean);
                break;
        }

        return start;
    }

    // A function of a plug-in that fails counts that itself; here it costs the value.
    private static bool TryEvaluate(CompiledValue expression, scoped in RowView inputs, out ExpressionValue result)
    {
        try
        {
            result = expression.Evaluate(inputs);
            return true;
        }
        catch (PluginFaultException)
        {
            result = default;
            return false;
        }
    }
}
