using System.Numerics;

namespace FeatureActors.Runtime.Entities;

/// <summary>A set of places in the <see cref="EntityTable"/>, a bit each, that is read in the order of places. Used by one shard only.</summary>
internal sealed class PlaceSet
{
    private ulong[] _bits = new ulong[16];

    /// <summary>Places in the set.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a place that is not in the set.</summary>
    public void Add(int place)
    {
        int word = place >> 6;
        if (word >= _bits.Length)
        {
            Array.Resize(ref _bits, Math.Max(word + 1, _bits.Length * 2));
        }

        _bits[word] |= 1UL << (place & 63);
        Count++;
    }

    /// <summary>Removes a place that is in the set.</summary>
    public void Remove(int place)
    {
        _bits[place >> 6] &= ~(1UL << (place & 63));
        Count--;
    }

    /// <summary>The first place at or behind <paramref name="from"/>, or −1.</summary>
    public int Next(int from)
    {
        int word = from >> 6;
        if (word >= _bits.Length)
        {
            return -1;
        }

        ulong bits = _bits[word] & (ulong.MaxValue << (from & 63));
        while (bits == 0)
        {
            if (++word == _bits.Length)
            {
                return -1;
            }

            bits = _bits[word];
        }

        return (word << 6) + BitOperations.TrailingZeroCount(bits);
    }
}
