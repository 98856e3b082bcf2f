namespace FeatureActors.Redis.Tests;

public sealed class Crc64Tests
{
    [Fact]
    public void The_check_value_is_the_one_in_Redis_own_source() =>
        Assert.Equal(0xE9C6D914C4B8D9CAUL, Crc64.Compute("123456789"u8));

    [Fact]
    public void Nothing_has_the_checksum_zero() => Assert.Equal(0UL, Crc64.Compute([]));
}
