using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace FeatureActors.Core.Sharding;

/// <summary>The bytes of entity keys.</summary>
public static class KeyBytes
{
    private const int Word = sizeof(ulong);

    /// <summary>True when two keys are the same. Most keys have 8 to 16 bytes: two words that overlap, without a call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreEqual(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int length = first.Length;
        if (length != second.Length)
        {
            return false;
        }

        if (length is < Word or > 2 * Word)
        {
            return first.SequenceEqual(second);
        }

        ulong head = BinaryPrimitives.ReadUInt64LittleEndian(first) ^ BinaryPrimitives.ReadUInt64LittleEndian(second);
        ulong tail = BinaryPrimitives.ReadUInt64LittleEndian(first[(length - Word)..]) ^ BinaryPrimitives.ReadUInt64LittleEndian(second[(length - Word)..]);
        return (head | tail) == 0;
    }
}
