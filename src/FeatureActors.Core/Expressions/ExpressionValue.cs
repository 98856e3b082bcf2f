using System.Text;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Expressions;

/// <summary>
/// The value of an expression for one row. Strings point into the row, the expression or the evaluator's scratch: valid until the
/// evaluator runs again or the row ends.
/// </summary>
public readonly ref struct ExpressionValue
{
    internal ExpressionValue(FieldType type, long bits, decimal exact, ReadOnlySpan<byte> utf8)
    {
        Type = type;
        Bits = bits;
        Decimal = exact;
        Utf8 = utf8;
    }

    private ExpressionValue(FieldType type)
    {
        Type = type;
        IsNull = true;
    }

    /// <summary>Type of the expression.</summary>
    public FieldType Type { get; }

    /// <summary>True for SQL NULL; the getters are then undefined.</summary>
    public bool IsNull { get; }

    /// <summary>The value as <see cref="RowCell.Bits"/> holds it: a long, the bits of a double, 0 or 1 for a boolean.</summary>
    public long Bits { get; }

    /// <summary>The value of a <see cref="FieldType.Long"/> expression.</summary>
    public long Int64 => Bits;

    /// <summary>The value of a <see cref="FieldType.Double"/> expression; always finite.</summary>
    public double Double => BitConverter.Int64BitsToDouble(Bits);

    /// <summary>The value of a <see cref="FieldType.Boolean"/> expression.</summary>
    public bool Boolean => Bits != 0;

    /// <summary>The value of a <see cref="FieldType.Decimal"/> expression.</summary>
    public decimal Decimal { get; }

    /// <summary>The UTF-8 text of a <see cref="FieldType.String"/> expression.</summary>
    public ReadOnlySpan<byte> Utf8 { get; }

    /// <summary>NULL of a type.</summary>
    public static ExpressionValue Null(FieldType type) => new(type);

    /// <summary>The value as an object, for messages and tests; null for NULL. Allocates.</summary>
    public object? ToObject() => IsNull
        ? null
        : Type switch
        {
            FieldType.Boolean => Boolean,
            FieldType.Long => Int64,
            FieldType.Double => Double,
            FieldType.Decimal => Decimal,
            _ => Encoding.UTF8.GetString(Utf8),
        };

    /// <summary>Order of two values that are not NULL and have the same type: below, at or above 0.</summary>
    internal static int Compare(in ExpressionValue left, in ExpressionValue right) => left.Type switch
    {
        FieldType.Double => left.Double.CompareTo(right.Double),
        FieldType.Decimal => decimal.Compare(left.Decimal, right.Decimal),
        FieldType.String => left.Utf8.SequenceCompareTo(right.Utf8),
        _ => left.Bits.CompareTo(right.Bits),
    };
}
