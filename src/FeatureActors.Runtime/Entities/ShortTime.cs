namespace FeatureActors.Runtime.Entities;

/// <summary>
/// Times of the recent past in 32 bits: the low half of Unix milliseconds, 0 for none. Right for 24 days before and after; used
/// for figures of latency only.
/// </summary>
internal static class ShortTime
{
    /// <summary>The time in short.</summary>
    public static uint Of(long timeMs) => Math.Max(1, (uint)timeMs);

    /// <summary>The older of two times, either of which may be none.</summary>
    public static uint Older(uint one, uint other) => one == 0 || (other != 0 && (int)(other - one) < 0) ? other : one;

    /// <summary>Milliseconds from <paramref name="time"/> to <paramref name="nowMs"/>.</summary>
    public static long Age(uint time, long nowMs) => (int)((uint)nowMs - time);
}
