using System.Runtime.InteropServices;
using System.Text.Unicode;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Plugins;

/// <summary>Holds cells that a plug-in filled to what the engine trusts them to be.</summary>
internal static class PluginCells
{
    private const int DecimalBytes = 16;
    private const int DecimalScaleMax = 28;

    /// <summary>What is wrong with a cell, or null.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="type">Its declared type.</param>
    /// <param name="bytes">Where its string or decimal stands.</param>
    public static string? FlawOf(in RowCell cell, FieldType type, ReadOnlySpan<byte> bytes)
    {
        if (!cell.IsPresent)
        {
            return null;
        }

        switch (type)
        {
            case FieldType.Double:
                return double.IsFinite(BitConverter.Int64BitsToDouble(cell.Bits)) ? null : "a double that is not finite";
            case FieldType.Boolean:
                return cell.Bits is 0 or 1 ? null : "a boolean that is neither 0 nor 1";
            case FieldType.String or FieldType.Decimal:
                if (cell.Offset < 0 || cell.Length < 0 || cell.Offset > bytes.Length - cell.Length)
                {
                    return "a cell that points beyond its bytes";
                }

                ReadOnlySpan<byte> text = bytes.Slice(cell.Offset, cell.Length);
                return type == FieldType.String
                    ? Utf8.IsValid(text) ? null : "a string that is no UTF-8"
                    : IsDecimal(text) ? null : "a decimal that is none";
            default:
                return null;
        }
    }

    private static bool IsDecimal(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != DecimalBytes)
        {
            return false;
        }

        // Sign in the highest bit, scale in the third byte, nothing else: anything more makes the constructor throw.
        int flags = MemoryMarshal.Cast<byte, int>(bytes)[3];
        return (flags & 0x7F00_FFFF) == 0 && (flags >> 16 & 0xFF) <= DecimalScaleMax;
    }
}
