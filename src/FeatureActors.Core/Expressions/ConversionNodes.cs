using System.Buffers.Text;
using System.Globalization;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Expressions;

/// <summary>An implicit conversion: long to decimal, long to double, decimal to double. It never fails.</summary>
internal sealed class PromoteNode(EvalNode operand, FieldType target) : EvalNode(target)
{
    public static bool IsPromotion(FieldType from, FieldType to) => (from, to) is
        (FieldType.Long, FieldType.Decimal) or (FieldType.Long, FieldType.Double) or (FieldType.Decimal, FieldType.Double);

    public static ExpressionValue Promote(ExpressionValue value, FieldType target)
    {
        if (value.Type == target || value.IsNull)
        {
            return value;
        }

        return target == FieldType.Decimal
            ? new ExpressionValue(target, 0, value.Int64, default)
            : new ExpressionValue(
                target, BitConverter.DoubleToInt64Bits(value.Type == FieldType.Long ? value.Int64 : (double)value.Decimal), 0m, default);
    }

    public override bool TryDouble(scoped in RowView row, ByteArena scratch, out double value)
    {
        bool isPresent;
        if (operand.Type == FieldType.Long)
        {
            isPresent = operand.TryLong(row, scratch, out long number);
            value = number;
        }
        else
        {
            isPresent = operand.TryDecimal(row, scratch, out decimal exact);
            value = (double)exact;
        }

        return isPresent;
    }

    public override bool TryDecimal(scoped in RowView row, ByteArena scratch, out decimal value)
    {
        bool isPresent = operand.TryLong(row, scratch, out long number);
        value = number;
        return isPresent;
    }
}

/// <summary>
/// CAST. A value that the target cannot take gives NULL. Double to long rounds half to even, decimal to long half away from zero
/// (both as PostgreSQL); strings are read with surrounding spaces allowed.
/// </summary>
internal sealed class CastNode(EvalNode operand, FieldType target) : ValueNode(target)
{
    // The largest doubles below the limits of long and decimal; beyond them the conversion would throw or wrap.
    private const double LongLimit = 9223372036854775808.0;
    private const double DecimalLimit = 7.9228162514264e28;

    protected override ExpressionValue Pick(scoped in RowView row, ByteArena scratch)
    {
        ExpressionValue value = operand.Eval(row, scratch);
        if (value.IsNull)
        {
            return ExpressionValue.Null(Type);
        }

        return Type switch
        {
            _ when value.Type == Type => value,
            FieldType.String => ToText(value, scratch),
            FieldType.Long => ToLong(value),
            FieldType.Double => ToDouble(value),
            FieldType.Decimal => ToDecimal(value),
            _ => ToBoolean(value),
        };
    }

    private static ExpressionValue ToText(ExpressionValue value, ByteArena scratch)
    {
        // 40 bytes hold every long, decimal and shortest double.
        Span<byte> room = scratch.Reserve(40);
        int written = 0;
        bool isWritten = value.Type switch
        {
            FieldType.Long => value.Int64.TryFormat(room, out written, default, CultureInfo.InvariantCulture),
            FieldType.Double => (value.Double + 0.0).TryFormat(room, out written, default, CultureInfo.InvariantCulture),
            FieldType.Decimal => value.Decimal.TryFormat(room, out written, default, CultureInfo.InvariantCulture),
            _ => (value.Boolean ? "true"u8 : "false"u8).TryCopyTo(room),
        };
        if (value.Type == FieldType.Boolean)
        {
            written = value.Boolean ? 4 : 5;
        }

        if (!isWritten)
        {
            return ExpressionValue.Null(FieldType.String);
        }

        int start = scratch.Length;
        scratch.Advance(written);
        return new ExpressionValue(FieldType.String, 0, 0m, scratch.Written.Slice(start, written));
    }

    private static ExpressionValue ToLong(ExpressionValue value)
    {
        switch (value.Type)
        {
            case FieldType.Double:
                double real = Math.Round(value.Double, MidpointRounding.ToEven);
                return real >= -LongLimit && real < LongLimit ? Long((long)real) : ExpressionValue.Null(FieldType.Long);
            case FieldType.Decimal:
                decimal exact = Math.Round(value.Decimal, MidpointRounding.AwayFromZero);
                return exact is >= long.MinValue and <= long.MaxValue ? Long((long)exact) : ExpressionValue.Null(FieldType.Long);
            case FieldType.String:
                ReadOnlySpan<byte> text = Trim(value.Utf8);
                return Utf8Parser.TryParse(text, out long number, out int used) && used == text.Length
                    ? Long(number) : ExpressionValue.Null(FieldType.Long);
            default:
                return Long(value.Bits);
        }
    }

    private static ExpressionValue ToDouble(ExpressionValue value)
    {
        double real;
        switch (value.Type)
        {
            case FieldType.Long:
                real = value.Int64;
                break;
            case FieldType.Decimal:
                real = (double)value.Decimal;
                break;
            case FieldType.String:
                if (!double.TryParse(Trim(value.Utf8), NumberStyles.Float, CultureInfo.InvariantCulture, out real) || !double.IsFinite(real))
                {
                    return ExpressionValue.Null(FieldType.Double);
                }

                break;
            default:
                real = value.Bits;
                break;
        }

        return new ExpressionValue(FieldType.Double, BitConverter.DoubleToInt64Bits(real), 0m, default);
    }

    private static ExpressionValue ToDecimal(ExpressionValue value)
    {
        decimal exact;
        switch (value.Type)
        {
            case FieldType.Double:
                if (Math.Abs(value.Double) > DecimalLimit)
                {
                    return ExpressionValue.Null(FieldType.Decimal);
                }

                exact = (decimal)value.Double;
                break;
            case FieldType.String:
                if (!decimal.TryParse(Trim(value.Utf8), NumberStyles.Float, CultureInfo.InvariantCulture, out exact))
                {
                    return ExpressionValue.Null(FieldType.Decimal);
                }

                break;
            default:
                exact = value.Bits;
                break;
        }

        return new ExpressionValue(FieldType.Decimal, 0, exact, default);
    }

    private static ExpressionValue ToBoolean(ExpressionValue value)
    {
        switch (value.Type)
        {
            case FieldType.Double:
                return Boolean(value.Double != 0);
            case FieldType.Decimal:
                return Boolean(value.Decimal != 0);
            case FieldType.String:
                ReadOnlySpan<byte> text = Trim(value.Utf8);
                return System.Text.Ascii.EqualsIgnoreCase(text, "true"u8) ? Boolean(true)
                    : System.Text.Ascii.EqualsIgnoreCase(text, "false"u8) ? Boolean(false)
                    : ExpressionValue.Null(FieldType.Boolean);
            default:
                return Boolean(value.Bits != 0);
        }
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text.Trim(" \t\r\n"u8);

    private static ExpressionValue Long(long value) => new(FieldType.Long, value, 0m, default);

    private static ExpressionValue Boolean(bool value) => new(FieldType.Boolean, value ? 1 : 0, 0m, default);
}
