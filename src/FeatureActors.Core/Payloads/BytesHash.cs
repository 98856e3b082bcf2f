using System.Buffers.Binary;
using System.Numerics;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// A 32-bit hash of a few bytes for the look-up tables inside payloads: 8 bytes a step, multiply and fold. It is stored with the
/// state, so it must never change; it chooses nothing outside one entity's feature.
/// </summary>
internal static class BytesHash
{
    private const ulong Odd = 0x9E3779B97F4A7C15;

    /// <summary>The hash of <paramref name="bytes"/>.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        ulong hash = (ulong)bytes.Length * Odd;
        while (bytes.Length >= 8)
        {
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        ulong tail = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            tail |= (ulong)bytes[i] << (i * 8);
        }

        hash = Mix(hash ^ tail);
        return (uint)(hash ^ (hash >> 32));
    }

    private static ulong Mix(ulong value) => BitOperations.RotateLeft(value * Odd, 29) * 0xBF58476D1CE4E5B9;
}
