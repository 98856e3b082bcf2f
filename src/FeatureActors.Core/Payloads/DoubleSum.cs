using System.Buffers.Binary;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// Sum of doubles in two doubles (hi + lo, about 106 bits; Dekker 1971, Knuth TAOCP 4.2.2 TwoSum). Values whose magnitudes lie
/// within a factor of about 2^50 add without any error, so order does not show and a retraction leaves nothing behind.
/// Encoded as hi alone when lo is 0, otherwise hi and lo. A sum beyond the range of double stays not finite.
/// </summary>
internal struct DoubleSum : ISum<DoubleSum>
{
    private double _hi;
    private double _lo;

    /// <inheritdoc/>
    public static int EncodedLengthMax => 16;

    /// <inheritdoc/>
    public readonly int EncodedLength => _lo == 0 ? 8 : 16;

    /// <inheritdoc/>
    public readonly double Value => _hi;

    /// <inheritdoc/>
    public readonly bool IsZero => _hi == 0 && _lo == 0;

    /// <inheritdoc/>
    public readonly bool HasValue => double.IsFinite(_hi);

    /// <inheritdoc/>
    public static int Compare(in DoubleSum left, in DoubleSum right) =>
        left._hi == right._hi ? left._lo.CompareTo(right._lo) : left._hi.CompareTo(right._hi);

    /// <inheritdoc/>
    public void Add(ReadOnlySpan<byte> encoded)
    {
        if (encoded.Length >= 8)
        {
            double lo = encoded.Length >= 16 ? BinaryPrimitives.ReadDoubleLittleEndian(encoded[8..]) : 0;
            Add(BinaryPrimitives.ReadDoubleLittleEndian(encoded), lo);
        }
    }

    /// <inheritdoc/>
    public void Add(in RowView row, int column)
    {
        double amount = row.GetDouble(column);
        Add(row.Sign < 0 ? -amount : amount, 0);
    }

    /// <inheritdoc/>
    public readonly void Encode(Span<byte> target)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(target, _hi);
        if (target.Length >= 16)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(target[8..], _lo);
        }
    }

    /// <inheritdoc/>
    public readonly void Write(FeatureValueWriter value) => value.Write(_hi);

    private static double TwoSum(double left, double right, out double error)
    {
        double sum = left + right;
        double part = sum - left;
        error = (left - (sum - part)) + (right - part);
        return sum;
    }

    private void Add(double hi, double lo)
    {
        double high = TwoSum(_hi, hi, out double highError);
        double low = TwoSum(_lo, lo, out double lowError);
        high = TwoSum(high, highError + low, out highError);
        high = TwoSum(high, highError + lowError, out highError);

        // Adding +0 turns −0 into +0, so that equal sums have equal bytes. Past the range of double the error terms are NaN.
        _hi = high + 0.0;
        _lo = double.IsFinite(high) ? highError + 0.0 : 0;
    }
}
