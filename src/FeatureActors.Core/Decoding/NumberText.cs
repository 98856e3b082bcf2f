using System.Globalization;

namespace FeatureActors.Core.Decoding;

/// <summary>
/// A number read from text as sign × <see cref="Mantissa"/> × 10^<see cref="Exponent"/>, with up to 19 significant digits; what was
/// left out is told by <see cref="IsCut"/>. So integers, fractions and times convert exactly without going through a double.
/// </summary>
internal struct NumberText
{
    // Beyond this every exponent is only "very large" or "very small"; it keeps sums of exponents inside an int.
    private const int ExponentLimit = 100_000;
    private const int DigitsMax = 19;

    private static readonly double[] PowersOfTen =
    [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];

    /// <summary>The significant digits read.</summary>
    public ulong Mantissa;

    /// <summary>Power of ten that the mantissa is multiplied with.</summary>
    public int Exponent;

    /// <summary>True for a leading minus, also before zero.</summary>
    public bool IsNegative;

    /// <summary>True when digits other than 0 follow the 19th significant one.</summary>
    public bool IsCut;

    /// <summary>
    /// Reads a number at <paramref name="at"/> and returns where it ends, or −1. JSON's grammar; <paramref name="isLenient"/> also
    /// accepts a leading + and leading zeros.
    /// </summary>
    public static int Scan(ReadOnlySpan<byte> text, int at, bool isLenient, out NumberText number)
    {
        number = default;
        if (at < text.Length && (text[at] == '-' || (isLenient && text[at] == '+')))
        {
            number.IsNegative = text[at++] == '-';
        }

        int start = at;
        int digits = 0;
        at = number.ReadDigits(text, at, ref digits, isFraction: false);
        if (at == start || (!isLenient && at - start > 1 && text[start] == '0'))
        {
            return -1;
        }

        if (at < text.Length && text[at] == '.')
        {
            int fraction = at + 1;
            at = number.ReadDigits(text, fraction, ref digits, isFraction: true);
            if (at == fraction)
            {
                return -1;
            }
        }

        return at < text.Length && (text[at] | 0x20) == 'e' ? number.ReadExponent(text, at + 1) : at;
    }

    /// <summary>The whole of <paramref name="text"/> as a number.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, bool isLenient, out NumberText number) =>
        Scan(text, 0, isLenient, out number) == text.Length && text.Length > 0;

    /// <summary>The value when it is an integer in the range of a long; <c>1.0</c> and <c>1e3</c> are integers.</summary>
    public readonly bool TryToInt64(out long value)
    {
        value = 0;
        if (IsCut || !TryScale(Mantissa, Exponent, out ulong magnitude, out bool isExact) || !isExact)
        {
            return false;
        }

        return TrySign(magnitude, out value);
    }

    /// <summary>The nearest double; infinite when it is too large. <paramref name="text"/> is what was scanned. −0 becomes 0.</summary>
    public readonly double ToDouble(ReadOnlySpan<byte> text)
    {
        if (Mantissa == 0)
        {
            return 0;
        }

        // Both factors are exact doubles here, so the one rounding is the right one (Clinger's fast path).
        if (!IsCut && Mantissa <= 1UL << 53 && Exponent is >= -22 and <= 22)
        {
            double magnitude = Exponent < 0 ? Mantissa / PowersOfTen[-Exponent] : Mantissa * PowersOfTen[Exponent];
            return IsNegative ? -magnitude : magnitude;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value + 0.0 : double.PositiveInfinity;
    }

    /// <summary>The value as a decimal, rounded to its 28 to 29 digits; false when it is too large.</summary>
    public readonly bool TryToDecimal(ReadOnlySpan<byte> text, out decimal value)
    {
        if (!IsCut && Exponent is <= 0 and >= -28)
        {
            value = new decimal((int)Mantissa, (int)(Mantissa >> 32), 0, IsNegative && Mantissa != 0, (byte)-Exponent);
            return true;
        }

        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>The largest integer not above value × 10^<paramref name="shift"/>; false when no long holds it.</summary>
    public readonly bool TryFloorScaled(int shift, out long value)
    {
        value = 0;
        if (!TryScale(Mantissa, Exponent + shift, out ulong magnitude, out bool isExact))
        {
            return false;
        }

        bool hasRest = !isExact || IsCut;
        return TrySign(IsNegative && hasRest ? magnitude + 1 : magnitude, out value);
    }

    // mantissa × 10^exponent cut to an integer; false when it does not fit.
    private static bool TryScale(ulong mantissa, int exponent, out ulong value, out bool isExact)
    {
        value = mantissa;
        isExact = true;
        if (mantissa == 0)
        {
            return true;
        }

        for (; exponent > 0; exponent--)
        {
            if (value > ulong.MaxValue / 10)
            {
                return false;
            }

            value *= 10;
        }

        for (; exponent < 0 && value != 0; exponent++)
        {
            (value, ulong digit) = Math.DivRem(value, 10);
            isExact &= digit == 0;
        }

        return true;
    }

    private readonly bool TrySign(ulong magnitude, out long value)
    {
        value = IsNegative ? unchecked(-(long)magnitude) : (long)magnitude;
        return magnitude <= (IsNegative ? 1UL << 63 : long.MaxValue);
    }

    private int ReadDigits(ReadOnlySpan<byte> text, int at, ref int digits, bool isFraction)
    {
        for (; at < text.Length; at++)
        {
            uint digit = (uint)text[at] - '0';
            if (digit > 9)
            {
                break;
            }

            if (digits < DigitsMax)
            {
                Mantissa = (Mantissa * 10) + digit;
                digits += Mantissa == 0 ? 0 : 1;
                Exponent -= isFraction ? 1 : 0;
            }
            else
            {
                IsCut |= digit != 0;
                Exponent += isFraction ? 0 : 1;
            }
        }

        return at;
    }

    private int ReadExponent(ReadOnlySpan<byte> text, int at)
    {
        bool isNegative = at < text.Length && text[at] == '-';
        at += at < text.Length && text[at] is (byte)'-' or (byte)'+' ? 1 : 0;
        int start = at;
        int exponent = 0;
        for (; at < text.Length && (uint)text[at] - '0' <= 9; at++)
        {
            exponent = Math.Min((exponent * 10) + (text[at] - '0'), ExponentLimit);
        }

        Exponent += isNegative ? -exponent : exponent;
        return at == start ? -1 : at;
    }
}
