using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Expressions;

internal sealed class NotNode(EvalNode operand) : EvalNode(FieldType.Boolean)
{
    public override Ternary EvalBoolean(scoped in RowView row, ByteArena scratch) => Negate(operand.EvalBoolean(row, scratch));

    public static Ternary Negate(Ternary truth) => truth switch
    {
        Ternary.True => Ternary.False,
        Ternary.False => Ternary.True,
        _ => Ternary.Null,
    };

    public static Ternary NegateIf(Ternary truth, bool isNegated) => isNegated ? Negate(truth) : truth;
}

/// <summary>False wins, then NULL, then true.</summary>
internal sealed class AndNode(EvalNode[] operands) : EvalNode(FieldType.Boolean)
{
    public override Ternary EvalBoolean(scoped in RowView row, ByteArena scratch)
    {
        Ternary result = Ternary.True;
        foreach (EvalNode operand in operands)
        {
            Ternary truth = operand.EvalBoolean(row, scratch);
            if (truth == Ternary.False)
            {
                return Ternary.False;
            }

            if (truth == Ternary.Null)
            {
                result = Ternary.Null;
            }
        }

        return result;
    }
}

/// <summary>True wins, then NULL, then false.</summary>
internal sealed class OrNode(EvalNode[] operands) : EvalNode(FieldType.Boolean)
{
    public override Ternary EvalBoolean(scoped in RowView row, ByteArena scratch)
    {
        Ternary result = Ternary.False;
        foreach (EvalNode operand in operands)
        {
            Ternary truth = operand.EvalBoolean(row, scratch);
            if (truth == Ternary.True)
            {
                return Ternary.True;
            }

            if (truth == Ternary.Null)
            {
                result = Ternary.Null;
            }
        }

        return result;
    }
}

internal sealed class IsNullNode(EvalNode operand, bool isNegated) : EvalNode(FieldType.Boolean)
{
    public override Ternary EvalBoolean(scoped in RowView row, ByteArena scratch) =>
        operand.Eval(row, scratch).IsNull != isNegated ? Ternary.True : Ternary.False;
}

/// <summary>
/// A comparison. <paramref name="mask"/> has bit 0 for less, bit 1 for equal, bit 2 for greater: the outcomes that are true.
/// </summary>
internal sealed class CompareNode(EvalNode left, EvalNode right, int mask) : EvalNode(FieldType.Boolean)
{
    public override Ternary EvalBoolean(scoped in RowView row, ByteArena scratch)
    {
        int order;
        switch (left.Type)
        {
            case FieldType.Long:
                if (!left.TryLong(row, scratch, out long a) || !right.TryLong(row, scratch, out long b))
                {
                    return Ternary.Null;
                }

                order = a.CompareTo(b);
                break;
            case FieldType.Double:
                if (!left.TryDouble(row, scratch, out double c) || !right.TryDouble(row, scratch, out double d))
                {
                    return Ternary.Null;
                }

                order = c.CompareTo(d);
                break;
            case FieldType.Decimal:
                if (!left.TryDecimal(row, scratch, out decimal e) || !right.TryDecimal(row, scratch, out decimal f))
                {
                    return Ternary.Null;
                }

                order = decimal.Compare(e, f);
                break;
            case FieldType.String:
                if (!left.TryUtf8(row, scratch, out ReadOnlySpan<byte> g) || !right.TryUtf8(row, scratch, out ReadOnlySpan<byte> h))
                {
                    return Ternary.Null;
                }

                if (mask is 2 or 5)
                {
                    return g.SequenceEqual(h) == (mask == 2) ? Ternary.True : Ternary.False;
                }

                order = g.SequenceCompareTo(h);
                break;
            default:
                Ternary x = left.EvalBoolean(row, scratch);
                Ternary y = right.EvalBoolean(row, scratch);
                if (x == Ternary.Null || y == Ternary.Null)
                {
                    return Ternary.Null;
                }

                order = (int)x - (int)y;
                break;
        }

        return (Ternary)((mask >> (Math.Sign(order) + 1)) & 1);
    }
}

/// <summary>A column equal to a string constant: what most conditions on events are.</summary>
internal sealed class Utf8EqualsNode(EvalNode operand, byte[] constant, bool isNegated) : EvalNode(FieldType.Boolean)
{
    public override Ternary EvalBoolean(scoped in RowView row, ByteArena scratch)
    {
        if (!operand.TryUtf8(row, scratch, out ReadOnlySpan<byte> value))
        {
            return Ternary.Null;
        }

        return value.SequenceEqual(constant) != isNegated ? Ternary.True : Ternary.False;
    }
}

/// <summary><c>x BETWEEN low AND high</c>, which is <c>x &gt;= low AND x &lt;= high</c> with x evaluated once.</summary>
internal sealed class BetweenNode(EvalNode operand, EvalNode low, EvalNode high, bool isNegated) : EvalNode(FieldType.Boolean)
{
    public override Ternary EvalBoolean(scoped in RowView row, ByteArena scratch)
    {
        ExpressionValue value = operand.Eval(row, scratch);
        if (value.IsNull)
        {
            return Ternary.Null;
        }

        ExpressionValue lower = low.Eval(row, scratch);
        Ternary above = lower.IsNull ? Ternary.Null : ExpressionValue.Compare(value, lower) >= 0 ? Ternary.True : Ternary.False;
        if (above == Ternary.False)
        {
            return NotNode.NegateIf(Ternary.False, isNegated);
        }

        ExpressionValue upper = high.Eval(row, scratch);
        Ternary below = upper.IsNull ? Ternary.Null : ExpressionValue.Compare(value, upper) <= 0 ? Ternary.True : Ternary.False;
        Ternary both = below == Ternary.False ? Ternary.False
            : above == Ternary.True && below == Ternary.True ? Ternary.True : Ternary.Null;
        return NotNode.NegateIf(both, isNegated);
    }
}

/// <summary>IN over a list with items that are not constant: true wins, then NULL, then false.</summary>
internal sealed class InListNode(EvalNode operand, EvalNode[] items, bool isNegated) : EvalNode(FieldType.Boolean)
{
    public override Ternary EvalBoolean(scoped in RowView row, ByteArena scratch)
    {
        ExpressionValue value = operand.Eval(row, scratch);
        if (value.IsNull)
        {
            return Ternary.Null;
        }

        Ternary result = Ternary.False;
        foreach (EvalNode item in items)
        {
            ExpressionValue candidate = item.Eval(row, scratch);
            if (candidate.IsNull)
            {
                result = Ternary.Null;
            }
            else if (ExpressionValue.Compare(value, candidate) == 0)
            {
                return NotNode.NegateIf(Ternary.True, isNegated);
            }
        }

        return NotNode.NegateIf(result, isNegated);
    }
}

/// <summary>IN over string constants: a hash set over UTF-8 bytes, built once.</summary>
internal sealed class InUtf8SetNode(EvalNode operand, Utf8Set items, bool hasNull, bool isNegated) : EvalNode(FieldType.Boolean)
{
    public override Ternary EvalBoolean(scoped in RowView row, ByteArena scratch)
    {
        if (!operand.TryUtf8(row, scratch, out ReadOnlySpan<byte> value))
        {
            return Ternary.Null;
        }

        Ternary found = items.Contains(value) ? Ternary.True : hasNull ? Ternary.Null : Ternary.False;
        return NotNode.NegateIf(found, isNegated);
    }
}

/// <summary>IN over long constants.</summary>
internal sealed class InLongSetNode(EvalNode operand, HashSet<long> items, bool hasNull, bool isNegated) : EvalNode(FieldType.Boolean)
{
    public override Ternary EvalBoolean(scoped in RowView row, ByteArena scratch)
    {
        if (!operand.TryLong(row, scratch, out long value))
        {
            return Ternary.Null;
        }

        Ternary found = items.Contains(value) ? Ternary.True : hasNull ? Ternary.Null : Ternary.False;
        return NotNode.NegateIf(found, isNegated);
    }
}
