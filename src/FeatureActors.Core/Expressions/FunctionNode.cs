using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Expressions;

/// <summary>A call of a built-in or plug-in function: the arguments are laid out as a small row in the scratch.</summary>
internal sealed class FunctionNode(FieldType type, IScalarEvaluator evaluator, EvalNode[] arguments, bool isStrict) : ValueNode(type)
{
    /// <summary>Most arguments of one call: their cells stand on the stack.</summary>
    public const int ArgumentsMax = 32;

    protected override ExpressionValue Pick(scoped in RowView row, ByteArena scratch)
    {
        Span<RowCell> cells = stackalloc RowCell[ArgumentsMax];
        cells = cells[..arguments.Length];
        for (int i = 0; i < arguments.Length; i++)
        {
            ExpressionValue value = arguments[i].Eval(row, scratch);
            ref RowCell cell = ref cells[i];
            cell = default;
            cell.IsPresent = !value.IsNull;
            if (value.IsNull)
            {
                if (isStrict)
                {
                    return ExpressionValue.Null(Type);
                }
            }
            else if (value.Type == FieldType.String)
            {
                cell.Offset = scratch.Append(value.Utf8);
                cell.Length = value.Utf8.Length;
            }
            else if (value.Type == FieldType.Decimal)
            {
                cell.Offset = scratch.Append(value.Decimal);
                cell.Length = sizeof(decimal);
            }
            else
            {
                cell.Bits = value.Bits;
            }
        }

        var view = new RowView(cells, scratch.Written, row.EventTimeMs, row.IngestTimeMs, row.Sign);
        scoped var result = new ScalarResult(scratch);
        evaluator.Evaluate(view, ref result);
        if (result.IsNull)
        {
            return ExpressionValue.Null(Type);
        }

        ReadOnlySpan<byte> text = Type == FieldType.String
            ? scratch.Written.Slice(result.Utf8Offset, result.Utf8Length) : default;
        return new ExpressionValue(Type, result.Bits, result.Decimal, text);
    }
}

/// <summary>EVENT_TIME(): the event time of the row in Unix milliseconds.</summary>
internal sealed class EventTimeNode() : EvalNode(FieldType.Long)
{
    public override bool TryLong(scoped in RowView row, ByteArena scratch, out long value)
    {
        value = row.EventTimeMs;
        return true;
    }
}
