using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// A set of 64-bit hashes whose size can be estimated, in a part of a slot's payload. Few hashes are kept one by one ("sparse"): the
/// first 26 bits of each with the number of zeros behind them, sorted, 4 bytes each; their number is estimated by linear counting in
/// 2^26 cells, which is as good as exact. When that takes more than the registers would, there are 2^precision registers of one byte
/// ("dense"), as in Flajolet, Fusy, Gandouet and Meunier, HyperLogLog, 2007. Which form a set has depends on its members alone, never on
/// how they came or were merged.
/// <para>
/// Dense sets are estimated as in Ertl, New cardinality estimation algorithms for HyperLogLog sketches, 2017, algorithm 6: one formula
/// over the whole range, without thresholds and tables of bias, whose standard error is 1.04 / √2^precision.
/// </para>
/// <code>
/// empty    the empty set
/// byte 0   1 sparse, 2 dense
/// then     sparse: 32-bit values, ascending: 26 bits of the hash, 6 bits of zeros + 1; dense: the registers
/// </code>
/// </summary>
internal static class HyperLogLog
{
    /// <summary>Fewest bits that choose a register.</summary>
    public const int PrecisionMin = 4;

    /// <summary>Most bits that choose a register.</summary>
    public const int PrecisionMax = 16;

    internal const byte Sparse = 1;
    internal const byte Dense = 2;
    internal const int SparseBits = 26;
    internal const int ZerosBits = 32 - SparseBits;

    // The limit of the constant of bias for many registers: 1 / (2 ln 2).
    private const double Alpha = 0.721347520444481703680;

    /// <summary>Most bytes of a set.</summary>
    public static int BytesMax(int precision) => 1 + (1 << precision);

    /// <summary>Standard error relative to the true number.</summary>
    public static double StandardError(int precision) => 1.04 / Math.Sqrt(1 << precision);

    /// <summary>Adds a hash.</summary>
    public static void Add(ulong hash, int precision, ref FeatureSlot slot, ref PayloadPart part)
    {
        if (part.Length > 0 && part.Of(slot)[0] == Dense)
        {
            AddDense(part.Of(slot)[1..], hash, precision);
        }
        else
        {
            AddSparse(Pack(hash), precision, ref slot, ref part);
        }
    }

    /// <summary>Adds all of another set, which must not stand in the same block.</summary>
    public static void Merge(ReadOnlySpan<byte> other, int precision, ref FeatureSlot slot, ref PayloadPart part)
    {
        if (other.IsEmpty)
        {
            return;
        }

        if (other[0] == Dense)
        {
            if (part.Length == 0 || part.Of(slot)[0] == Sparse)
            {
                MakeDense(precision, ref slot, ref part);
            }

            MaxOf(part.Of(slot)[1..], other[1..]);
            return;
        }

        ReadOnlySpan<byte> values = other[1..];
        for (int at = 0; at < values.Length; at += sizeof(uint))
        {
            uint value = BinaryPrimitives.ReadUInt32LittleEndian(values[at..]);
            if (part.Length > 0 && part.Of(slot)[0] == Dense)
            {
                Raise(part.Of(slot)[1..], value, precision);
            }
            else
            {
                AddSparse(value, precision, ref slot, ref part);
            }
        }
    }

    internal static uint Pack(ulong hash)
    {
        ulong behind = hash << SparseBits;
        int zeros = Math.Min(BitOperations.LeadingZeroCount(behind), 64 - SparseBits);
        return ((uint)(hash >> (64 - SparseBits)) << ZerosBits) | (uint)(zeros + 1);
    }

    internal static int SparseMax(int precision) => (1 << precision) / sizeof(uint);

    private static void AddSparse(uint value, int precision, ref FeatureSlot slot, ref PayloadPart part)
    {
        if (part.Length == 0)
        {
            slot.SplicePayload(part.Start, 1);
            part.Length = 1;
            part.Of(slot)[0] = Sparse;
        }

        Span<byte> values = part.Of(slot)[1..];
        int index = Find(values, value >> ZerosBits);
        if (index >= 0)
        {
            Span<byte> known = values[(index * sizeof(uint))..];
            if (BinaryPrimitives.ReadUInt32LittleEndian(known) < value)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(known, value);
            }

            return;
        }

        if (values.Length / sizeof(uint) == SparseMax(precision))
        {
            MakeDense(precision, ref slot, ref part);
            Raise(part.Of(slot)[1..], value, precision);
            return;
        }

        int at = 1 + (~index * sizeof(uint));
        slot.SplicePayload(part.Start + at, sizeof(uint));
        part.Length += sizeof(uint);
        BinaryPrimitives.WriteUInt32LittleEndian(part.Of(slot)[at..], value);
    }

    /// <summary>Index of the value with these 26 bits, or the complement of where it would stand.</summary>
    private static int Find(ReadOnlySpan<byte> values, uint cell)
    {
        int low = 0;
        int high = (values.Length / sizeof(uint)) - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            uint found = BinaryPrimitives.ReadUInt32LittleEndian(values[(middle * sizeof(uint))..]) >> ZerosBits;
            if (found == cell)
            {
                return middle;
            }

            if (found < cell)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return ~low;
    }

    private static void MakeDense(int precision, ref FeatureSlot slot, ref PayloadPart part)
    {
        HyperLogLogUnion scratch = HyperLogLogUnion.Open(precision);
        scratch.MakeDense();
        scratch.Add(part.Of(slot));
        int length = BytesMax(precision);
        slot.SplicePayload(part.Start + part.Length, length - part.Length);
        part.Length = length;
        Span<byte> set = part.Of(slot);
        set[0] = Dense;
        scratch.Registers.CopyTo(set[1..]);
    }

    internal static void AddDense(Span<byte> registers, ulong hash, int precision)
    {
        int index = (int)(hash >> (64 - precision));
        int zeros = Math.Min(BitOperations.LeadingZeroCount(hash << precision), 64 - precision);
        registers[index] = (byte)Math.Max(registers[index], zeros + 1);
    }

    /// <summary>Adds a sparse value to registers: the register's zeros may end within the 26 bits or go on behind them.</summary>
    internal static void Raise(Span<byte> registers, uint value, int precision)
    {
        uint cell = value >> ZerosBits;
        int index = (int)(cell >> (SparseBits - precision));
        uint rest = cell << (32 - SparseBits + precision);
        int rank = rest != 0
            ? BitOperations.LeadingZeroCount(rest) + 1
            : SparseBits - precision + (int)(value & ((1 << ZerosBits) - 1));
        registers[index] = (byte)Math.Max(registers[index], rank);
    }

    internal static void MaxOf(Span<byte> registers, ReadOnlySpan<byte> other)
    {
        Span<Vector<byte>> left = MemoryMarshal.Cast<byte, Vector<byte>>(registers);
        ReadOnlySpan<Vector<byte>> right = MemoryMarshal.Cast<byte, Vector<byte>>(other);
        for (int i = 0; i < left.Length; i++)
        {
            left[i] = Vector.Max(left[i], right[i]);
        }

        for (int i = left.Length * Vector<byte>.Count; i < registers.Length; i++)
        {
            registers[i] = Math.Max(registers[i], other[i]);
        }
    }

    internal static double EstimateDense(ReadOnlySpan<byte> registers, int precision)
    {
        int ranks = 64 - precision + 1;
        Span<int> counts = stackalloc int[64];
        counts.Clear();
        foreach (byte rank in registers)
        {
            counts[rank]++;
        }

        double m = registers.Length;
        double z = m * Tau(1 - (counts[ranks] / m));
        for (int rank = ranks - 1; rank >= 1; rank--)
        {
            z = 0.5 * (z + counts[rank]);
        }

        return Alpha * m * (m / (z + (m * Sigma(counts[0] / m))));
    }

    private static double Sigma(double x)
    {
        if (x == 1)
        {
            return double.PositiveInfinity;
        }

        double y = 1;
        double z = x;
        double before;
        do
        {
            x *= x;
            before = z;
            z += x * y;
            y += y;
        }
        while (z != before);
        return z;
    }

    private static double Tau(double x)
    {
        if (x is 0 or 1)
        {
            return 0;
        }

        double y = 1;
        double z = 1 - x;
        double before;
        do
        {
            x = Math.Sqrt(x);
            before = z;
            y *= 0.5;
            z -= (1 - x) * (1 - x) * y;
        }
        while (z != before);
        return z / 3;
    }
}
