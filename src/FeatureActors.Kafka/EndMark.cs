using System.Buffers.Text;

namespace FeatureActors.Kafka;

/// <summary>The message that ends a source partition: key <c>fa.end</c>, value epoch milliseconds as decimal text.</summary>
internal static class EndMark
{
    public static ReadOnlySpan<byte> Key => "fa.end"u8;

    /// <summary>False for anything that is not an end mark; with a malformed time it is an event, which the decoder refuses.</summary>
    public static bool TryParse(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, out long endMs)
    {
        endMs = 0;
        return key.SequenceEqual(Key)
            && Utf8Parser.TryParse(value, out endMs, out var consumed)
            && consumed == value.Length;
    }
}
