using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>A numeric column read as doubles.</summary>
/// <param name="Index">Column index in rows.</param>
/// <param name="Type">Long, double or decimal.</param>
internal readonly record struct NumberColumn(int Index, FieldType Type)
{
    // Longs up to here are doubles as they stand.
    private const long ExactMax = 1L << 53;

    // The largest power of ten that is a double.
    private const int ExactScaleMax = 22;

    private static readonly double[] PowersOfTen = [.. Enumerable.Range(0, ExactScaleMax + 1).Select(static i => double.Parse($"1e{i}", System.Globalization.CultureInfo.InvariantCulture))];

    /// <summary>Reads the setting that names a numeric column; null when it is missing or wrong (reported).</summary>
    public static NumberColumn? Bind(FeatureBinding binding, string key) =>
        binding.RequiredColumn(key, FieldType.Long, FieldType.Double, FieldType.Decimal) is { } column
            ? new NumberColumn(column.Index, column.Type)
            : null;

    /// <summary>True when the row has no value.</summary>
    public bool IsNull(in RowView row) => row.IsNull(Index);

    /// <summary>The double nearest to the value.</summary>
    public double Read(in RowView row) => Type switch
    {
        FieldType.Long => row.GetInt64(Index),
        FieldType.Double => row.GetDouble(Index),
        _ => (double)row.GetDecimal(Index),
    };

    /// <summary>
    /// The value as <paramref name="high"/> + <paramref name="low"/>: exact for longs and doubles, within 2^-100 of the value for decimals,
    /// whose fractions no sum of doubles can hold.
    /// </summary>
    public void Read(in RowView row, out double high, out double low)
    {
        low = 0;
        switch (Type)
        {
            case FieldType.Double:
                high = row.GetDouble(Index);
                break;
            case FieldType.Long:
                long number = row.GetInt64(Index);
                high = number;
                if (number is > ExactMax or < -ExactMax)
                {
                    high = number & ~0xFFFF_FFFFL;
                    low = number & 0xFFFF_FFFFL;
                }

                break;
            default:
                Split(row.GetDecimal(Index), out high, out low);
                break;
        }
    }

    private static void Split(decimal value, out double high, out double low)
    {
        DecimalForm.Split(value, out Int128 mantissa, out byte scale);
        bool isNegative = mantissa < 0;
        UInt128 magnitude = (UInt128)(isNegative ? -mantissa : mantissa);
        high = (double)(magnitude >> 48) * (1L << 48);
        low = (double)(ulong)(magnitude & 0xFFFF_FFFF_FFFF);
        for (int left = scale; left > 0; left -= ExactScaleMax)
        {
            double divisor = PowersOfTen[Math.Min(left, ExactScaleMax)];
            double quotient = (high + low) / divisor;
            double remainder = Math.FusedMultiplyAdd(-quotient, divisor, high) + low;
            high = quotient;
            low = remainder / divisor;
        }

        if (isNegative)
        {
            high = -high;
            low = -low;
        }
    }
}
