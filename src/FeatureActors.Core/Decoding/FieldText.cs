using System.Text;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Decoding;

/// <summary>Turns the text of one value into a cell of its declared type, or says what is wrong with it.</summary>
internal static class FieldText
{
    /// <summary>Writes a string; <paramref name="text"/> is well-formed UTF-8 without escapes.</summary>
    public static void WriteString(ReadOnlySpan<byte> text, ref RowCell cell, ByteArena bytes)
    {
        cell.Offset = bytes.Append(text);
        cell.Length = text.Length;
        cell.IsPresent = true;
    }

    /// <summary>Writes a number into a cell of any type but boolean; a string keeps the number as it was written.</summary>
    public static DecodeStatus WriteNumber(
        FieldType type, ReadOnlySpan<byte> text, in NumberText number, ref RowCell cell, ByteArena bytes, out string? detail)
    {
        detail = null;
        switch (type)
        {
            case FieldType.Long:
                if (!number.TryToInt64(out cell.Bits))
                {
                    detail = "the number is not an integer that fits a long";
                    return DecodeStatus.WrongType;
                }

                break;
            case FieldType.Double:
                double real = number.ToDouble(text);
                if (!double.IsFinite(real))
                {
                    detail = "the number is too large for a double";
                    return DecodeStatus.NotFinite;
                }

                cell.Bits = BitConverter.DoubleToInt64Bits(real);
                break;
            case FieldType.Decimal:
                if (!number.TryToDecimal(text, out decimal exact))
                {
                    detail = "the number is too large for a decimal";
                    return DecodeStatus.WrongType;
                }

                cell.Offset = bytes.Append(exact);
                cell.Length = sizeof(decimal);
                break;
            case FieldType.String:
                WriteString(text, ref cell, bytes);
                break;
            default:
                detail = "a number stands where a boolean is declared";
                return DecodeStatus.WrongType;
        }

        cell.IsPresent = true;
        return DecodeStatus.Ok;
    }

    /// <summary>
    /// Writes text into a cell of any type. <paramref name="isLenient"/> is for formats without types of their own (CSV): there +1, 007,
    /// True and 1 for true are accepted too.
    /// </summary>
    public static DecodeStatus WriteText(
        FieldType type, ReadOnlySpan<byte> text, bool isLenient, ref RowCell cell, ByteArena bytes, out string? detail)
    {
        detail = null;
        if (type == FieldType.String)
        {
            WriteString(text, ref cell, bytes);
            return DecodeStatus.Ok;
        }

        if (type == FieldType.Boolean)
        {
            bool isTrue = IsWord(text, "true"u8, "1"u8, isLenient);
            if (!isTrue && !IsWord(text, "false"u8, "0"u8, isLenient))
            {
                detail = "the text is neither true nor false";
                return DecodeStatus.WrongType;
            }

            cell.Bits = isTrue ? 1 : 0;
            cell.IsPresent = true;
            return DecodeStatus.Ok;
        }

        if (NumberText.TryParse(text, isLenient, out NumberText number))
        {
            return WriteNumber(type, text, number, ref cell, bytes, out detail);
        }

        detail = "the text is not a number";
        return type == FieldType.Double && IsNotFinite(text) ? DecodeStatus.NotFinite : DecodeStatus.WrongType;
    }

    private static bool IsWord(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word, ReadOnlySpan<byte> digit, bool isLenient) =>
        isLenient ? Ascii.EqualsIgnoreCase(text, word) || text.SequenceEqual(digit) : text.SequenceEqual(word);

    private static bool IsNotFinite(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> word = text.TrimStart("+-"u8);
        return Ascii.EqualsIgnoreCase(word, "nan"u8) || Ascii.EqualsIgnoreCase(word, "inf"u8) || Ascii.EqualsIgnoreCase(word, "infinity"u8);
    }
}
