using System.Buffers.Binary;
using System.Numerics;
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

    // Odd, with bits all over: the primes of XXH64.
    private const ulong HeadFactor = 11400714785074694791;
    private const ulong TailFactor = 14029467366897019727;
    private const ulong LastFactor = 1609587929392839161;
    private const int Turn = 29;

    /// <summary>
    /// A number whose high bits depend on all bytes; of this process alone, not for anything that is kept or sent. A product carries bits
    /// upwards only, so those of the last bytes are turned down before the last one.
    /// </summary>
    public ulong Mixed
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ((Head * HeadFactor) ^ BitOperations.RotateLeft(Tail * TailFactor, Turn)) * LastFactor;
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
