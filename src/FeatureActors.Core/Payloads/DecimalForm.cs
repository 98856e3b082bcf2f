using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>Decimals as a 127-bit mantissa and a power of ten.</summary>
internal static class DecimalForm
{
    private static readonly Int128[] PowersOfTen = MakePowers();

    /// <summary>Takes a decimal apart: value = mantissa · 10^−scale.</summary>
    public static void Split(decimal value, out Int128 mantissa, out byte scale)
    {
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(value, parts);
        mantissa = new Int128((uint)parts[2], ((ulong)(uint)parts[1] << 32) | (uint)parts[0]);
        if (parts[3] < 0)
        {
            mantissa = -mantissa;
        }

        scale = value.Scale;
    }

    /// <summary>Removes trailing zeros behind the point, so that equal values have equal forms.</summary>
    public static void Reduce(ref Int128 mantissa, ref byte scale)
    {
        while (scale > 0)
        {
            (Int128 quotient, Int128 digit) = Int128.DivRem(mantissa, 10);
            if (digit != 0)
            {
                return;
            }

            mantissa = quotient;
            scale--;
        }
    }

    /// <summary>Builds the decimal; false when it has more digits than a decimal holds.</summary>
    public static bool TryToDecimal(Int128 mantissa, byte scale, out decimal value)
    {
        Int128 magnitude = mantissa < 0 ? -mantissa : mantissa;
        ulong low = (ulong)magnitude;
        ulong high = (ulong)(magnitude >> 64);
        if (magnitude < 0 || high > uint.MaxValue || scale > 28)
        {
            value = 0;
            return false;
        }

        value = new decimal((int)low, (int)(low >> 32), (int)high, mantissa < 0, scale);
        return true;
    }

    /// <summary>Writes the exact value, rounded half to even only beyond the digits of a decimal.</summary>
    public static void Write(Int128 mantissa, byte scale, FeatureValueWriter value)
    {
        Reduce(ref mantissa, ref scale);
        Int128 dropped = 0;
        Int128 unit = 1;
        Int128 whole = mantissa;
        decimal text;
        while (!TryToDecimal(whole, scale, out text))
        {
            if (scale == 0)
            {
                value.Write(whole);
                return;
            }

            // Rounding once from the full mantissa: rounding digit by digit could round twice.
            unit *= 10;
            scale--;
            whole = mantissa / unit;
            dropped = mantissa - (whole * unit);
            Int128 half = unit / 2;
            Int128 rest = dropped < 0 ? -dropped : dropped;
            if (rest > half || (rest == half && (whole & 1) != 0))
            {
                whole += mantissa < 0 ? -1 : 1;
            }
        }

        value.Write(text);
    }

    /// <summary>Adds two mantissas of one scale; false on overflow.</summary>
    public static bool TryAdd(Int128 left, Int128 right, out Int128 sum)
    {
        sum = left + right;
        return ((left ^ sum) & (right ^ sum)) >= 0;
    }

    /// <summary>Adds exactly at the finer of the two scales; false when that needs more than 127 bits.</summary>
    public static bool TryAdd(Int128 left, byte leftScale, Int128 right, byte rightScale, out Int128 sum, out byte scale)
    {
        scale = Math.Max(leftScale, rightScale);
        if (TryRescale(left, leftScale, scale, out Int128 a) && TryRescale(right, rightScale, scale, out Int128 b)
            && TryAdd(a, b, out sum))
        {
            return true;
        }

        Reduce(ref left, ref leftScale);
        Reduce(ref right, ref rightScale);
        scale = Math.Max(leftScale, rightScale);
        sum = 0;
        return TryRescale(left, leftScale, scale, out a) && TryRescale(right, rightScale, scale, out b)
            && TryAdd(a, b, out sum);
    }

    /// <summary>Orders two values exactly.</summary>
    public static int Compare(Int128 left, byte leftScale, Int128 right, byte rightScale)
    {
        byte scale = Math.Max(leftScale, rightScale);
        bool leftFits = TryRescale(left, leftScale, scale, out Int128 a);
        bool rightFits = TryRescale(right, rightScale, scale, out Int128 b);

        // At most one is moved; one that does not fit is larger in magnitude than all that do.
        return !leftFits ? Int128.Sign(left)
            : !rightFits ? -Int128.Sign(right)
            : a.CompareTo(b);
    }

    /// <summary>Moves a mantissa to a finer scale; false when it does not fit.</summary>
    public static bool TryRescale(Int128 mantissa, byte from, byte to, out Int128 result)
    {
        result = mantissa;
        if (from == to || mantissa == 0)
        {
            return true;
        }

        int power = to - from;
        Int128 limit = Int128.MaxValue / PowersOfTen[power];
        if (mantissa > limit || mantissa < -limit)
        {
            return false;
        }

        result = mantissa * PowersOfTen[power];
        return true;
    }

    private static Int128[] MakePowers()
    {
        // A decimal's scale is at most 28, so no larger power is ever needed.
        var powers = new Int128[29];
        powers[0] = 1;
        for (int i = 1; i < powers.Length; i++)
        {
            powers[i] = powers[i - 1] * 10;
        }

        return powers;
    }
}
