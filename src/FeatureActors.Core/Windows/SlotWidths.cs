namespace FeatureActors.Core.Windows;

/// <summary>Slot arithmetic on Unix milliseconds. All rounding is toward negative infinity.</summary>
public static class SlotWidths
{
    /// <summary>Slot width of a slot that holds everything, for lifetime windows.</summary>
    public const long Unbounded = long.MaxValue;

    /// <summary>Start of the slot that holds everything.</summary>
    public const long UnboundedStart = long.MinValue;

    // Every width divides the next, so fine slots fold into coarse ones without a remainder.
    private static readonly long[] Standard =
    [
        1_000, 5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 10_800_000, 21_600_000, 86_400_000,
    ];

    /// <summary>The default slot width for a window: the coarsest standard width not above max(window/60, 1 s).</summary>
    /// <param name="windowMs">Window size, positive.</param>
    public static long ForWindow(long windowMs)
    {
        long bound = Math.Max(windowMs / 60, Standard[0]);
        int i = Standard.Length - 1;
        while (Standard[i] > bound)
        {
            i--;
        }

        return Standard[i];
    }

    /// <summary>Largest multiple of <paramref name="widthMs"/> at or below <paramref name="timeMs"/>.</summary>
    public static long Floor(long timeMs, long widthMs)
    {
        long remainder = timeMs % widthMs;
        return remainder < 0 ? timeMs - remainder - widthMs : timeMs - remainder;
    }

    /// <summary>Greatest common divisor of two positive widths; <see cref="Unbounded"/> is a multiple of everything.</summary>
    public static long CommonDivisor(long left, long right)
    {
        if (left == Unbounded)
        {
            return right;
        }

        if (right == Unbounded)
        {
            return left;
        }

        while (right != 0)
        {
            (left, right) = (right, left % right);
        }

        return left;
    }
}
