using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// Little-endian forms of integers in payloads: signed integers in the fewest of 1, 2, 4, 8 or 16 bytes, where the length
/// tells the width, and variable-length integers of 7 bits a byte. Most slots hold a handful of events, so the small forms
/// are what decides how many slots fit in memory.
/// </summary>
internal static class Packed
{
    /// <summary>Longest variable-length integer in bytes.</summary>
    public const int VarintBytesMax = 10;

    /// <summary>Fewest of 1, 2, 4, 8 bytes that hold the value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Width(long value) =>
        value == (sbyte)value ? 1 : value == (short)value ? 2 : value == (int)value ? 4 : 8;

    /// <summary>Fewest of 1, 2, 4, 8, 16 bytes that hold the value.</summary>
    public static int Width(Int128 value) => value == (long)value ? Width((long)value) : 16;

    /// <summary>Reads a signed integer of 0 (which is 0), 1, 2, 4 or 8 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Read(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        0 => 0,
        1 => (sbyte)bytes[0],
        2 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        4 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        8 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        _ => throw BadLength(bytes.Length),
    };

    /// <summary>Reads a signed integer of 0, 1, 2, 4, 8 or 16 bytes.</summary>
    public static Int128 ReadWide(ReadOnlySpan<byte> bytes) =>
        bytes.Length == 16 ? BinaryPrimitives.ReadInt128LittleEndian(bytes) : Read(bytes);

    /// <summary>Writes a value that fits into the length of <paramref name="target"/>: 1, 2, 4 or 8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Span<byte> target, long value)
    {
        switch (target.Length)
        {
            case 1:
                target[0] = (byte)value;
                break;
            case 2:
                BinaryPrimitives.WriteInt16LittleEndian(target, (short)value);
                break;
            case 4:
                BinaryPrimitives.WriteInt32LittleEndian(target, (int)value);
                break;
            case 8:
                BinaryPrimitives.WriteInt64LittleEndian(target, value);
                break;
            default:
                throw BadLength(target.Length);
        }
    }

    /// <summary>Writes a value that fits into the length of <paramref name="target"/>: 1, 2, 4, 8 or 16.</summary>
    public static void WriteWide(Span<byte> target, Int128 value)
    {
        if (target.Length == 16)
        {
            BinaryPrimitives.WriteInt128LittleEndian(target, value);
        }
        else
        {
            Write(target, (long)value);
        }
    }

    /// <summary>Bytes of the variable-length form.</summary>
    public static int VarintLength(ulong value)
    {
        int length = 1;
        while (value >= 0x80)
        {
            value >>= 7;
            length++;
        }

        return length;
    }

    /// <summary>Writes the variable-length form and returns its length.</summary>
    public static int WriteVarint(Span<byte> target, ulong value)
    {
        int length = 0;
        while (value >= 0x80)
        {
            target[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        target[length++] = (byte)value;
        return length;
    }

    /// <summary>Reads a variable-length integer at <paramref name="at"/> and moves behind it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ReadVarint(ReadOnlySpan<byte> bytes, ref int at)
    {
        byte next = bytes[at++];
        return next < 0x80 ? next : ReadLongVarint(bytes, ref at, next & 0x7Fu);
    }

    /// <summary>Maps integers of small magnitude, of either sign, to small unsigned ones.</summary>
    public static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));

    /// <summary>Undoes <see cref="ZigZag"/>.</summary>
    public static long UnZigZag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);

    private static ulong ReadLongVarint(ReadOnlySpan<byte> bytes, ref int at, ulong value)
    {
        int shift = 7;
        while (true)
        {
            byte next = bytes[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }

            shift += 7;
        }
    }

    private static InvalidOperationException BadLength(int length) =>
        new($"damaged feature payload: an integer of {length} bytes");
}
