using System.Buffers.Binary;
using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// A sum that halves once per half-life, kept as value · 2^half-lives: with t = (k + f) half-lives since 1970, a row adds x · 2^f at the
/// scale of half-life k. Scales differ by whole powers of two, so nothing is rounded when a sum is moved from one to another, and the
/// value is kept in two doubles (106 bits; Dekker 1971): the order of rows does not show, and a retraction leaves nothing behind. Payload:
/// the half-life of the newest row (zig-zag varint) and one or two doubles; none when the sum is 0.
/// </summary>
internal struct DecayedValue
{
    // Scaling by more than the range of exponents gives 0 or infinity anyway.
    private const long ShiftMax = 5_000;

    private long _halfLives;
    private double _high;
    private double _low;

    /// <summary>Most bytes of a payload.</summary>
    public static int PayloadBytesMax => Packed.VarintBytesMax + (2 * sizeof(double));

    /// <summary>False when the sum left the range of double.</summary>
    public readonly bool IsFinite => double.IsFinite(_high);

    /// <summary>Adds what a row of <paramref name="timeMs"/> is worth.</summary>
    public void Add(double amount, long timeMs, long halfLifeMs)
    {
        long halfLives = Split(timeMs, halfLifeMs, out double part);
        AddScaled(amount * Math.Pow(2, part), 0, halfLives);
    }

    /// <summary>Adds a payload; an empty one is nothing.</summary>
    public void Add(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty)
        {
            return;
        }

        int at = 0;
        long halfLives = Packed.UnZigZag(Packed.ReadVarint(payload, ref at));
        payload = payload[at..];
        double low = payload.Length > sizeof(double) ? BinaryPrimitives.ReadDoubleLittleEndian(payload[sizeof(double)..]) : 0;
        AddScaled(BinaryPrimitives.ReadDoubleLittleEndian(payload), low, halfLives);
    }

    /// <summary>The value at a time.</summary>
    public readonly double At(long nowMs, long halfLifeMs)
    {
        if (_high == 0)
        {
            return 0;
        }

        long halfLives = Split(nowMs, halfLifeMs, out double part);
        return Scaled((_high + _low) * Math.Pow(2, -part), _halfLives - halfLives);
    }

    /// <summary>A time from which on the value is below <paramref name="bound"/>, at most a few milliseconds late; the end of time for a sum without a value.</summary>
    public readonly long BelowMs(double bound, long halfLifeMs)
    {
        if (_high == 0)
        {
            return long.MinValue;
        }

        double halfLives = _halfLives + Math.Log2(Math.Abs(_high)) - Math.Log2(bound);

        // The product is rounded to a millisecond or so at times of this century; two are added so that it never is early.
        double time = (halfLives * halfLifeMs) + 2;
        return time < 9e18 ? (long)Math.Ceiling(time) : long.MaxValue;
    }

    /// <summary>Writes the payload.</summary>
    public readonly void Store(ref FeatureSlot slot)
    {
        ulong halfLives = Packed.ZigZag(_halfLives);
        int length = _high == 0 ? 0 : Packed.VarintLength(halfLives) + (_low == 0 ? sizeof(double) : 2 * sizeof(double));
        if (slot.Payload.Length != length)
        {
            slot.ResizePayload(length);
        }

        if (length == 0)
        {
            return;
        }

        Span<byte> payload = slot.Payload;
        payload = payload[Packed.WriteVarint(payload, halfLives)..];
        BinaryPrimitives.WriteDoubleLittleEndian(payload, _high);
        if (_low != 0)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(payload[sizeof(double)..], _low);
        }
    }

    /// <summary>Whole half-lives since 1970, rounded down, and the part of one that is left, 0 to 1.</summary>
    private static long Split(long timeMs, long halfLifeMs, out double part)
    {
        long whole = timeMs / halfLifeMs;
        long rest = timeMs - (whole * halfLifeMs);
        if (rest < 0)
        {
            whole--;
            rest += halfLifeMs;
        }

        part = (double)rest / halfLifeMs;
        return whole;
    }

    private static double Scaled(double value, long by) => Math.ScaleB(value, (int)Math.Clamp(by, -ShiftMax, ShiftMax));

    private static double TwoSum(double left, double right, out double error)
    {
        double sum = left + right;
        double part = sum - left;
        error = (left - (sum - part)) + (right - part);
        return sum;
    }

    private void AddScaled(double high, double low, long halfLives)
    {
        if (high == 0)
        {
            return;
        }

        if (_high == 0 || halfLives > _halfLives)
        {
            _high = Scaled(_high, _halfLives - halfLives);
            _low = Scaled(_low, _halfLives - halfLives);
            _halfLives = halfLives;
        }
        else
        {
            high = Scaled(high, halfLives - _halfLives);
            low = Scaled(low, halfLives - _halfLives);
        }

        double sum = TwoSum(_high, high, out double highError);
        double rest = TwoSum(_low, low, out double lowError);
        sum = TwoSum(sum, highError + rest, out highError);
        sum = TwoSum(sum, highError + lowError, out highError);
        _high = sum + 0.0;
        _low = double.IsFinite(sum) ? highError + 0.0 : 0;
    }
}
