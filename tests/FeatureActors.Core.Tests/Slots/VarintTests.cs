using FeatureActors.Core.Slots;

namespace FeatureActors.Core.Tests.Slots;

public sealed class VarintTests
{
    public static TheoryData<ulong> Values => [.. Enumerable.Range(0, 64).SelectMany(static bit => (ulong[])[(1UL << bit) - 1, 1UL << bit, (1UL << bit) | 1]).Distinct(), ulong.MaxValue];

    [Theory]
    [MemberData(nameof(Values))]
    public void Value_is_read_as_it_was_written_with_and_without_bytes_behind_it(ulong value)
    {
        byte[] bytes = new byte[Varint.BytesMax + 8];
        Array.Fill(bytes, (byte)0xFF);
        int length = Varint.Write(bytes, value);

        foreach (int room in (int[])[length, bytes.Length])
        {
            int at = 0;
            Assert.Equal(value, Varint.Read(bytes.AsSpan(0, room), ref at));
            Assert.Equal(length, at);
        }

        Assert.Equal(length, Varint.SizeOf(value));
    }

    [Fact]
    public void Value_of_more_than_ten_bytes_is_refused() => Assert.Throws<InvalidDataException>(static () =>
    {
        int at = 0;
        return Varint.Read(Enumerable.Repeat((byte)0x80, 11).ToArray(), ref at);
    });
}
