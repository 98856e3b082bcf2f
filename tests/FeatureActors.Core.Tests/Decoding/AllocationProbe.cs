namespace FeatureActors.Core.Tests.Decoding;

/// <summary>Measures what an action allocates on this thread.</summary>
internal static class AllocationProbe
{
    /// <summary>
    /// The least of five runs: a collection started by another test's thread retires this thread's allocation buffer, whose unused
    /// rest is then counted as allocated.
    /// </summary>
    public static long Least(Action action)
    {
        long least = long.MaxValue;
        for (int run = 0; run < 5 && least > 0; run++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
