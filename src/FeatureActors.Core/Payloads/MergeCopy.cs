namespace FeatureActors.Core.Payloads;

/// <summary>
/// A copy of a payload that is merged into another slot. Both may stand in one entity block, and growing the receiving slot
/// moves the block, so whoever reads the source after the first splice reads a copy.
/// </summary>
internal static class MergeCopy
{
    [ThreadStatic]
    private static byte[]? Buffer;

    /// <summary>Copies <paramref name="payload"/>; valid until the next call on this thread.</summary>
    public static ReadOnlySpan<byte> Of(ReadOnlySpan<byte> payload)
    {
        if (Buffer is null || Buffer.Length < payload.Length)
        {
            Buffer = new byte[Math.Max(1024, payload.Length * 2)];
        }

        payload.CopyTo(Buffer);
        return Buffer.AsSpan(0, payload.Length);
    }
}
