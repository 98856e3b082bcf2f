using FeatureActors.Core.Sharding;
using FeatureActors.Core.Slots;

namespace FeatureActors.Runtime.Entities;

/// <summary>
/// Finds a shard's loaded entities by key: open addressing over 32-bit hashes, places in pages that never move. An entry of the index is
/// the entity's place in its low bits, as many as the index has entries, and in the others those of the hash that did not choose
/// where the search begins: other entities on the way are told apart without a look at them. Used by one shard only.
/// </summary>
internal sealed class EntityTable
{
    private const int PageBits = 10;
    private const int PageSize = 1 << PageBits;
    private const int Empty = -1;

    // Keys that are handled together while the next ones are on their way.
    private const int Step = 16;

    private EntitySlot[][] _pages = new EntitySlot[16][];
    private int _pageCount;
    private readonly Stack<int> _free = new();
    private readonly BlockStore _store;
    private readonly EntityBlock _block;
    private int[] _index;
    private int _next;

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

    /// <summary>
    /// Finds the entities of keys, <see cref="SoughtKey.Entity"/>, or −1. What is read for some keys is asked for while those before them
    /// are compared, one step after another, so that hardly a read waits: with a million entities that would be most of what a row costs.
    /// </summary>
    /// <param name="keys">The keys.</param>
    /// <param name="bytes">Where their bytes stand.</param>
    public void Seek(Span<SoughtKey> keys, ReadOnlySpan<byte> bytes)
    {
        for (int from = -2 * Step; from < keys.Length; from += Step)
        {
            ForeseeEntities(StepOf(keys, from + (2 * Step)));
            ForeseeBlocks(StepOf(keys, from + Step));
            Confirm(StepOf(keys, from), bytes);
        }
    }

    /// <summary>Adds an entity that is not in the table; its block is the caller's task.</summary>
    public int Add(ulong keyHash)
    {
        if ((Count + 1) * 2 > _index.Length)
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
        int mask = Mask;
        int hole = Spread(slot.Hash) & mask;
        while ((_index[hole] & mask) != entity)
        {
            hole = (hole + 1) & mask;
        }

        // Entries behind the hole move up when their probe sequence passes it, so that no tombstones are needed.
        for (int i = (hole + 1) & mask; _index[i] != Empty; i = (i + 1) & mask)
        {
            int home = Spread(this[_index[i] & mask].Hash) & mask;
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

    private int Mask => _index.Length - 1;

    // The open block stays open.
    private int Seek(ReadOnlySpan<byte> key, ulong keyHash)
    {
        int spread = Spread((uint)keyHash);
        for (int i = spread & Mask; _index[i] != Empty; i = (i + 1) & Mask)
        {
            int entity = _index[i] & Mask;
            if (IsAlike(_index[i], spread) && Is(entity, key, keyHash))
            {
                return entity;
            }
        }

        return Empty;
    }

    private void Confirm(Span<SoughtKey> keys, ReadOnlySpan<byte> bytes)
    {
        foreach (ref SoughtKey key in keys)
        {
            ReadOnlySpan<byte> sought = bytes.Slice(key.Start, key.Length);
            if (key.Entity != Empty && !Is(key.Entity, sought, key.Hash))
            {
                key.Entity = Seek(sought, key.Hash);
            }
        }
    }

    // A guess is the only entity that the index takes for the key's, but for keys with equal bits of the hash; without one there is none.
    private void ForeseeEntities(Span<SoughtKey> keys)
    {
        int[] index = _index;
        int mask = index.Length - 1;
        foreach (ref SoughtKey key in keys)
        {
            int spread = Spread((uint)key.Hash);
            int i = spread & mask;
            while (index[i] != Empty && !IsAlike(index[i], spread))
            {
                i = (i + 1) & mask;
            }

            key.Entity = Empty;
            if (index[i] != Empty)
            {
                key.Entity = index[i] & mask;
                ref readonly EntitySlot slot = ref this[key.Entity];
                Prefetch.Line(in slot.ScheduledMs);
                Prefetch.Line(in slot.LastUsed);
            }
        }
    }

    private void ForeseeBlocks(Span<SoughtKey> keys)
    {
        foreach (ref readonly SoughtKey key in keys)
        {
            if (key.Entity >= 0)
            {
                _store.Foresee(this[key.Entity].Handle);
            }
        }
    }

    private static Span<SoughtKey> StepOf(Span<SoughtKey> keys, int from) =>
        from < 0 || from >= keys.Length ? [] : keys.Slice(from, Math.Min(Step, keys.Length - from));

    // Entities are fewer than entries, so that no entry equals that of none.
    private bool IsAlike(int entry, int spread) => ((entry ^ spread) & ~Mask) == 0;

    private bool Is(int entity, ReadOnlySpan<byte> key, ulong keyHash)
    {
        ref readonly EntitySlot slot = ref this[entity];
        return slot.Hash == (uint)keyHash && _block.IsOf(_store.Peek(slot.Handle), key);
    }

    private void Insert(int entity, uint hash)
    {
        int spread = Spread(hash);
        int i = spread & Mask;
        while (_index[i] != Empty)
        {
            i = (i + 1) & Mask;
        }

        _index[i] = (spread & ~Mask) | entity;
    }

    private void Rehash(int size)
    {
        int[] old = _index;
        int oldMask = Mask;
        _index = new int[size];
        Array.Fill(_index, Empty);
        foreach (int entry in old)
        {
            if (entry != Empty)
            {
                int entity = entry & oldMask;
                Insert(entity, this[entity].Hash);
            }
        }
    }
}
