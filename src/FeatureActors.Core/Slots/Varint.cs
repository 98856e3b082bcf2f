using System.Runtime.CompilerServices;

namespace FeatureActors.Core.Slots;

/// <summary>Unsigned LEB128 integers: 7 bits a byte, lowest first.</summary>
public static class Varint
{
    /// <summary>Most bytes of a 64-bit value.</summary>
    public const int BytesMax = 10;

    /// <summary>Bytes that <paramref name="value"/> takes.</summary>
    public static int SizeOf(ulong value)
    {
        int size = 1;
        while (value >= 0x80)
        {
            value >>= 7;
            size++;
        }

        return size;
    }

    /// <summary>Writes <paramref name="value"/> and answers its size.</summary>
    public static int Write(Span<byte> target, ulong value)
    {
        int at = 0;
        while (value >= 0x80)
        {
            target[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        target[at++] = (byte)value;
        return at;
    }

    /// <summary>Reads the value at <paramref name="at"/> and moves behind it.</summary>
    /// <exception cref="InvalidDataException">The value is longer than 64 bits allow.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Read(ReadOnlySpan<byte> source, ref int at)
    {
        byte first = source[at];
        if (first < 0x80)
        {
            at++;
            return first;
        }

        byte second = source[at + 1];
        if (second < 0x80)
        {
            at += 2;
            return (first & 0x7FUL) | ((ulong)second << 7);
        }

        (ulong value, at) = ReadLong(source, at);
        return value;
    }

    /// <summary>Maps signed to unsigned so that small magnitudes stay small.</summary>
    public static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));

    /// <summary>Undoes <see cref="ZigZag"/>.</summary>
    public static long UnZigZag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);

    // Answers the place behind the value instead of moving one: a place that is passed on by reference lives in memory, and the next
    // value waits for it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (ulong Value, int Next) ReadLong(ReadOnlySpan<byte> source, int at)
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            ulong next = source[at++];
            value |= (next & 0x7F) << shift;
            if (next < 0x80)
            {
                return (value, at);
            }
        }

        throw new InvalidDataException("a variable-length integer is longer than 10 bytes");
    }
}
