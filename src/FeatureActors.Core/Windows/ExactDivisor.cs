using System.Numerics;

namespace FeatureActors.Core.Windows;

/// <summary>
/// Tells multiples of a width without dividing: modulo 2^64, multiplying by the inverse of the odd part takes the multiples, and
/// only them, to the smallest numbers (Granlund and Montgomery 1994, "Division by Invariant Integers using Multiplication", section 9).
/// </summary>
internal readonly struct ExactDivisor
{
    private readonly ulong _inverse;
    private readonly ulong _quotientMax;
    private readonly int _shift;

    /// <summary>A test for multiples of <paramref name="width"/>, which is positive.</summary>
    public ExactDivisor(long width)
    {
        _shift = BitOperations.TrailingZeroCount(width);
        ulong odd = (ulong)width >> _shift;

        // Newton's iteration doubles the correct bits: 3, 6, 12, 24, 48, 96.
        ulong inverse = odd;
        for (int i = 0; i < 5; i++)
        {
            inverse *= 2 - (odd * inverse);
        }

        _inverse = inverse;
        _quotientMax = ulong.MaxValue / (ulong)width;
    }

    /// <summary>True for multiples of the width; <paramref name="value"/> is not negative.</summary>
    public bool Divides(long value) => BitOperations.RotateRight((ulong)value * _inverse, _shift) <= _quotientMax;
}
