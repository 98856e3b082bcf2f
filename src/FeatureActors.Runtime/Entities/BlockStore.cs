using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using FeatureActors.Core.Slots;

namespace FeatureActors.Runtime.Entities;

/// <summary>
/// The memory of a shard's entity blocks: chunks cut into blocks of one size class each, large blocks in arrays of their own.
/// When a class has more than a sixteenth of its blocks free, its emptiest chunk is evacuated, so that memory follows entities as
/// they grow from class to class. It is also the <see cref="BlockMemory"/> of the block opened last. Used by one shard only.
/// </summary>
internal sealed class BlockStore : BlockMemory, IDisposable
{
    private const int OwnerBytes = 4;
    private const int LargestClass = 8 * 1024;
    private const int LargeBit = int.MinValue;
    private const int CacheLineBytes = 64;

    // Of a larger block only its begin is brought near, with the key behind the groups, and its end, with the newest slot of the last feature:
    // the lines of all of them would push each other out before they are read.
    private const int WholeBytesMax = 512;
    private const int BeginBytes = 2 * CacheLineBytes;

    // A handle is the chunk's index and the block's place in it; a chunk has at most 512 blocks of the smallest class.
    private const int PlaceBits = 9;
    private const int PlaceMask = (1 << PlaceBits) - 1;
    private const int SmallestClass = ChunkPool.ChunkBytes >> PlaceBits;

    // Up to here classes are 16 bytes apart: on average 8 bytes of a block are slack.
    private const int FineClass = 512;

    // Blocks that a class may have free before a chunk is evacuated: chunks, and the part of all its blocks.
    private const int FreeChunksMax = 2;
    private const int FreePart = 16;

    private static readonly int[] ClassBytes = MakeClasses();
    private static readonly byte[] ClassOfSize = MakeClassOfSize();

    private readonly ChunkPool _pool;
    private readonly List<Chunk?> _chunks = [];

    // Of each chunk what opening a block needs, side by side.
    private ChunkPlace[] _places = new ChunkPlace[16];
    private readonly Stack<int> _freeChunkIndexes = new();
    private readonly List<byte[]?> _large = [];
    private readonly Stack<int> _freeLargeIndexes = new();
    private readonly SizeClass[] _classes;
    private EntityTable? _table;
    private int _open = -1;

    public BlockStore(ChunkPool pool)
    {
        _pool = pool;
        _classes = [.. ClassBytes.Select(static bytes => new SizeClass(bytes))];
    }

    /// <summary>Bytes taken from the pool and for large blocks.</summary>
    public long ReservedBytes { get; private set; }

    /// <summary>Tells the store which table holds the handles of its blocks.</summary>
    public void Attach(EntityTable table) => _table = table;

    /// <summary>Allocates a block for <paramref name="entity"/> and opens it.</summary>
    public void Create(int entity, int bytes)
    {
        _table![entity].Handle = Allocate(entity, bytes);
        Open(entity);
    }

    /// <summary>Makes the entity's block the open one.</summary>
    public void Open(int entity)
    {
        _open = entity;
        ArraySegment<byte> block = BlockOf(_table![entity].Handle);
        PointTo(block.Array!, block.Offset, block.Count);
    }

    /// <summary>The bytes of a block, which need not be the open one.</summary>
    public ReadOnlySpan<byte> Peek(int handle) => BlockOf(handle);

    /// <summary>Brings a block near that is opened soon.</summary>
    public void Foresee(int handle)
    {
        if (handle < 0)
        {
            return;
        }

        ref readonly ChunkPlace chunk = ref _places[handle >> PlaceBits];
        ref byte at = ref chunk.Bytes[(handle & PlaceMask) * chunk.Stride];
        int end = chunk.Stride <= WholeBytesMax ? chunk.Stride : BeginBytes;
        for (int line = 0; line < end; line += CacheLineBytes)
        {
            Prefetch.Line(in Unsafe.Add(ref at, line));
        }

        Prefetch.Line(in Unsafe.Add(ref at, chunk.Stride - 1));
    }

    /// <summary>Frees the entity's block.</summary>
    public void Free(int entity)
    {
        Release(_table![entity].Handle);
        _open = -1;
    }

    /// <summary>Gives all memory back.</summary>
    public void Dispose()
    {
        foreach (Chunk? chunk in _chunks)
        {
            if (chunk is not null)
            {
                _pool.Return(chunk.Bytes);
            }
        }

        _chunks.Clear();
        _places = [];
        _large.Clear();
        ReservedBytes = 0;
    }

    /// <inheritdoc/>
    protected override void Grow(int capacity)
    {
        int entity = _open;
        int old = _table![entity].Handle;
        ReadOnlySpan<byte> content = Bytes;
        int handle = Allocate(entity, capacity);
        _table[entity].Handle = handle;
        Open(entity);
        content.CopyTo(Bytes);
        Release(old);

        // Releasing may evacuate chunks, this entity's among them.
        Open(entity);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ArraySegment<byte> BlockOf(int handle)
    {
        if (handle < 0)
        {
            return _large[handle & ~LargeBit]!;
        }

        ref readonly ChunkPlace chunk = ref _places[handle >> PlaceBits];
        return new ArraySegment<byte>(chunk.Bytes, ((handle & PlaceMask) * chunk.Stride) + OwnerBytes, chunk.Stride - OwnerBytes);
    }

    private static int[] MakeClasses()
    {
        var classes = new List<int>();
        for (int bytes = SmallestClass; bytes < FineClass; bytes += 16)
        {
            classes.Add(bytes);
        }

        // Four classes per doubling: on average a ninth of a block is slack.
        for (int power = FineClass; power < LargestClass; power *= 2)
        {
            classes.AddRange([power, power * 5 / 4, power * 3 / 2, power * 7 / 4]);
        }

        classes.Add(LargestClass);
        return [.. classes];
    }

    private static byte[] MakeClassOfSize()
    {
        byte[] map = new byte[(LargestClass / 16) + 1];
        int index = 0;
        for (int i = 0; i < map.Length; i++)
        {
            while (ClassBytes[index] < i * 16)
            {
                index++;
            }

            map[i] = (byte)index;
        }

        return map;
    }

    private int Allocate(int owner, int bytes)
    {
        int needed = bytes + OwnerBytes;
        if (needed > LargestClass)
        {
            return AllocateLarge(bytes);
        }

        SizeClass sizeClass = _classes[ClassOfSize[(needed + 15) / 16]];
        Chunk chunk = sizeClass.Open.Count > 0 ? sizeClass.Open[^1] : AddChunk(sizeClass);
        int slot = chunk.Take();
        sizeClass.Free--;
        if (chunk.IsFull)
        {
            sizeClass.RemoveOpen(chunk);
        }

        BinaryPrimitives.WriteInt32LittleEndian(chunk.Bytes.AsSpan(slot * sizeClass.Stride), owner);
        return (chunk.Index << PlaceBits) | slot;
    }

    private int AllocateLarge(int bytes)
    {
        // Large blocks keep a quarter of slack: their growth copies much.
        byte[] array = GC.AllocateUninitializedArray<byte>(((bytes + (bytes / 4)) + 1023) / 1024 * 1024);
        ReservedBytes += array.Length;
        if (_freeLargeIndexes.TryPop(out int index))
        {
            _large[index] = array;
        }
        else
        {
            index = _large.Count;
            _large.Add(array);
        }

        return LargeBit | index;
    }

    private void Release(int handle)
    {
        if (handle < 0)
        {
            int index = handle & ~LargeBit;
            ReservedBytes -= _large[index]!.Length;
            _large[index] = null;
            _freeLargeIndexes.Push(index);
            return;
        }

        Chunk chunk = _chunks[handle >> PlaceBits]!;
        int place = handle & PlaceMask;
        SizeClass sizeClass = chunk.Class;
        bool wasFull = chunk.IsFull;
        chunk.Give(place);
        BinaryPrimitives.WriteInt32LittleEndian(chunk.Bytes.AsSpan(place * sizeClass.Stride), -1);
        sizeClass.Free++;
        if (wasFull)
        {
            sizeClass.AddOpen(chunk);
        }

        if (chunk.IsEmpty)
        {
            Drop(chunk);
        }
        else if (sizeClass.Free > sizeClass.PerChunk * FreeChunksMax && sizeClass.Free * FreePart > sizeClass.Total)
        {
            Evacuate(sizeClass);
        }
    }

    /// <summary>Moves the blocks of the emptiest chunk into other chunks of the class and drops it.</summary>
    private void Evacuate(SizeClass sizeClass)
    {
        Chunk emptiest = sizeClass.Open[0];
        int looked = Math.Min(sizeClass.Open.Count, 16);
        for (int i = 1; i < looked; i++)
        {
            Chunk candidate = sizeClass.Open[sizeClass.NextLook()];
            if (candidate.Used < emptiest.Used)
            {
                emptiest = candidate;
            }
        }

        sizeClass.RemoveOpen(emptiest);
        for (int slot = 0; slot < sizeClass.PerChunk; slot++)
        {
            ReadOnlySpan<byte> source = emptiest.Bytes.AsSpan(slot * sizeClass.Stride, sizeClass.Stride);
            int owner = BinaryPrimitives.ReadInt32LittleEndian(source);
            if (owner < 0)
            {
                continue;
            }

            Chunk target = sizeClass.Open[^1];
            int free = target.Take();
            source.CopyTo(target.Bytes.AsSpan(free * sizeClass.Stride));
            _table![owner].Handle = (target.Index << PlaceBits) | free;
            if (target.IsFull)
            {
                sizeClass.RemoveOpen(target);
            }

            sizeClass.Free--;
            emptiest.Used--;
            sizeClass.Free++;
        }

        Drop(emptiest);
    }

    private Chunk AddChunk(SizeClass sizeClass)
    {
        int index = _freeChunkIndexes.TryPop(out int free) ? free : _chunks.Count;
        var chunk = new Chunk(index, _pool.Rent(), sizeClass);
        if (index == _chunks.Count)
        {
            _chunks.Add(chunk);
        }
        else
        {
            _chunks[index] = chunk;
        }

        if (index == _places.Length)
        {
            Array.Resize(ref _places, index * 2);
        }

        _places[index] = new ChunkPlace(chunk.Bytes, sizeClass.Stride);
        sizeClass.AddOpen(chunk);
        sizeClass.Total += sizeClass.PerChunk;
        sizeClass.Free += sizeClass.PerChunk;
        ReservedBytes += ChunkPool.ChunkBytes;
        return chunk;
    }

    private void Drop(Chunk chunk)
    {
        chunk.Class.RemoveOpen(chunk);
        chunk.Class.Total -= chunk.Class.PerChunk;
        chunk.Class.Free -= chunk.Class.PerChunk;
        _chunks[chunk.Index] = null;
        _places[chunk.Index] = default;
        _freeChunkIndexes.Push(chunk.Index);
        _pool.Return(chunk.Bytes);
        ReservedBytes -= ChunkPool.ChunkBytes;
    }

    private sealed class SizeClass(int stride)
    {
        private int _look;

        public int Stride { get; } = stride;

        public int PerChunk { get; } = ChunkPool.ChunkBytes / stride;

        public List<Chunk> Open { get; } = [];

        public int Total { get; set; }

        public int Free { get; set; }

        public void AddOpen(Chunk chunk)
        {
            chunk.OpenIndex = Open.Count;
            Open.Add(chunk);
        }

        public void RemoveOpen(Chunk chunk)
        {
            if (chunk.OpenIndex < 0)
            {
                return;
            }

            Chunk last = Open[^1];
            Open[chunk.OpenIndex] = last;
            last.OpenIndex = chunk.OpenIndex;
            Open.RemoveAt(Open.Count - 1);
            chunk.OpenIndex = -1;
        }

        public int NextLook() => _look = (_look + 1) % Open.Count;
    }

    private readonly record struct ChunkPlace(byte[] Bytes, int Stride);

    private sealed class Chunk
    {
        private readonly ushort[] _free;

        public Chunk(int index, byte[] bytes, SizeClass sizeClass)
        {
            Index = index;
            Bytes = bytes;
            Class = sizeClass;
            _free = new ushort[sizeClass.PerChunk];
            for (int i = 0; i < _free.Length; i++)
            {
                _free[i] = (ushort)(_free.Length - 1 - i);
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeClass.Stride), -1);
            }
        }

        public int Index { get; }

        public byte[] Bytes { get; }

        public SizeClass Class { get; }

        public int Used { get; set; }

        public int OpenIndex { get; set; } = -1;

        public bool IsFull => Used == _free.Length;

        public bool IsEmpty => Used == 0;

        public int Take() => _free[_free.Length - 1 - Used++];

        public void Give(int slot) => _free[_free.Length - 1 - --Used] = (ushort)slot;
    }
}
