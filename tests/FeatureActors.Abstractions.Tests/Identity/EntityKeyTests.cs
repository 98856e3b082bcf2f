using System.Buffers;
using System.Text;
using FeatureActors.Abstractions.Identity;

namespace FeatureActors.Abstractions.Tests.Identity;

public sealed class EntityKeyTests
{
    [Theory]
    [InlineData("u17", "u17")]
    [InlineData("", "")]
    [InlineData("AZaz09-._~", "AZaz09-._~")]
    [InlineData("a b", "a%20b")]
    [InlineData("a:b|c{d}e%f", "a%3Ab%7Cc%7Bd%7De%25f")]
    [InlineData("!*'()/", "%21%2A%27%28%29%2F")]
    [InlineData("é漢😀", "%C3%A9%E6%BC%A2%F0%9F%98%80")]
    [InlineData("\0\n", "%00%0A")]
    public void Reserved_bytes_become_upper_case_escapes_as_in_the_standard_libraries(string part, string escaped)
    {
        Assert.Equal(escaped, EntityKey.Escape(part));
        Assert.Equal(Uri.EscapeDataString(part), EntityKey.Escape(part));
        Assert.Equal(escaped, AppendEscaped(part));
        Assert.Equal(escaped.Length, EntityKey.CountEscaped(Encoding.UTF8.GetBytes(part)));
        Assert.Equal(part == escaped, EntityKey.IsPlain(Encoding.UTF8.GetBytes(part)));
    }

    [Fact]
    public void Every_byte_is_escaped_unless_unreserved_and_reads_back()
    {
        for (int value = 0; value < 256; value++)
        {
            byte[] part = [(byte)'x', (byte)value, (byte)'y'];
            var writer = new ArrayBufferWriter<byte>();
            EntityKey.AppendEscaped(part, writer);
            bool isUnreserved = char.IsAsciiLetterOrDigit((char)value) || "-._~".Contains((char)value, StringComparison.Ordinal);
            Assert.Equal(
                isUnreserved ? $"x{(char)value}y" : $"x%{value:X2}y", Encoding.ASCII.GetString(writer.WrittenSpan));

            byte[] back = new byte[3];
            Assert.True(EntityKey.TryUnescape(writer.WrittenSpan, back, out int length));
            Assert.Equal(part, back[..length]);
        }
    }

    [Theory]
    [InlineData("%")]
    [InlineData("%2")]
    [InlineData("a%2")]
    [InlineData("%zz")]
    [InlineData("%3a")] // lower-case hex: a second spelling of ":"
    [InlineData("%41")] // needless: a second spelling of "A"
    [InlineData("a b")]
    [InlineData("a|b")]
    [InlineData("é")]
    public void Text_that_the_rule_does_not_build_is_refused(string escaped)
    {
        Assert.False(EntityKey.TryUnescape(Encoding.UTF8.GetBytes(escaped), new byte[64], out int written));
        Assert.Equal(0, written);
    }

    [Fact]
    public void A_destination_one_byte_too_small_is_refused_and_an_exact_one_is_filled()
    {
        byte[] part = "ab cd"u8.ToArray();
        Assert.False(EntityKey.TryEscape(part, new byte[6], out _));
        Assert.True(EntityKey.TryEscape(part, new byte[7], out int written));
        Assert.Equal(7, written);
        Assert.False(EntityKey.TryUnescape("ab%20cd"u8, new byte[4], out _));
        Assert.True(EntityKey.TryUnescape("ab%20cd"u8, new byte[5], out written));
        Assert.Equal(5, written);
    }

    [Fact]
    public void Composite_keys_keep_their_parts_apart_and_read_back()
    {
        Assert.Equal("u%7C1|%7C|", EntityKey.Join("u|1", "|", ""));
        Assert.True(EntityKey.TrySplit("u%7C1|%7C|", out string[] parts));
        Assert.Equal(["u|1", "|", ""], parts);
        Assert.False(EntityKey.TrySplit("a b", out parts));
        Assert.Empty(parts);
        Assert.False(EntityKey.TrySplit("%FF", out _));
        Assert.Throws<ArgumentException>(() => EntityKey.Join());
    }

    [Fact]
    public void Random_parts_of_any_length_are_spelled_as_the_standard_library_does_and_read_back()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        for (int round = 0; round < 2_000; round++)
        {
            string[] parts = new string[random.Next(1, 4)];
            for (int i = 0; i < parts.Length; i++)
            {
                parts[i] = RandomText(random, random.Next(0, round % 50 == 0 ? 2_000 : 20));
            }

            string key = EntityKey.Join(parts);
            Assert.True(key == string.Join('|', parts.Select(Uri.EscapeDataString)), $"seed {seed}, round {round}");
            Assert.True(EntityKey.TrySplit(key, out string[] back) && back.SequenceEqual(parts), $"seed {seed}, round {round}");
        }
    }

    [Fact]
    public void Escaping_allocates_nothing()
    {
        byte[] part = "user 17|é"u8.ToArray();
        byte[] escaped = new byte[64];
        byte[] back = new byte[64];
        EntityKey.TryEscape(part, escaped, out int length);
        EntityKey.TryUnescape(escaped.AsSpan(0, length), back, out _);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++)
        {
            EntityKey.TryEscape(part, escaped, out length);
            EntityKey.TryUnescape(escaped.AsSpan(0, length), back, out _);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void The_store_prefix_escapes_namespace_and_group() =>
        Assert.Equal("fa:my%20shop:item_sales:", EntityKey.StorePrefix("my shop", "item_sales"));

    private static string AppendEscaped(string part)
    {
        var writer = new ArrayBufferWriter<byte>();
        EntityKey.AppendEscaped(Encoding.UTF8.GetBytes(part), writer);
        return Encoding.ASCII.GetString(writer.WrittenSpan);
    }

    private static string RandomText(Random random, int length)
    {
        var text = new StringBuilder();
        for (int i = 0; i < length; i++)
        {
            int kind = random.Next(4);
            text.Append(kind switch
            {
                0 or 1 => ((char)random.Next(0x20, 0x7F)).ToString(),
                2 => char.ConvertFromUtf32(random.Next(0x80, 0xD800)),
                _ => char.ConvertFromUtf32(random.Next(0xE000, 0x10FFFF)),
            });
        }

        return text.ToString();
    }
}
