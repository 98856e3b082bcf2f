namespace FeatureActors.Core.Payloads;

/// <summary>
/// Arithmetic on expansions: doubles whose exact sum is the value, smallest magnitude first (Shewchuk 1997, "Adaptive Precision
/// Floating-Point Arithmetic"; Dekker 1971 and Knuth for the sums without loss).
/// </summary>
internal static class DoubleExpansion
{
    /// <summary>The sum rounded, and exactly what that left over.</summary>
    public static double TwoSum(double left, double right, out double error)
    {
        double sum = left + right;
        double part = sum - left;
        error = (left - (sum - part)) + (right - part);
        return sum;
    }

    /// <summary>As <see cref="TwoSum"/>, when the left number has the larger magnitude.</summary>
    public static double FastTwoSum(double left, double right, out double error)
    {
        double sum = left + right;
        error = right - (sum - left);
        return sum;
    }

    /// <summary>The exact sum rounded to the nearest double, ties to even, as Python's <c>fsum</c> does it.</summary>
    public static double Rounded(ReadOnlySpan<double> partials)
    {
        int n = partials.Length - 1;
        double high = partials[n];
        double low = 0;
        while (n > 0 && low == 0)
        {
            high = FastTwoSum(high, partials[--n], out low);
        }

        // Half-way cases: what is left decides to which side they go.
        if (n > 0 && ((low < 0 && partials[n - 1] < 0) || (low > 0 && partials[n - 1] > 0)))
        {
            double twice = low * 2;
            double other = high + twice;
            if (other - high == twice)
            {
                return other;
            }
        }

        return high;
    }

    /// <summary>Joins partials until they are at least 52 bits apart; answers how many stand at the end of the span then.</summary>
    public static int Compress(Span<double> partials)
    {
        int bottom = partials.Length - 1;
        double carry = partials[bottom];
        for (int i = bottom - 1; i >= 0; i--)
        {
            double sum = FastTwoSum(carry, partials[i], out double low);
            if (low != 0)
            {
                partials[bottom--] = sum;
                carry = low;
            }
            else
            {
                carry = sum;
            }
        }

        partials[bottom] = carry;
        return partials.Length - bottom;
    }
}
