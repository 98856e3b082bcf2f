namespace FeatureActors.Core.Payloads;

/// <summary>
/// Finds the entries of a list by their hashes: open addressing with linear probing over numbers of entries, at most half full. Reused: it
/// allocates only while it grows.
/// </summary>
internal struct ProbeTable
{
    private const int SizeMin = 64;

    // Number of the entry + 1, or 0.
    private int[] _entries = new int[SizeMin];
    private int _mask = SizeMin - 1;

    public ProbeTable()
    {
    }

    /// <summary>Number of the entry at a place, or −1 where a search ends.</summary>
    public readonly int this[int at]
    {
        get => _entries[at] - 1;
        set => _entries[at] = value + 1;
    }

    /// <summary>Forgets all entries.</summary>
    public void Clear()
    {
        _mask = SizeMin - 1;
        Array.Clear(_entries, 0, SizeMin);
    }

    /// <summary>Where the search for a hash begins.</summary>
    public readonly int First(uint hash) => (int)(hash & (uint)_mask);

    /// <summary>Where it goes on.</summary>
    public readonly int Next(int at) => (at + 1) & _mask;

    /// <summary>Adds an entry that is not there.</summary>
    public readonly void Add(uint hash, int entry)
    {
        int at = First(hash);
        while (_entries[at] != 0)
        {
            at = Next(at);
        }

        this[at] = entry;
    }

    /// <summary>True when <paramref name="count"/> entries were more than half of the table: it is twice as large now, and empty.</summary>
    public bool Grow(int count)
    {
        int size = _mask + 1;
        if (count * 2 <= size)
        {
            return false;
        }

        size *= 2;
        _mask = size - 1;
        if (_entries.Length < size)
        {
            _entries = new int[size];
        }
        else
        {
            Array.Clear(_entries, 0, size);
        }

        return true;
    }
}
