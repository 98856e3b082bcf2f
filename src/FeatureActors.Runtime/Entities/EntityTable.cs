using FeatureActors.Core.Sharding;
using FeatureActors.Core.Slots;

namespace FeatureActors.Runtime.Entities;

/// <summary>
/// Finds a shard's loaded entities by key: open addressing over 32-bit hashes, places in pages that never move. Used by one
/// shard only.
/// </summary>
internal sealed class EntityTable
{
    private const int PageBits = 10;
    private const int PageSize = 1 << PageBits;
    private const int Empty = -1;

    // Fewer entities stand in the processor's second cache, which is read sooner than asked for.
    private const int ForeseeFrom = 2048;

    private EntitySlot[][] _pages = new EntitySlot[16][];
    private int _pageCount;
    private readonly Stack<int> _free = new();
    private readonly BlockStore _store;
    private readonly EntityBlock _block;
    private int[] _index;
    private int _next;

    // Means nothing; the compiler must not find out that what was read is not used.
    private int _foreseen;

    public EntityTable(BlockStore store, EntityBlock block)
    {
        _store = store;
        _block = block;
        _index = new int[64];
        Array.Fill(_index, Empty);
    }

    /// <summary>Entities loaded.</summary>
    public int Count { get; private set; }

    /// <summary>Places ever used; scans run over 0 to this.</summary>
    public int PlacesEnd => _next;

    /// <summary>Bytes of the table itself.</summary>
    public long Bytes => ((long)_index.Length * sizeof(int)) + ((long)_pageCount * PageSize * EntitySlot.Size);

    /// <summary>The entity at a place.</summary>
    public ref EntitySlot this[int entity] => ref _pages[entity >> PageBits][entity & (PageSize - 1)];

    /// <summary>Place of the entity with this key, or −1. Leaves the entity's block open when found.</summary>
    public int Find(ReadOnlySpan<byte> key, ulong keyHash)
    {
        int entity = Seek(key, keyHash);
        if (entity != Empty)
        {
            _store.Open(entity);
        }

        return entity;
    }

    /// <summary>Place of the entity with this key, or −1; the open block stays open.</summary>
    public int Seek(ReadOnlySpan<byte> key, ulong keyHash)
    {
        uint hash = (uint)keyHash;
        int mask = _index.Length - 1;
        for (int i = Spread(hash) & mask; _index[i] != Empty; i = (i + 1) & mask)
        {
            int entity = _index[i];
            ref readonly EntitySlot slot = ref this[entity];
            if (slot.Hash == hash && _block.IsOf(_store.Peek(slot.Handle), key))
            {
                return entity;
            }
        }

        return Empty;
    }

    /// <summary>
    /// Brings near what <see cref="Seek"/> will read for each key. The loads of one step do not depend on each other, so the processor
    /// waits for memory once for many keys, not three times for each; with a million entities that is most of what a row costs.
    /// </summary>
    public void Foresee(Span<SoughtKey> keys)
    {
        if (Count < ForeseeFrom)
        {
            return;
        }

        int mask = _index.Length - 1;
        int[] index = _index;
        foreach (ref SoughtKey key in keys)
        {
            key.Entity = index[Spread((uint)key.Hash) & mask];
        }

        foreach (ref readonly SoughtKey key in keys)
        {
            if (key.Entity >= 0)
            {
                _foreseen += this[key.Entity].Handle;
            }
        }

        foreach (ref readonly SoughtKey key in keys)
        {
            if (key.Entity >= 0)
            {
                _foreseen += _store.Foresee(this[key.Entity].Handle);
            }
        }
    }

    /// <summary>Adds an entity that is not in the table; its block is the caller's task.</summary>
    public int Add(ulong keyHash)
    {
        if ((Count + 1) * 4 > _index.Length * 3)
        {
            Rehash(_index.Length * 2);
        }

        if (!_free.TryPop(out int entity))
        {
            entity = _next++;
            if (entity >> PageBits == _pageCount)
            {
                if (_pageCount == _pages.Length)
                {
                    Array.Resize(ref _pages, _pageCount * 2);
                }

                // Pinned: as old as the shard, and nothing in it for the collector to follow.
                _pages[_pageCount++] = GC.AllocateArray<EntitySlot>(PageSize, pinned: true);
            }
        }

        ref EntitySlot slot = ref this[entity];
        ushort generation = (ushort)(slot.Generation + 1);
        slot = default;
        slot.Generation = generation;
        slot.Hash = (uint)keyHash;
        slot.ScheduledMs = long.MaxValue;
        slot.WheelNext = -1;
        slot.Marks = EntityMarks.Live;
        Insert(entity, slot.Hash);
        Count++;
        return entity;
    }

    /// <summary>Removes an entity; its block is the caller's task.</summary>
    public void Remove(int entity)
    {
        ref EntitySlot slot = ref this[entity];
        int mask = _index.Length - 1;
        int hole = Spread(slot.Hash) & mask;
        while (_index[hole] != entity)
        {
            hole = (hole + 1) & mask;
        }

        // Entries behind the hole move up when their probe sequence passes it, so that no tombstones are needed.
        for (int i = (hole + 1) & mask; _index[i] != Empty; i = (i + 1) & mask)
        {
            int home = Spread(this[_index[i]].Hash) & mask;
            if (((i - home) & mask) >= ((i - hole) & mask))
            {
                _index[hole] = _index[i];
                hole = i;
            }
        }

        _index[hole] = Empty;
        slot.Marks = EntityMarks.None;
        _free.Push(entity);
        Count--;
    }

    /// <summary>Hash of a key as the table wants it.</summary>
    public static ulong HashOf(ReadOnlySpan<byte> key) => StableHash.Of(key);

    /// <summary>
    /// Where the search for a hash begins, before the mask. Keys of one shard agree modulo the shard count, so the low bits of their
    /// hashes are the same: each bit taken here must depend on the others, or most of the index is never a home and probes grow
    /// with the number of entities.
    /// </summary>
    internal static int Spread(uint hash) => (int)((hash * 0x9E3779B97F4A7C15UL) >> 32) & int.MaxValue;

    private void Insert(int entity, uint hash)
    {
        int mask = _index.Length - 1;
        int i = Spread(hash) & mask;
        while (_index[i] != Empty)
        {
            i = (i + 1) & mask;
        }

        _index[i] = entity;
    }

    private void Rehash(int size)
    {
        int[] old = _index;
        _index = new int[size];
        Array.Fill(_index, Empty);
        foreach (int entity in old)
        {
            if (entity != Empty)
            {
                Insert(entity, this[entity].Hash);
            }
        }
    }
}
