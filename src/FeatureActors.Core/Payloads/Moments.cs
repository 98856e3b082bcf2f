using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// Number, exact sum and exact sum of squares of some values, on the stack while a slot is changed or a window is evaluated. Because
/// nothing is rounded before the end, values that differ little from a large mean lose no digit of their variance. Payload: one byte
/// with the width of the count, one with the number of partials of the sum, the count, the sum, the sum of squares.
/// </summary>
internal struct Moments
{
    private const int HeaderBytes = 2;

    private long _count;
    private DoubleSum _sum;
    private DoubleSum _squares;

    /// <summary>Most bytes of a payload.</summary>
    public static int PayloadBytesMax => HeaderBytes + sizeof(long) + (2 * DoubleSum.EncodedLengthMax);

    /// <summary>Adds a value, <paramref name="high"/> + <paramref name="low"/>, or takes it away.</summary>
    public void Add(double high, double low, int sign)
    {
        _count += sign;
        _sum.Add(sign * high);
        _squares.AddProduct(sign * high, high);
        if (low != 0)
        {
            _sum.Add(sign * low);
            _squares.AddProduct(sign * 2 * high, low);
            _squares.AddProduct(sign * low, low);
        }
    }

    /// <summary>Adds a payload; an empty one is nothing.</summary>
    public void Add(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty)
        {
            return;
        }

        int sumAt = HeaderBytes + payload[0];
        int squaresAt = sumAt + (payload[1] * sizeof(double));
        _count += Packed.Read(payload[HeaderBytes..sumAt]);
        _sum.Add(payload[sumAt..squaresAt]);
        _squares.Add(payload[squaresAt..]);
    }

    /// <summary>Writes the payload; none when nothing is left.</summary>
    public readonly void Store(ref FeatureSlot slot)
    {
        bool isNothing = _count == 0 && _sum.IsZero && _squares.IsZero;
        int width = Packed.Width(_count);
        int sum = _sum.EncodedLength;
        int length = isNothing ? 0 : HeaderBytes + width + sum + _squares.EncodedLength;
        if (slot.Payload.Length != length)
        {
            slot.ResizePayload(length);
        }

        if (isNothing)
        {
            return;
        }

        Span<byte> payload = slot.Payload;
        payload[0] = (byte)width;
        payload[1] = (byte)(sum / sizeof(double));
        Packed.Write(payload.Slice(HeaderBytes, width), _count);
        _sum.Encode(payload.Slice(HeaderBytes + width, sum));
        _squares.Encode(payload[(HeaderBytes + width + sum)..]);
    }

    /// <summary>
    /// Σ(x − mean)² / n, or / (n − 1) for a sample, computed as (n·Σx² − (Σx)²) / n² with an exact numerator; NaN when there are too few
    /// values or the squares are beyond the range of double.
    /// </summary>
    public readonly double Variance(bool isSample)
    {
        if (_count < (isSample ? 2 : 1) || !_sum.HasValue || !_squares.HasValue)
        {
            return double.NaN;
        }

        DoubleSum numerator = default;
        foreach (double square in _squares.Partials)
        {
            numerator.AddProduct(square, _count);
        }

        foreach (double left in _sum.Partials)
        {
            foreach (double right in _sum.Partials)
            {
                numerator.AddProduct(-left, right);
            }
        }

        double count = _count;
        return numerator.Value / count / (isSample ? count - 1 : count);
    }
}
