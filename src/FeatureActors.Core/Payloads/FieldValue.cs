using System.Buffers.Binary;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// Bytes of one field value in payloads, and their order. Strings: UTF-8 as is, ordered bytewise. Longs: fewest of 1, 2, 4, 8 bytes.
/// Doubles: 8 bytes, never −0. Decimals: a byte of scale and the mantissa, without trailing zeros. Booleans: one byte.
/// Equal values have equal bytes.
/// </summary>
internal static class FieldValue
{
    /// <summary>Room that <see cref="Encode"/> needs for anything but a string.</summary>
    public const int ScratchBytes = 17;

    /// <summary>Longest string kept in a payload, in bytes; a longer one is bad data, not a feature value.</summary>
    public const int StringBytesMax = 64 * 1024;

    /// <summary>Most bytes of a value of the type.</summary>
    public static int BytesMax(FieldType type) => type == FieldType.String ? StringBytesMax : ScratchBytes;

    /// <summary>True for types whose values are written as JSON numbers.</summary>
    public static bool IsNumber(FieldType type) => type is FieldType.Long or FieldType.Double or FieldType.Decimal;

    /// <summary>Returns the bytes of a column: of the row itself, or written to <paramref name="scratch"/>.</summary>
    /// <exception cref="InvalidOperationException">A string is longer than <see cref="StringBytesMax"/>.</exception>
    public static ReadOnlySpan<byte> Encode(scoped in RowView row, int column, FieldType type, Span<byte> scratch)
    {
        switch (type)
        {
            case FieldType.String:
                ReadOnlySpan<byte> text = row.GetUtf8(column);
                return text.Length <= StringBytesMax ? text : throw TooLong(text.Length);
            case FieldType.Long:
                long number = row.GetInt64(column);
                scratch = scratch[..Packed.Width(number)];
                Packed.Write(scratch, number);
                return scratch;
            case FieldType.Double:
                BinaryPrimitives.WriteDoubleLittleEndian(scratch, row.GetDouble(column) + 0.0);
                return scratch[..8];
            case FieldType.Decimal:
                DecimalForm.Split(row.GetDecimal(column), out Int128 mantissa, out byte scale);
                DecimalForm.Reduce(ref mantissa, ref scale);
                scratch = scratch[..(1 + Packed.Width(mantissa))];
                scratch[0] = scale;
                Packed.WriteWide(scratch[1..], mantissa);
                return scratch;
            default:
                scratch[0] = row.GetBoolean(column) ? (byte)1 : (byte)0;
                return scratch[..1];
        }
    }

    /// <summary>Compares two values of one type: bytewise for strings, by number otherwise.</summary>
    public static int Compare(FieldType type, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => type switch
    {
        FieldType.Long => Packed.Read(left).CompareTo(Packed.Read(right)),
        FieldType.Double => BinaryPrimitives.ReadDoubleLittleEndian(left)
            .CompareTo(BinaryPrimitives.ReadDoubleLittleEndian(right)),
        FieldType.Decimal => Decimal(left).CompareTo(Decimal(right)),
        _ => left.SequenceCompareTo(right),
    };

    /// <summary>Writes one value.</summary>
    public static void Write(FieldType type, ReadOnlySpan<byte> bytes, FeatureValueWriter value)
    {
        switch (type)
        {
            case FieldType.String:
                value.WriteString(bytes);
                break;
            case FieldType.Long:
                value.Write(Packed.Read(bytes));
                break;
            case FieldType.Double:
                value.Write(BinaryPrimitives.ReadDoubleLittleEndian(bytes));
                break;
            case FieldType.Decimal:
                value.Write(Decimal(bytes));
                break;
            default:
                value.Write(bytes[0] != 0);
                break;
        }
    }

    private static decimal Decimal(ReadOnlySpan<byte> bytes) =>
        DecimalForm.TryToDecimal(Packed.ReadWide(bytes[1..]), bytes[0], out decimal value)
            ? value
            : throw new InvalidOperationException("damaged feature payload: not a decimal");

    private static InvalidOperationException TooLong(int length) =>
        new($"the value has {length} bytes; a feature keeps strings of at most {StringBytesMax} bytes");
}
