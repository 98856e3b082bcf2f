using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Expressions;

/// <summary>A node that picks one of others by a rule and hands its value on.</summary>
internal abstract class ValueNode(FieldType type) : EvalNode(type)
{
    protected abstract ExpressionValue Pick(scoped in RowView row, ByteArena scratch);

    public override Ternary EvalBoolean(scoped in RowView row, ByteArena scratch)
    {
        ExpressionValue value = Pick(row, scratch);
        return value.IsNull ? Ternary.Null : (Ternary)value.Bits;
    }

    public override bool TryLong(scoped in RowView row, ByteArena scratch, out long value)
    {
        ExpressionValue picked = Pick(row, scratch);
        value = picked.Int64;
        return !picked.IsNull;
    }

    public override bool TryDouble(scoped in RowView row, ByteArena scratch, out double value)
    {
        ExpressionValue picked = Pick(row, scratch);
        value = picked.Double;
        return !picked.IsNull;
    }

    public override bool TryDecimal(scoped in RowView row, ByteArena scratch, out decimal value)
    {
        ExpressionValue picked = Pick(row, scratch);
        value = picked.Decimal;
        return !picked.IsNull;
    }

    public override bool TryUtf8(scoped in RowView row, ByteArena scratch, out ReadOnlySpan<byte> value)
    {
        ExpressionValue picked = Pick(row, scratch);
        value = picked.Utf8;
        return !picked.IsNull;
    }
}

/// <summary>CASE WHEN: the first branch whose condition is true.</summary>
internal sealed class CaseNode(FieldType type, EvalNode[] whens, EvalNode[] thens, EvalNode? otherwise) : ValueNode(type)
{
    protected override ExpressionValue Pick(scoped in RowView row, ByteArena scratch)
    {
        for (int i = 0; i < whens.Length; i++)
        {
            if (whens[i].EvalBoolean(row, scratch) == Ternary.True)
            {
                return thens[i].Eval(row, scratch);
            }
        }

        return otherwise is null ? ExpressionValue.Null(Type) : otherwise.Eval(row, scratch);
    }
}

/// <summary>CASE x WHEN: the first branch whose value equals x, which is evaluated once; NULL equals nothing.</summary>
internal sealed class SimpleCaseNode(FieldType type, EvalNode operand, EvalNode[] whens, EvalNode[] thens, EvalNode? otherwise)
    : ValueNode(type)
{
    protected override ExpressionValue Pick(scoped in RowView row, ByteArena scratch)
    {
        ExpressionValue value = operand.Eval(row, scratch);
        for (int i = 0; i < whens.Length && !value.IsNull; i++)
        {
            ExpressionValue candidate = whens[i].Eval(row, scratch);
            if (!candidate.IsNull && ExpressionValue.Compare(value, candidate) == 0)
            {
                return thens[i].Eval(row, scratch);
            }
        }

        return otherwise is null ? ExpressionValue.Null(Type) : otherwise.Eval(row, scratch);
    }
}

/// <summary>The first value that is not NULL.</summary>
internal sealed class CoalesceNode(FieldType type, EvalNode[] operands) : ValueNode(type)
{
    protected override ExpressionValue Pick(scoped in RowView row, ByteArena scratch)
    {
        foreach (EvalNode operand in operands)
        {
            ExpressionValue value = operand.Eval(row, scratch);
            if (!value.IsNull)
            {
                return value;
            }
        }

        return ExpressionValue.Null(Type);
    }
}

/// <summary>
/// NULL when both are equal, else the first. <paramref name="other"/> may have the larger numeric type: NULLIF(long, double)
/// compares doubles and is a long.
/// </summary>
internal sealed class NullIfNode(EvalNode operand, EvalNode other) : ValueNode(operand.Type)
{
    protected override ExpressionValue Pick(scoped in RowView row, ByteArena scratch)
    {
        ExpressionValue value = operand.Eval(row, scratch);
        if (value.IsNull)
        {
            return value;
        }

        ExpressionValue second = other.Eval(row, scratch);
        return !second.IsNull && ExpressionValue.Compare(PromoteNode.Promote(value, other.Type), second) == 0
            ? ExpressionValue.Null(Type)
            : value;
    }
}

/// <summary>GREATEST and LEAST: NULLs are passed over; NULL when all are.</summary>
internal sealed class ExtremeNode(FieldType type, EvalNode[] operands, bool isGreatest) : ValueNode(type)
{
    protected override ExpressionValue Pick(scoped in RowView row, ByteArena scratch)
    {
        ExpressionValue best = ExpressionValue.Null(Type);
        foreach (EvalNode operand in operands)
        {
            ExpressionValue value = operand.Eval(row, scratch);
            if (!value.IsNull && (best.IsNull || (ExpressionValue.Compare(value, best) > 0 == isGreatest
                && ExpressionValue.Compare(value, best) != 0)))
            {
                best = value;
            }
        }

        return best;
    }
}
