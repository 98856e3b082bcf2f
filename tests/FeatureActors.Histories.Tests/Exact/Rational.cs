using System.Globalization;
using System.Numerics;

namespace FeatureActors.Histories.Tests.Exact;

/// <summary>An exact fraction: the arithmetic of the naive evaluator, so that only the engine can round.</summary>
internal readonly struct Rational : IComparable<Rational>, IEquatable<Rational>
{
    private readonly BigInteger _numerator;
    private readonly BigInteger _denominatorLessOne;

    public Rational(BigInteger numerator, BigInteger denominator)
    {
        if (denominator.Sign < 0)
        {
            (numerator, denominator) = (-numerator, -denominator);
        }

        BigInteger divisor = BigInteger.GreatestCommonDivisor(numerator, denominator);
        _numerator = numerator / divisor;
        _denominatorLessOne = (denominator / divisor) - 1;
    }

    public static Rational Zero => default;

    public int Sign => _numerator.Sign;

    public BigInteger Numerator => _numerator;

    public BigInteger Denominator => _denominatorLessOne + 1;

    public static Rational Of(long value) => new(value, 1);

    public static Rational Of(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)(bits >> 52 & 0x7FF);
        long fraction = bits & 0xFFFFFFFFFFFFF;
        fraction = exponent == 0 ? fraction : fraction | (1L << 52);
        exponent = Math.Max(exponent, 1) - 1075;
        BigInteger signed = bits < 0 ? -fraction : fraction;
        return exponent >= 0 ? new Rational(signed << exponent, 1) : new Rational(signed, BigInteger.One << -exponent);
    }

    public static Rational Of(decimal value)
    {
        int[] bits = decimal.GetBits(value);
        BigInteger whole = ((BigInteger)(uint)bits[2] << 64) | ((BigInteger)(uint)bits[1] << 32) | (uint)bits[0];
        return new Rational(bits[3] < 0 ? -whole : whole, BigInteger.Pow(10, bits[3] >> 16 & 0xFF));
    }

    /// <summary>Reads a decimal or scientific number exactly as written.</summary>
    public static Rational Parse(string text)
    {
        int e = text.IndexOfAny(['e', 'E']);
        int exponent = e < 0 ? 0 : int.Parse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string mantissa = e < 0 ? text : text[..e];
        int point = mantissa.IndexOf('.', StringComparison.Ordinal);
        if (point >= 0)
        {
            exponent -= mantissa.Length - point - 1;
            mantissa = mantissa.Remove(point, 1);
        }

        BigInteger digits = BigInteger.Parse(mantissa, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return exponent >= 0 ? new Rational(digits * BigInteger.Pow(10, exponent), 1) : new Rational(digits, BigInteger.Pow(10, -exponent));
    }

    public static Rational operator +(Rational a, Rational b) =>
        new((a._numerator * b.Denominator) + (b._numerator * a.Denominator), a.Denominator * b.Denominator);

    public static Rational operator -(Rational a, Rational b) =>
        new((a._numerator * b.Denominator) - (b._numerator * a.Denominator), a.Denominator * b.Denominator);

    public static Rational operator *(Rational a, Rational b) => new(a._numerator * b._numerator, a.Denominator * b.Denominator);

    public static Rational operator /(Rational a, Rational b) => new(a._numerator * b.Denominator, a.Denominator * b._numerator);

    public static bool operator <(Rational a, Rational b) => a.CompareTo(b) < 0;

    public static bool operator >(Rational a, Rational b) => a.CompareTo(b) > 0;

    public static bool operator <=(Rational a, Rational b) => a.CompareTo(b) <= 0;

    public static bool operator >=(Rational a, Rational b) => a.CompareTo(b) >= 0;

    public static bool operator ==(Rational a, Rational b) => a.Equals(b);

    public static bool operator !=(Rational a, Rational b) => !a.Equals(b);

    public Rational Abs() => new(BigInteger.Abs(_numerator), Denominator);

    /// <summary>The nearest double, ties to even.</summary>
    public double ToDouble()
    {
        if (Sign == 0)
        {
            return 0;
        }

        BigInteger n = BigInteger.Abs(_numerator);
        BigInteger d = Denominator;
        int exponent = (int)(n.GetBitLength() - d.GetBitLength());
        if (exponent >= 0 ? n < d << exponent : n << -exponent < d)
        {
            exponent--;
        }

        // The last place of the result is 2^place.
        int place = Math.Max(exponent - 52, -1074);
        BigInteger scaledN = place < 0 ? n << -place : n;
        BigInteger scaledD = place > 0 ? d << place : d;
        BigInteger quotient = BigInteger.DivRem(scaledN, scaledD, out BigInteger rest);
        int half = (rest * 2).CompareTo(scaledD);
        if (half > 0 || (half == 0 && !quotient.IsEven))
        {
            quotient += 1;
        }

        double size = Math.ScaleB((double)(long)quotient, place);
        return Sign < 0 ? -size : size;
    }

    public int CompareTo(Rational other) => (_numerator * other.Denominator).CompareTo(other._numerator * Denominator);

    public bool Equals(Rational other) => _numerator == other._numerator && _denominatorLessOne == other._denominatorLessOne;

    public override bool Equals(object? obj) => obj is Rational other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(_numerator, _denominatorLessOne);

    public override string ToString() =>
        Denominator.IsOne ? _numerator.ToString(CultureInfo.InvariantCulture) : ToDouble().ToString("R", CultureInfo.InvariantCulture);
}
