using System.Numerics;
using System.Runtime.InteropServices;

namespace FeatureActors.Core.Slots;

/// <summary>CRC-32C (Castagnoli), as RFC 3720 appendix B.4 defines it; processors compute it in hardware.</summary>
public static class Checksum
{
    /// <summary>Checksum of <paramref name="data"/>.</summary>
    public static uint Of(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(data);
        foreach (ulong word in words)
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (byte value in data[(words.Length * sizeof(ulong))..])
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return ~crc;
    }
}
