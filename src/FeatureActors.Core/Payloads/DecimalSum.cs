using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// Exact sum of decimals as mantissa · 10^−scale with 127 bits, about 38 digits; the scale is the largest seen. A row that would
/// need more digits is refused; slots that together need more have no value. Encoded as one byte of scale and the mantissa in
/// the fewest of 1, 2, 4, 8, 16 bytes; a lone scale byte of 255 says "no value".
/// </summary>
internal struct DecimalSum : ISum<DecimalSum>
{
    /// <summary>Scale that marks a sum which outgrew its digits.</summary>
    private const byte Outgrown = 255;

    private Int128 _mantissa;
    private byte _scale;

    /// <inheritdoc/>
    public static byte CodecVersion => 1;

    /// <inheritdoc/>
    public static int EncodedLengthMax => 17;

    /// <inheritdoc/>
    public readonly int EncodedLength => _scale == Outgrown ? 1 : 1 + Packed.Width(_mantissa);

    /// <inheritdoc/>
    public readonly double Value =>
        _scale == Outgrown ? double.NaN
        : DecimalForm.TryToDecimal(_mantissa, _scale, out decimal value) ? (double)value
        : (double)_mantissa / Math.Pow(10, _scale);

    /// <inheritdoc/>
    public readonly bool IsZero => _mantissa == 0 && _scale != Outgrown;

    /// <inheritdoc/>
    public readonly bool HasValue => _scale != Outgrown;

    /// <inheritdoc/>
    public static int Compare(in DecimalSum left, in DecimalSum right) =>
        DecimalForm.Compare(left._mantissa, left._scale, right._mantissa, right._scale);

    /// <inheritdoc/>
    public void Add(ReadOnlySpan<byte> encoded)
    {
        if (encoded.IsEmpty || _scale == Outgrown)
        {
            return;
        }

        if (encoded[0] == Outgrown || !TryAdd(Packed.ReadWide(encoded[1..]), encoded[0]))
        {
            _mantissa = 0;
            _scale = Outgrown;
        }
    }

    /// <inheritdoc/>
    public void Add(in RowView row, int column)
    {
        if (_scale == Outgrown)
        {
            return;
        }

        DecimalForm.Split(row.GetDecimal(column), out Int128 mantissa, out byte scale);
        if (!TryAdd(row.Sign < 0 ? -mantissa : mantissa, scale))
        {
            throw new OverflowException("the decimal sum needs more than 38 digits");
        }
    }

    /// <inheritdoc/>
    public readonly void Encode(Span<byte> target)
    {
        target[0] = _scale;
        if (target.Length > 1)
        {
            Packed.WriteWide(target[1..], _mantissa);
        }
    }

    /// <inheritdoc/>
    public readonly void Write(FeatureValueWriter value)
    {
        if (_scale != Outgrown)
        {
            DecimalForm.Write(_mantissa, _scale, value);
        }
    }

    private bool TryAdd(Int128 mantissa, byte scale)
    {
        if (scale == _scale && DecimalForm.TryAdd(_mantissa, mantissa, out Int128 sum))
        {
            _mantissa = sum;
            return true;
        }

        if (!DecimalForm.TryAdd(_mantissa, _scale, mantissa, scale, out sum, out byte sumScale))
        {
            return false;
        }

        _mantissa = sum;
        _scale = sumScale;
        return true;
    }
}
