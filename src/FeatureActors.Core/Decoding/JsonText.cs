using System.Buffers;
using System.Text;

namespace FeatureActors.Core.Decoding;

/// <summary>The lexical rules of JSON (RFC 8259) over bytes that are known to be UTF-8. Positions are indexes; −1 means malformed.</summary>
internal static class JsonText
{
    private static readonly SearchValues<byte> StringStops =
        SearchValues.Create([(byte)'"', (byte)'\\', .. Enumerable.Range(0, 0x20).Select(value => (byte)value)]);

    public static int SkipSpace(ReadOnlySpan<byte> text, int at)
    {
        while ((uint)at < (uint)text.Length && text[at] <= ' ' && text[at] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            at++;
        }

        return at;
    }

    /// <summary>Index of the quote that closes a string whose content starts at <paramref name="at"/>.</summary>
    public static int EndOfString(ReadOnlySpan<byte> text, int at, out bool hasEscape)
    {
        hasEscape = false;
        while (true)
        {
            int stop = text[at..].IndexOfAny(StringStops);
            if (stop < 0)
            {
                return -1;
            }

            at += stop;
            if (text[at] == '"')
            {
                return at;
            }

            hasEscape = true;
            int length = text[at] == '\\' ? EscapeLength(text, at) : -1;
            if (length < 0)
            {
                return -1;
            }

            at += length;
        }
    }

    /// <summary>The end of a number; the same grammar as <see cref="NumberText.Scan"/>, without computing it.</summary>
    public static int EndOfNumber(ReadOnlySpan<byte> text, int at)
    {
        at += text[at] == '-' ? 1 : 0;
        int start = at;
        at = EndOfDigits(text, at);
        if (at == start || (at - start > 1 && text[start] == '0'))
        {
            return -1;
        }

        if (at < text.Length && text[at] == '.')
        {
            start = at + 1;
            at = EndOfDigits(text, start);
            if (at == start)
            {
                return -1;
            }
        }

        if (at < text.Length && (text[at] | 0x20) == 'e')
        {
            at++;
            at += at < text.Length && text[at] is (byte)'+' or (byte)'-' ? 1 : 0;
            start = at;
            at = EndOfDigits(text, start);
            return at == start ? -1 : at;
        }

        return at;
    }

    /// <summary>The end of true, false or null.</summary>
    public static int EndOfWord(ReadOnlySpan<byte> text, int at)
    {
        ReadOnlySpan<byte> word = text[at] switch { (byte)'t' => "true"u8, (byte)'f' => "false"u8, (byte)'n' => "null"u8, _ => default };
        return !word.IsEmpty && text[at..].StartsWith(word) ? at + word.Length : -1;
    }

    /// <summary>
    /// Resolves the escapes of a string's content, which were checked by <see cref="EndOfString"/>; the result is never longer. Returns
    /// the number of bytes, or −1 where half a surrogate pair stands alone.
    /// </summary>
    public static int Unescape(ReadOnlySpan<byte> content, Span<byte> target)
    {
        int written = 0;
        while (true)
        {
            int stop = content.IndexOf((byte)'\\');
            ReadOnlySpan<byte> plain = stop < 0 ? content : content[..stop];
            plain.CopyTo(target[written..]);
            written += plain.Length;
            if (stop < 0)
            {
                return written;
            }

            byte escaped = content[stop + 1];
            if (escaped != 'u')
            {
                target[written++] = escaped switch
                {
                    (byte)'b' => (byte)'\b',
                    (byte)'f' => (byte)'\f',
                    (byte)'n' => (byte)'\n',
                    (byte)'r' => (byte)'\r',
                    (byte)'t' => (byte)'\t',
                    _ => escaped,
                };
                content = content[(stop + 2)..];
                continue;
            }

            int unit = Hex4(content, stop + 2);
            content = content[(stop + 6)..];
            if (char.IsHighSurrogate((char)unit) && content.StartsWith("\\u"u8) && char.IsLowSurrogate((char)Hex4(content, 2)))
            {
                unit = char.ConvertToUtf32((char)unit, (char)Hex4(content, 2));
                content = content[6..];
            }

            if (!Rune.TryCreate(unit, out Rune rune))
            {
                return -1;
            }

            written += rune.EncodeToUtf8(target[written..]);
        }
    }

    private static int EndOfDigits(ReadOnlySpan<byte> text, int at)
    {
        while ((uint)at < (uint)text.Length && (uint)text[at] - '0' <= 9)
        {
            at++;
        }

        return at;
    }

    private static int EscapeLength(ReadOnlySpan<byte> text, int at)
    {
        if (at + 1 >= text.Length)
        {
            return -1;
        }

        return text[at + 1] switch
        {
            (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t' => 2,
            (byte)'u' when at + 6 <= text.Length && Hex4(text, at + 2) >= 0 => 6,
            _ => -1,
        };
    }

    private static int Hex4(ReadOnlySpan<byte> text, int at)
    {
        int value = 0;
        foreach (byte b in text.Slice(at, 4))
        {
            if (!char.IsAsciiHexDigit((char)b))
            {
                return -1;
            }

            value = (value << 4) | (b <= '9' ? b - '0' : (b | 0x20) - 'a' + 10);
        }

        return value;
    }
}
