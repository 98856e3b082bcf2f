namespace FeatureActors.Abstractions.Rows;

/// <summary>
/// One column of a decoded row. <see cref="IsPresent"/> false means SQL NULL. <see cref="Bits"/> holds a long, the bits of a
/// double, or 0/1 for a boolean; strings (UTF-8) and decimals (16 bytes, the four ints of <see cref="decimal.GetBits(decimal)"/>,
/// little-endian) live in the row's byte area at <see cref="Offset"/> and <see cref="Length"/>.
/// </summary>
public struct RowCell
{
    /// <summary>The value of a long, double or boolean column.</summary>
    public long Bits;

    /// <summary>Start of a string or decimal in the row's byte area.</summary>
    public int Offset;

    /// <summary>Bytes of a string or decimal in the row's byte area.</summary>
    public int Length;

    /// <summary>False for NULL; the other fields are then undefined.</summary>
    public bool IsPresent;
}
