using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Expressions;

/// <summary>+ − * / % on longs: overflow and division by zero give NULL; division truncates toward zero.</summary>
internal sealed class LongArithmeticNode(SqlBinary op, EvalNode left, EvalNode right) : EvalNode(FieldType.Long)
{
    public override bool TryLong(scoped in RowView row, ByteArena scratch, out long value)
    {
        value = 0;
        return left.TryLong(row, scratch, out long a) && right.TryLong(row, scratch, out long b) && TryCompute(op, a, b, out value);
    }

    public static bool TryCompute(SqlBinary op, long a, long b, out long value)
    {
        switch (op)
        {
            case SqlBinary.Add:
                value = unchecked(a + b);
                return ((a ^ value) & (b ^ value)) >= 0;
            case SqlBinary.Subtract:
                value = unchecked(a - b);
                return ((a ^ b) & (a ^ value)) >= 0;
            case SqlBinary.Multiply:
                long high = Math.BigMul(a, b, out value);
                return high == value >> 63;
            case SqlBinary.Divide:
                value = b == 0 || (a == long.MinValue && b == -1) ? 0 : a / b;
                return b != 0 && !(a == long.MinValue && b == -1);
            default:
                // The remainder by −1 is 0; the processor would fault on the smallest long.
                value = b is 0 or -1 ? 0 : a % b;
                return b != 0;
        }
    }
}

/// <summary>+ − * / % on doubles: a result that is not finite gives NULL.</summary>
internal sealed class DoubleArithmeticNode(SqlBinary op, EvalNode left, EvalNode right) : EvalNode(FieldType.Double)
{
    public override bool TryDouble(scoped in RowView row, ByteArena scratch, out double value)
    {
        value = 0;
        return left.TryDouble(row, scratch, out double a) && right.TryDouble(row, scratch, out double b)
            && TryCompute(op, a, b, out value);
    }

    public static bool TryCompute(SqlBinary op, double a, double b, out double value)
    {
        value = op switch
        {
            SqlBinary.Add => a + b,
            SqlBinary.Subtract => a - b,
            SqlBinary.Multiply => a * b,
            SqlBinary.Divide => a / b,
            _ => a % b,
        };
        return double.IsFinite(value);
    }
}

/// <summary>+ − * / % on decimals: overflow and division by zero give NULL.</summary>
internal sealed class DecimalArithmeticNode(SqlBinary op, EvalNode left, EvalNode right) : EvalNode(FieldType.Decimal)
{
    public override bool TryDecimal(scoped in RowView row, ByteArena scratch, out decimal value)
    {
        value = 0;
        return left.TryDecimal(row, scratch, out decimal a) && right.TryDecimal(row, scratch, out decimal b)
            && TryCompute(op, a, b, out value);
    }

    public static bool TryCompute(SqlBinary op, decimal a, decimal b, out decimal value)
    {
        // decimal says "too large" by throwing, which is slow and allocates. The same operation on doubles tells all results but
        // those within rounding of the limit (7.92e28); only those run under the catch.
        value = 0;
        if (op is SqlBinary.Divide or SqlBinary.Modulo && b == 0)
        {
            return false;
        }

        double estimate = op switch
        {
            SqlBinary.Add => (double)a + (double)b,
            SqlBinary.Subtract => (double)a - (double)b,
            SqlBinary.Multiply => (double)a * (double)b,
            SqlBinary.Divide => (double)a / (double)b,
            _ => 0,
        };
        return Math.Abs(estimate) < 7.93e28 && TryComputeNearLimit(op, a, b, out value);
    }

    private static bool TryComputeNearLimit(SqlBinary op, decimal a, decimal b, out decimal value)
    {
        try
        {
            value = op switch
            {
                SqlBinary.Add => a + b,
                SqlBinary.Subtract => a - b,
                SqlBinary.Multiply => a * b,
                SqlBinary.Divide => a / b,
                _ => a % b,
            };
            return true;
        }
        catch (OverflowException)
        {
            value = 0;
            return false;
        }
    }
}

/// <summary>Unary minus; of the smallest long NULL.</summary>
internal sealed class NegateNode(EvalNode operand) : EvalNode(operand.Type)
{
    public override bool TryLong(scoped in RowView row, ByteArena scratch, out long value)
    {
        bool isPresent = operand.TryLong(row, scratch, out long number) && number != long.MinValue;
        value = unchecked(-number);
        return isPresent;
    }

    public override bool TryDouble(scoped in RowView row, ByteArena scratch, out double value)
    {
        bool isPresent = operand.TryDouble(row, scratch, out double number);
        value = -number;
        return isPresent;
    }

    public override bool TryDecimal(scoped in RowView row, ByteArena scratch, out decimal value)
    {
        bool isPresent = operand.TryDecimal(row, scratch, out decimal number);
        value = -number;
        return isPresent;
    }
}
