using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using FeatureActors.Core.Sharding;

namespace FeatureActors.Benchmarks.Limits;

/// <summary>
/// The least that counting by key can cost: the key's hash, open addressing over one flat array whose entries hold key and count side by
/// side, the key's bytes compared, one long raised. With many keys that is one wait for memory. No time, window, trigger,
/// checkpoint or type.
/// </summary>
internal sealed class SlabCounter
{
    private const int KeyBytesMax = 16;

    private readonly Entry[] _entries;

    /// <summary>A counter with room for <paramref name="keys"/> keys of at most 16 bytes.</summary>
    public SlabCounter(int keys) => _entries = new Entry[(int)BitOperations.RoundUpToPowerOf2((uint)keys * 2)];

    /// <summary>Sum of all counts.</summary>
    public long Total => _entries.Sum(static e => e.Count);

    /// <summary>Counts one event of a key.</summary>
    public void Add(ReadOnlySpan<byte> key)
    {
        int mask = _entries.Length - 1;
        for (int place = (int)StableHash.Of(key) & mask; ; place = (place + 1) & mask)
        {
            ref Entry entry = ref _entries[place];
            if (entry.Count == 0)
            {
                key.CopyTo(entry.Key);
                entry.KeyLength = key.Length;
            }
            else if (!KeyBytes.AreEqual(entry.Key[..entry.KeyLength], key))
            {
                continue;
            }

            entry.Count++;
            return;
        }
    }

    private struct Entry
    {
        public long Count;
        public int KeyLength;
        private KeyRoom _key;

        [UnscopedRef]
        public Span<byte> Key => _key;
    }

    [InlineArray(KeyBytesMax)]
    private struct KeyRoom
    {
        private byte _first;
    }
}
