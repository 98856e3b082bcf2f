using System.Numerics;
using FeatureActors.Core.Slots;

namespace FeatureActors.Core.Tests.Slots;

public sealed class ChecksumTests
{
    [Fact]
    public void Checksum_is_that_of_the_standard() => Assert.Equal(0xE3069283u, Checksum.Of("123456789"u8));

    [Fact]
    public void Checksum_of_any_length_is_that_of_byte_after_byte()
    {
        var random = new Random(1);
        byte[] bytes = new byte[20_000];
        random.NextBytes(bytes);
        foreach (int length in (int[])[0, 1, 7, 8, 9, 3_071, 3_072, 3_073, 3_080, 6_143, 6_144, 6_151, 20_000, .. Enumerable.Range(0, 50).Select(_ => random.Next(20_000))])
        {
            uint expected = uint.MaxValue;
            foreach (byte value in bytes.AsSpan(0, length))
            {
                expected = BitOperations.Crc32C(expected, value);
            }

            Assert.True(~expected == Checksum.Of(bytes.AsSpan(0, length)), $"{length} bytes");
        }
    }
}
