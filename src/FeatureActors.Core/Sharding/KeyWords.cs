using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace FeatureActors.Core.Sharding;

/// <summary>
/// Two words of a key's bytes, for finding it again among few others. Of keys of one length up to <see cref="WholeMax"/> bytes they differ
/// when the keys do; longer keys have their stable hash in them, so equal words say nothing for sure.
/// </summary>
/// <param name="Head">The first bytes, or the hash.</param>
/// <param name="Tail">The last bytes, or nothing.</param>
public readonly record struct KeyWords(ulong Head, ulong Tail)
{
    /// <summary>Longest key in bytes that its length and its words tell wholly.</summary>
    public const int WholeMax = 2 * Word;

    private const int Word = sizeof(ulong);

    // Digits of pi: what is multiplied is not to be zero, and zeros of a short key are to mean something.
    private const ulong HeadSeed = 0x243F6A8885A308D3;
    private const ulong TailSeed = 0x13198A2E03707344;

    /// <summary>A number whose high bits depend on all bytes; of this process alone, not for anything that is kept or sent.</summary>
    public ulong Mixed
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            ulong high = Math.BigMul(Head ^ HeadSeed, Tail ^ TailSeed, out ulong low);
            return high ^ low;
        }
    }

    /// <summary>Words of the key that stands at <paramref name="start"/> of <paramref name="bytes"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KeyWords Of(ReadOnlySpan<byte> bytes, int start, int length)
    {
        ReadOnlySpan<byte> key = bytes.Slice(start, length);
        return length is >= Word and <= WholeMax
            ? new KeyWords(BinaryPrimitives.ReadUInt64LittleEndian(key), BinaryPrimitives.ReadUInt64LittleEndian(key[(length - Word)..]))
            : OfUncommon(key);
    }

    private static KeyWords OfUncommon(ReadOnlySpan<byte> key)
    {
        if (key.Length > WholeMax)
        {
            return new KeyWords(StableHash.Of(key), 0);
        }

        ulong head = 0;
        for (int i = 0; i < key.Length; i++)
        {
            head |= (ulong)key[i] << (8 * i);
        }

        return new KeyWords(head, 0);
    }
}
