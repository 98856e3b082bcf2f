using FeatureActors.Core.Sharding;

namespace FeatureActors.Core.Tests.Sharding;

public sealed class KeyBytesTests
{
    [Fact]
    public void Keys_of_any_length_are_the_same_only_when_every_byte_is()
    {
        for (int length = 0; length <= 40; length++)
        {
            byte[] key = [.. Enumerable.Range(0, length).Select(static i => (byte)(i + 1))];
            byte[] other = [.. key];
            Assert.True(KeyBytes.AreEqual(key, other), $"{length} bytes");
            Assert.False(KeyBytes.AreEqual(key, [.. other, 0]), $"{length} bytes and one more");
            for (int place = 0; place < length; place++)
            {
                other[place] ^= 0x80;
                Assert.False(KeyBytes.AreEqual(key, other), $"{length} bytes, byte {place}");
                other[place] ^= 0x80;
            }
        }
    }
}
