using System.Globalization;
using System.Numerics;
using FeatureActors.TestKit.Features;

namespace FeatureActors.Core.Tests.Payloads;

/// <summary>The numeric types as their definitions read, computed from all rows. Retractions take away one equal row.</summary>
internal static class NaiveNumbers
{
    // Test doubles are multiples of 1/1024 and test decimals have at most 8 places, so both are whole numbers on this scale.
    private static readonly BigInteger Scale = 1024 * BigInteger.Pow(10, 8);

    public static string? Variance(IReadOnlyList<SampleRow> rows, int column, bool isSample, bool isRoot)
    {
        List<BigInteger> values = Values(rows, column);
        BigInteger n = values.Count;
        if (n < (isSample ? 2 : 1))
        {
            return null;
        }

        BigInteger sum = values.Aggregate(BigInteger.Zero, static (a, b) => a + b);
        BigInteger squares = values.Aggregate(BigInteger.Zero, static (a, b) => a + (b * b));
        double variance = Divide((n * squares) - (sum * sum), n * (isSample ? n - 1 : n) * Scale * Scale);
        return Text(isRoot ? Math.Sqrt(variance) : variance);
    }

    public static string? Rate(IReadOnlyList<SampleRow> rows, int column, long perMs, long windowMs)
    {
        if (windowMs == 0)
        {
            return null;
        }

        BigInteger sum = column < 0
            ? rows.Sum(static r => r.Sign) * Scale
            : rows.Aggregate(BigInteger.Zero, (a, r) => a + (r.Sign * Scaled(r.Values[column]!)));
        return Text(Divide(sum * perMs, Scale * windowMs));
    }

    public static string? Decayed(IReadOnlyList<SampleRow> rows, int column, long halfLifeMs, double epsilon, long nowMs)
    {
        double value = rows.Sum(r =>
            r.Sign * (column < 0 ? 1 : Convert.ToDouble(r.Values[column], CultureInfo.InvariantCulture))
            * Math.Pow(2, -(nowMs - r.EventTimeMs) / (double)halfLifeMs));
        return Math.Abs(value) < epsilon ? null : Text(value);
    }

    public static string? Quantiles(IReadOnlyList<SampleRow> rows, int column, double[] quantiles, bool isList)
    {
        BigInteger[] values = [.. Values(rows, column).Order()];
        if (values.Length == 0)
        {
            return null;
        }

        string[] found = [.. quantiles.Select(q => Text(Divide(values[(int)Math.Floor(q * (values.Length - 1))], Scale)))];
        return isList ? "[" + string.Join(",", found) + "]" : found[0];
    }

    public static string? Histogram(IReadOnlyList<SampleRow> rows, int column, double[] bounds)
    {
        List<BigInteger> values = Values(rows, column);
        if (values.Count == 0)
        {
            return null;
        }

        BigInteger[] limits = [.. bounds.Select(static b => Scaled(b))];
        int[] counts = new int[bounds.Length + 1];
        foreach (BigInteger value in values)
        {
            counts[limits.Count(b => b <= value)]++;
        }

        return "[" + string.Join(",", counts) + "]";
    }

    public static string? Sessions(IReadOnlyList<SampleRow> rows, long gapMs, string by)
    {
        var durations = new List<long>();
        long first = 0;
        long last = long.MinValue;
        foreach (long time in rows.Select(static r => r.EventTimeMs).Order())
        {
            if (last == long.MinValue || time - last >= gapMs)
            {
                durations.Add(0);
                first = time;
            }

            last = time;
            durations[^1] = last - first;
        }

        return by switch
        {
            "count" => Text(durations.Count),
            "total" => Text(durations.Sum()),
            "max" => Text(durations.Max()),
            "last" => Text(durations[^1]),
            _ => Text((double)durations.Sum() / durations.Count),
        };
    }

    /// <summary>The values that are left when each retraction has taken away one insertion, each times <see cref="Scale"/>.</summary>
    private static List<BigInteger> Values(IReadOnlyList<SampleRow> rows, int column)
    {
        var values = new List<BigInteger>();
        foreach (IGrouping<BigInteger, SampleRow> group in rows.GroupBy(r => Scaled(r.Values[column]!)))
        {
            int left = group.Sum(static r => r.Sign);
            Assert.True(left >= 0, "a row was retracted more often than inserted");
            values.AddRange(Enumerable.Repeat(group.Key, left));
        }

        return values;
    }

    private static BigInteger Scaled(object value) => value switch
    {
        double number => new BigInteger(number * 1024) * (Scale / 1024),
        decimal number => new BigInteger(number * 100_000_000m) * 1024,
        _ => Convert.ToInt64(value, CultureInfo.InvariantCulture) * Scale,
    };

    private static double Divide(BigInteger numerator, BigInteger denominator)
    {
        if (numerator.IsZero)
        {
            return 0;
        }

        // Enough digits in front of the point for the quotient to be right to more than the digits of a double.
        int shift = Math.Max(0, 128 - (int)(BigInteger.Abs(numerator).GetBitLength() - denominator.GetBitLength()));
        return Math.ScaleB((double)((numerator << shift) / denominator), -shift);
    }

    private static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);
}
