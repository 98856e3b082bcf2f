using System.Buffers;
using System.Globalization;
using System.Text;

namespace FeatureActors.Abstractions.Identity;

/// <summary>
/// How a key is spelled in the log, in the store and in the API. RFC 3986's unreserved characters (<c>A–Z a–z 0–9 - . _ ~</c>)
/// stay; every other byte of the UTF-8 text becomes <c>%XX</c> in upper-case hex, so <see cref="Uri.EscapeDataString(string)"/>
/// and Python's <c>urllib.parse.quote(s, safe='')</c> build the same. The parts of a composite key are joined by <c>|</c>, which no
/// escaped part can contain. Each key has exactly one spelling. All members are pure and safe for concurrent calls.
/// </summary>
public static class EntityKey
{
    /// <summary>Stands between the escaped parts of a composite key.</summary>
    public const byte PartSeparator = (byte)'|';

    /// <summary>Most bytes that one byte of a part can become.</summary>
    public const int EscapedBytesPerByteMax = 3;

    // Usual keys fit; longer text is rented.
    private const int StackBytesMax = 512;

    private static readonly SearchValues<byte> Unreserved =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"u8);

    /// <summary>True when the escaped form of <paramref name="utf8"/> is the text itself, as for most ids.</summary>
    public static bool IsPlain(ReadOnlySpan<byte> utf8) => utf8.IndexOfAnyExcept(Unreserved) < 0;

    /// <summary>Length in bytes of the escaped form.</summary>
    public static int CountEscaped(ReadOnlySpan<byte> utf8)
    {
        int length = utf8.Length;
        int at;
        while ((at = utf8.IndexOfAnyExcept(Unreserved)) >= 0)
        {
            length += 2;
            utf8 = utf8[(at + 1)..];
        }

        return length;
    }

    /// <summary>Writes the escaped form of one part. Allocates nothing.</summary>
    /// <param name="utf8">The part; may be empty.</param>
    /// <param name="destination">Receives the bytes; <see cref="CountEscaped"/> of them, at most three per byte of the part.</param>
    /// <param name="written">Bytes written; 0 when they do not fit.</param>
    /// <returns>False when <paramref name="destination"/> is too small; its content is then undefined.</returns>
    public static bool TryEscape(ReadOnlySpan<byte> utf8, Span<byte> destination, out int written)
    {
        written = 0;
        int used = 0;
        while (true)
        {
            int at = utf8.IndexOfAnyExcept(Unreserved);
            ReadOnlySpan<byte> plain = at < 0 ? utf8 : utf8[..at];
            if (!plain.TryCopyTo(destination[used..]))
            {
                return false;
            }

            used += plain.Length;
            if (at < 0)
            {
                written = used;
                return true;
            }

            if (destination.Length - used < EscapedBytesPerByteMax)
            {
                return false;
            }

            byte value = utf8[at];
            destination[used++] = (byte)'%';
            destination[used++] = "0123456789ABCDEF"u8[value >> 4];
            destination[used++] = "0123456789ABCDEF"u8[value & 15];
            utf8 = utf8[(at + 1)..];
        }
    }

    /// <summary>Appends the escaped form of one part. Allocates nothing beyond what <paramref name="destination"/> does to grow.</summary>
    /// <param name="utf8">The part; may be empty.</param>
    /// <param name="destination">Receives the bytes.</param>
    public static void AppendEscaped(ReadOnlySpan<byte> utf8, IBufferWriter<byte> destination)
    {
        if (utf8.IsEmpty)
        {
            return;
        }

        int length = CountEscaped(utf8);
        TryEscape(utf8, destination.GetSpan(length), out int written);
        destination.Advance(written);
    }

    /// <summary>Reads one escaped part back. Allocates nothing.</summary>
    /// <param name="escaped">Exactly what <see cref="AppendEscaped"/> wrote: a reserved byte, a needless escape or lower-case hex is refused.</param>
    /// <param name="destination">Receives the part; never longer than <paramref name="escaped"/>. May be the same memory.</param>
    /// <param name="written">Bytes written; 0 on failure.</param>
    /// <returns>False when the text is not a part's spelling, or does not fit.</returns>
    public static bool TryUnescape(ReadOnlySpan<byte> escaped, Span<byte> destination, out int written)
    {
        written = 0;
        int used = 0;
        while (true)
        {
            int at = escaped.IndexOfAnyExcept(Unreserved);
            ReadOnlySpan<byte> plain = at < 0 ? escaped : escaped[..at];
            if (!plain.TryCopyTo(destination[used..]))
            {
                return false;
            }

            used += plain.Length;
            if (at < 0)
            {
                written = used;
                return true;
            }

            if (escaped[at] != (byte)'%' || escaped.Length - at < EscapedBytesPerByteMax || used == destination.Length)
            {
                return false;
            }

            int high = HexDigit(escaped[at + 1]);
            int low = HexDigit(escaped[at + 2]);
            byte value = (byte)((high << 4) | low);
            if (high < 0 || low < 0 || Unreserved.Contains(value))
            {
                return false;
            }

            destination[used++] = value;
            escaped = escaped[(at + EscapedBytesPerByteMax)..];
        }
    }

    /// <summary>The escaped form of one part. A lone surrogate counts as U+FFFD, as in <see cref="Encoding.UTF8"/>.</summary>
    public static string Escape(string part)
    {
        ArgumentNullException.ThrowIfNull(part);
        return Join([part]);
    }

    /// <summary>The key of a composite: each part escaped, joined by <c>|</c>. One part gives that part's escaped form.</summary>
    /// <param name="parts">The parts in the order of the entity's <c>key</c>; at least one.</param>
    /// <exception cref="ArgumentException">There is no part.</exception>
    public static string Join(params ReadOnlySpan<string> parts)
    {
        if (parts.IsEmpty)
        {
            throw new ArgumentException("could not build a key: it has no part", nameof(parts));
        }

        if (parts.Length == 1 && IsPlainText(parts[0]))
        {
            return parts[0];
        }

        int charsMax = parts.Length - 1;
        foreach (string part in parts)
        {
            // A UTF-16 unit is at most three bytes of UTF-8, each at most three characters escaped.
            charsMax = checked(charsMax + (part.Length * 3 * EscapedBytesPerByteMax));
        }

        byte[]? rented = charsMax > StackBytesMax ? ArrayPool<byte>.Shared.Rent(charsMax) : null;
        try
        {
            Span<byte> key = rented ?? stackalloc byte[StackBytesMax];
            int length = 0;
            for (int i = 0; i < parts.Length; i++)
            {
                if (i > 0)
                {
                    key[length++] = PartSeparator;
                }

                length += EscapeText(parts[i], key[length..]);
            }

            return Encoding.ASCII.GetString(key[..length]);
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    /// <summary>The parts of a key, read back.</summary>
    /// <param name="key">Exactly what <see cref="Join"/> built.</param>
    /// <param name="parts">The parts; empty on failure.</param>
    /// <returns>False when <paramref name="key"/> is not a key's spelling, or a part is not UTF-8.</returns>
    public static bool TrySplit(string key, out string[] parts)
    {
        ArgumentNullException.ThrowIfNull(key);
        string[] split = key.Split('|');
        for (int i = 0; i < split.Length; i++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(split[i]);
            if (!TryUnescape(bytes, bytes, out int length) || !System.Text.Unicode.Utf8.IsValid(bytes.AsSpan(0, length)))
            {
                parts = [];
                return false;
            }

            split[i] = Encoding.UTF8.GetString(bytes, 0, length);
        }

        parts = split;
        return true;
    }

    /// <summary>What stands before an entity's key in the store: <c>fa:&lt;namespace&gt;:&lt;group&gt;:</c>, both parts escaped.</summary>
    public static string StorePrefix(string definitionsNamespace, string group) =>
        string.Create(CultureInfo.InvariantCulture, $"fa:{Escape(definitionsNamespace)}:{Escape(group)}:");

    private static bool IsPlainText(string text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.' or '_' or '~'))
            {
                return false;
            }
        }

        return true;
    }

    private static int EscapeText(string text, Span<byte> destination)
    {
        byte[]? rented = null;
        int bytesMax = text.Length * 3;
        Span<byte> utf8 = bytesMax <= StackBytesMax ? stackalloc byte[StackBytesMax] : (rented = ArrayPool<byte>.Shared.Rent(bytesMax));
        try
        {
            int length = Encoding.UTF8.GetBytes(text, utf8);
            TryEscape(utf8[..length], destination, out int written);
            return written;
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    private static int HexDigit(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };
}
