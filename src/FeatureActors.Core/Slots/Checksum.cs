using System.Numerics;
using System.Runtime.InteropServices;

namespace FeatureActors.Core.Slots;

/// <summary>CRC-32C (Castagnoli), as RFC 3720 appendix B.4 defines it; processors compute it in hardware.</summary>
public static class Checksum
{
    // Words of a lane. A checksum waits for the word before; those of three lanes do not wait for each other.
    private const int LaneWords = 128;
    private const int StripeWords = 3 * LaneWords;

    // What becomes of a checksum when a lane of zeros follows it, by each of its four bytes: a checksum is linear in its bits.
    private static readonly uint[] AfterLane = MakeAfterLane();

    /// <summary>Checksum of <paramref name="data"/>.</summary>
    public static uint Of(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(data);
        ReadOnlySpan<byte> rest = data[(words.Length * sizeof(ulong))..];
        while (words.Length >= StripeWords)
        {
            crc = AddStripe(crc, words[..StripeWords]);
            words = words[StripeWords..];
        }

        foreach (ulong word in words)
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (byte value in rest)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return ~crc;
    }

    private static uint AddStripe(uint crc, ReadOnlySpan<ulong> words)
    {
        ReadOnlySpan<ulong> first = words[..LaneWords];
        ReadOnlySpan<ulong> second = words.Slice(LaneWords, LaneWords);
        ReadOnlySpan<ulong> third = words.Slice(2 * LaneWords, LaneWords);
        uint secondCrc = 0;
        uint thirdCrc = 0;
        for (int i = 0; i < LaneWords; i++)
        {
            crc = BitOperations.Crc32C(crc, first[i]);
            secondCrc = BitOperations.Crc32C(secondCrc, second[i]);
            thirdCrc = BitOperations.Crc32C(thirdCrc, third[i]);
        }

        return MoveOn(MoveOn(crc) ^ secondCrc) ^ thirdCrc;
    }

    private static uint MoveOn(uint crc) =>
        AfterLane[crc & 0xFF]
        ^ AfterLane[256 + ((crc >> 8) & 0xFF)]
        ^ AfterLane[512 + ((crc >> 16) & 0xFF)]
        ^ AfterLane[768 + (crc >> 24)];

    private static uint[] MakeAfterLane()
    {
        uint[] table = new uint[4 * 256];
        for (int place = 0; place < 4; place++)
        {
            for (uint value = 0; value < 256; value++)
            {
                uint crc = value << (8 * place);
                for (int i = 0; i < LaneWords; i++)
                {
                    crc = BitOperations.Crc32C(crc, 0UL);
                }

                table[(place * 256) + (int)value] = crc;
            }
        }

        return table;
    }
}
