using System.Text;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Expressions;

/// <summary>SQL's three truth values.</summary>
internal enum Ternary : byte
{
    False = 0,
    True = 1,
    Null = 2,
}

/// <summary>
/// A bound, typed node. Each type has its own method, so nothing is boxed; false from a Try method means NULL. Nodes are immutable
/// and shared by all shards; what an evaluation builds goes to the scratch that the caller brings. A span stays valid until the
/// scratch is cleared, because a growing arena leaves its old array to the spans that point into it.
/// </summary>
internal abstract class EvalNode(FieldType type)
{
    public FieldType Type { get; } = type;

    /// <summary>True when the value is the same for every row.</summary>
    public virtual bool IsConstant => false;

    public virtual Ternary EvalBoolean(scoped in RowView row, ByteArena scratch) => throw Mismatch();

    public virtual bool TryLong(scoped in RowView row, ByteArena scratch, out long value) => throw Mismatch();

    public virtual bool TryDouble(scoped in RowView row, ByteArena scratch, out double value) => throw Mismatch();

    public virtual bool TryDecimal(scoped in RowView row, ByteArena scratch, out decimal value) => throw Mismatch();

    public virtual bool TryUtf8(scoped in RowView row, ByteArena scratch, out ReadOnlySpan<byte> value) => throw Mismatch();

    /// <summary>The value whatever its type.</summary>
    public ExpressionValue Eval(scoped in RowView row, ByteArena scratch)
    {
        switch (Type)
        {
            case FieldType.Boolean:
                Ternary truth = EvalBoolean(row, scratch);
                return truth == Ternary.Null ? ExpressionValue.Null(Type) : new ExpressionValue(Type, (long)truth, 0m, default);
            case FieldType.Long:
                return TryLong(row, scratch, out long number)
                    ? new ExpressionValue(Type, number, 0m, default) : ExpressionValue.Null(Type);
            case FieldType.Double:
                return TryDouble(row, scratch, out double real)
                    ? new ExpressionValue(Type, BitConverter.DoubleToInt64Bits(real), 0m, default) : ExpressionValue.Null(Type);
            case FieldType.Decimal:
                return TryDecimal(row, scratch, out decimal exact)
                    ? new ExpressionValue(Type, 0, exact, default) : ExpressionValue.Null(Type);
            default:
                return TryUtf8(row, scratch, out ReadOnlySpan<byte> text)
                    ? new ExpressionValue(Type, 0, 0m, text) : ExpressionValue.Null(Type);
        }
    }

    private InvalidOperationException Mismatch() => new($"{GetType().Name} has type {Type}; the binder should have refused this use");
}

/// <summary>A column of the row.</summary>
internal sealed class ColumnNode(int column, FieldType type) : EvalNode(type)
{
    public int Column { get; } = column;

    public override Ternary EvalBoolean(scoped in RowView row, ByteArena scratch) =>
        row.IsNull(Column) ? Ternary.Null : row.GetBoolean(Column) ? Ternary.True : Ternary.False;

    public override bool TryLong(scoped in RowView row, ByteArena scratch, out long value)
    {
        bool isPresent = !row.IsNull(Column);
        value = isPresent ? row.GetInt64(Column) : 0;
        return isPresent;
    }

    public override bool TryDouble(scoped in RowView row, ByteArena scratch, out double value)
    {
        bool isPresent = !row.IsNull(Column);
        value = isPresent ? row.GetDouble(Column) : 0;
        return isPresent;
    }

    public override bool TryDecimal(scoped in RowView row, ByteArena scratch, out decimal value)
    {
        bool isPresent = !row.IsNull(Column);
        value = isPresent ? row.GetDecimal(Column) : 0;
        return isPresent;
    }

    public override bool TryUtf8(scoped in RowView row, ByteArena scratch, out ReadOnlySpan<byte> value)
    {
        bool isPresent = !row.IsNull(Column);
        value = isPresent ? row.GetUtf8(Column) : default;
        return isPresent;
    }
}

/// <summary>A constant of any type; null is NULL.</summary>
internal sealed class ConstantNode : EvalNode
{
    private readonly bool _isPresent;
    private readonly long _bits;
    private readonly decimal _decimal;
    private readonly byte[] _utf8 = [];

    public ConstantNode(FieldType type, object? value, bool isUntyped = false)
        : base(type)
    {
        Value = value;
        IsUntypedNull = isUntyped;
        _isPresent = value is not null;
        switch (value)
        {
            case bool isTrue:
                _bits = isTrue ? 1 : 0;
                break;
            case long number:
                _bits = number;
                break;
            case double real:
                _bits = BitConverter.DoubleToInt64Bits(real);
                break;
            case decimal exact:
                _decimal = exact;
                break;
            case string text:
                _utf8 = Encoding.UTF8.GetBytes(text);
                break;
        }
    }

    public object? Value { get; }

    /// <summary>True for the word NULL, which takes the type that its place asks for.</summary>
    public bool IsUntypedNull { get; }

    /// <summary>The exact value of a number literal that may still become a decimal.</summary>
    public decimal? LiteralDecimal { get; init; }

    public override bool IsConstant => true;

    public byte[] Utf8 => _utf8;

    public override Ternary EvalBoolean(scoped in RowView row, ByteArena scratch) => _isPresent ? (Ternary)_bits : Ternary.Null;

    public override bool TryLong(scoped in RowView row, ByteArena scratch, out long value)
    {
        value = _bits;
        return _isPresent;
    }

    public override bool TryDouble(scoped in RowView row, ByteArena scratch, out double value)
    {
        value = BitConverter.Int64BitsToDouble(_bits);
        return _isPresent;
    }

    public override bool TryDecimal(scoped in RowView row, ByteArena scratch, out decimal value)
    {
        value = _decimal;
        return _isPresent;
    }

    public override bool TryUtf8(scoped in RowView row, ByteArena scratch, out ReadOnlySpan<byte> value)
    {
        value = _utf8;
        return _isPresent;
    }
}
