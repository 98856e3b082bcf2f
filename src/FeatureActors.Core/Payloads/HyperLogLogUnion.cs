using System.Buffers.Binary;

namespace FeatureActors.Core.Payloads;

/// <summary>The union of <see cref="HyperLogLog"/> sets. One per thread, reused: it allocates only while it grows.</summary>
internal sealed class HyperLogLogUnion
{
    private const double SparseCells = 1 << HyperLogLog.SparseBits;

    [ThreadStatic]
    private static HyperLogLogUnion? PerThread;

    private readonly byte[] _registers = new byte[1 << HyperLogLog.PrecisionMax];
    private readonly uint[] _values = new uint[1 << (HyperLogLog.PrecisionMax - 2)];
    private ProbeTable _table = new();
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
        union._table.Clear();
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
        for (int at = 0; at < values.Length; at += sizeof(uint))
        {
            AddValue(BinaryPrimitives.ReadUInt32LittleEndian(values[at..]));
        }
    }

    /// <summary>Adds a hash.</summary>
    public void Add(ulong hash)
    {
        if (!_isDense)
        {
            AddValue(HyperLogLog.Pack(hash));
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

    /// <summary>Adds a sparse value; of two values of one cell the larger stays. Too many cells make the union dense.</summary>
    private void AddValue(uint value)
    {
        if (_isDense)
        {
            HyperLogLog.Raise(_registers, value, _precision);
            return;
        }

        int place = PlaceOf(value >> HyperLogLog.ZerosBits);
        if (_table[place] >= 0)
        {
            ref uint known = ref _values[_table[place]];
            known = Math.Max(known, value);
        }
        else if (_count == HyperLogLog.SparseMax(_precision))
        {
            MakeDense();
            HyperLogLog.Raise(_registers, value, _precision);
        }
        else
        {
            _values[_count] = value;
            _table[place] = _count++;
            if (_table.Grow(_count))
            {
                for (int i = 0; i < _count; i++)
                {
                    _table.Add(HashOf(_values[i] >> HyperLogLog.ZerosBits), i);
                }
            }
        }
    }

    private static uint HashOf(uint cell) => (cell * 0x9E3779B1) >> 8;

    /// <summary>Where a cell stands in the table, or the free place where it would.</summary>
    private int PlaceOf(uint cell)
    {
        int place = _table.First(HashOf(cell));
        while (_table[place] >= 0 && _values[_table[place]] >> HyperLogLog.ZerosBits != cell)
        {
            place = _table.Next(place);
        }

        return place;
    }
}
