using System.Buffers.Binary;

namespace FeatureActors.Core.Payloads;

/// <summary>The union of <see cref="HyperLogLog"/> sets. One per thread, reused: it allocates only while it grows.</summary>
internal sealed class HyperLogLogUnion
{
    private const double SparseCells = 1 << HyperLogLog.SparseBits;

    [ThreadStatic]
    private static HyperLogLogUnion? PerThread;

    private readonly byte[] _registers = new byte[1 << HyperLogLog.PrecisionMax];
    private uint[] _values = new uint[1 << (HyperLogLog.PrecisionMax - 2)];
    private uint[] _joined = new uint[1 << (HyperLogLog.PrecisionMax - 2)];
    private int _count;
    private int _precision;
    private bool _isDense;

    /// <summary>The registers of a dense union.</summary>
    public ReadOnlySpan<byte> Registers => _registers.AsSpan(0, 1 << _precision);

    /// <summary>The estimated number of members.</summary>
    public double Estimate => _isDense
        ? HyperLogLog.EstimateDense(Registers, _precision)
        : -SparseCells * Math.Log(1 - (_count / SparseCells));

    /// <summary>The empty union of this thread; the one opened before is lost.</summary>
    public static HyperLogLogUnion Open(int precision)
    {
        HyperLogLogUnion union = PerThread ??= new HyperLogLogUnion();
        union._precision = precision;
        union._count = 0;
        union._isDense = false;
        return union;
    }

    /// <summary>Adds a set.</summary>
    public void Add(ReadOnlySpan<byte> set)
    {
        if (set.IsEmpty)
        {
            return;
        }

        if (set[0] == HyperLogLog.Dense)
        {
            MakeDense();
            HyperLogLog.MaxOf(_registers.AsSpan(0, 1 << _precision), set[1..]);
            return;
        }

        ReadOnlySpan<byte> values = set[1..];
        if (_isDense)
        {
            for (int at = 0; at < values.Length; at += sizeof(uint))
            {
                HyperLogLog.Raise(_registers, BinaryPrimitives.ReadUInt32LittleEndian(values[at..]), _precision);
            }

            return;
        }

        Join(values);
    }

    /// <summary>Adds a hash.</summary>
    public void Add(ulong hash)
    {
        if (!_isDense)
        {
            Span<byte> value = stackalloc byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32LittleEndian(value, HyperLogLog.Pack(hash));
            Join(value);
            return;
        }

        HyperLogLog.AddDense(_registers, hash, _precision);
    }

    /// <summary>Goes over to registers.</summary>
    public void MakeDense()
    {
        if (_isDense)
        {
            return;
        }

        _isDense = true;
        _registers.AsSpan(0, 1 << _precision).Clear();
        for (int i = 0; i < _count; i++)
        {
            HyperLogLog.Raise(_registers, _values[i], _precision);
        }
    }

    /// <summary>Merges two sorted lists; of two values of one cell the larger stays. Too many of them make the union dense.</summary>
    private void Join(ReadOnlySpan<byte> values)
    {
        int most = HyperLogLog.SparseMax(_precision);
        int right = 0;
        int rightCount = values.Length / sizeof(uint);
        int left = 0;
        int count = 0;
        while (left < _count || right < rightCount)
        {
            uint a = left < _count ? _values[left] : uint.MaxValue;
            uint b = right < rightCount ? BinaryPrimitives.ReadUInt32LittleEndian(values[(right * sizeof(uint))..]) : uint.MaxValue;
            uint cellA = a >> HyperLogLog.ZerosBits;
            uint cellB = b >> HyperLogLog.ZerosBits;
            bool takesLeft = left < _count && (right == rightCount || cellA <= cellB);
            bool takesRight = right < rightCount && (left == _count || cellB <= cellA);
            left += takesLeft ? 1 : 0;
            right += takesRight ? 1 : 0;
            if (count == most)
            {
                MakeDense();
                for (int at = 0; at < values.Length; at += sizeof(uint))
                {
                    HyperLogLog.Raise(_registers, BinaryPrimitives.ReadUInt32LittleEndian(values[at..]), _precision);
                }

                return;
            }

            _joined[count++] = takesLeft && takesRight ? Math.Max(a, b) : takesLeft ? a : b;
        }

        (_values, _joined) = (_joined, _values);
        _count = count;
    }
}
