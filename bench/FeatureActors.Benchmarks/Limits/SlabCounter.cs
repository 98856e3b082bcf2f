using System.Runtime.InteropServices;
using FeatureActors.Core.Sharding;

namespace FeatureActors.Benchmarks.Limits;

/// <summary>
/// The least that counting by key can cost: the key's hash, open addressing over a table of entry numbers, the key's bytes
/// compared, one long raised. No time, window, trigger, checkpoint or type.
/// </summary>
internal sealed class SlabCounter
{
    private readonly int[] _table;
    private readonly byte[] _keys;
    private readonly int[] _keyStart;
    private readonly ulong[] _hashes;
    private readonly long[] _counts;
    private int _entries;
    private int _keyBytes;

    /// <summary>A counter with room for <paramref name="keys"/> keys of at most 16 bytes.</summary>
    public SlabCounter(int keys)
    {
        _table = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)keys * 2)];
        _keys = new byte[keys * 16];
        _keyStart = new int[keys + 1];
        _hashes = new ulong[keys];
        _counts = new long[keys];
    }

    /// <summary>Sum of all counts.</summary>
    public long Total => _counts.Sum();

    /// <summary>Counts one event of a key.</summary>
    public void Add(ReadOnlySpan<byte> key)
    {
        ulong hash = StableHash.Of(key);
        int mask = _table.Length - 1;
        int place = (int)hash & mask;
        while (_table[place] != 0)
        {
            int entry = _table[place] - 1;
            if (_hashes[entry] == hash && KeyOf(entry).SequenceEqual(key))
            {
                _counts[entry]++;
                return;
            }

            place = (place + 1) & mask;
        }

        _table[place] = _entries + 1;
        _hashes[_entries] = hash;
        key.CopyTo(_keys.AsSpan(_keyBytes));
        _keyBytes += key.Length;
        _counts[_entries] = 1;
        _keyStart[++_entries] = _keyBytes;
    }

    private ReadOnlySpan<byte> KeyOf(int entry) => MemoryMarshal.CreateReadOnlySpan(
        ref _keys[_keyStart[entry]], _keyStart[entry + 1] - _keyStart[entry]);
}
