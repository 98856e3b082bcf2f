using System.Collections;
using System.Runtime.InteropServices;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Slots;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Checkpoints;

/// <summary>
/// The rows of one checkpoint: blocks saved one behind the other in pooled chunks, and twelve bytes about each. Filled by the
/// shard, then read by the store, then given back; a row reads its key and due time out of its block.
/// </summary>
internal sealed class CheckpointRows(ChunkPool pool, byte format) : IReadOnlyList<StoredEntity>, IDisposable
{
    private static readonly int EntriesPerPage = ChunkPool.ChunkBytes / Marshal.SizeOf<Entry>();

    private readonly List<byte[]> _segments = [];
    private readonly List<byte[]> _pages = [];
    private int _used;

    /// <summary>Bytes of all rows.</summary>
    public long Bytes { get; private set; }

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public StoredEntity this[int index]
    {
        get
        {
            Entry entry = Entries(index)[index % EntriesPerPage];
            ReadOnlyMemory<byte> bytes = _segments[entry.Segment].AsMemory(entry.Start, entry.Length);
            if (entry.Kind == RowKind.Delete)
            {
                return new StoredEntity(bytes, default, long.MaxValue, false);
            }

            EntityBlock.FindRow(bytes.Span, out int keyStart, out int keyLength, out long due);
            return new StoredEntity(bytes.Slice(keyStart, keyLength), bytes, due, entry.Kind == RowKind.Unpublished);
        }
    }

    /// <summary>Adds the block that is open.</summary>
    public void Add(EntityBlock block, bool isUnpublished)
    {
        Span<byte> target = Reserve(block.SavedBytesMax);
        Keep(block.Save(target, format), isUnpublished ? RowKind.Unpublished : RowKind.Published);
    }

    /// <summary>Adds the deletion of a key.</summary>
    public void AddDelete(ReadOnlySpan<byte> key)
    {
        key.CopyTo(Reserve(key.Length));
        Keep(key.Length, RowKind.Delete);
    }

    /// <inheritdoc/>
    public IEnumerator<StoredEntity> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        foreach (byte[] chunk in _segments.Concat(_pages).Where(static c => c.Length == ChunkPool.ChunkBytes))
        {
            pool.Return(chunk);
        }

        _segments.Clear();
        _pages.Clear();
        Count = 0;
    }

    private Span<byte> Reserve(int bytes)
    {
        if (_segments.Count == 0 || _segments[^1].Length - _used < bytes)
        {
            _segments.Add(bytes > ChunkPool.ChunkBytes ? GC.AllocateUninitializedArray<byte>(bytes) : pool.Rent());
            _used = 0;
        }

        return _segments[^1].AsSpan(_used);
    }

    private void Keep(int bytes, RowKind kind)
    {
        if (Count % EntriesPerPage == 0)
        {
            _pages.Add(pool.Rent());
        }

        Entries(Count)[Count % EntriesPerPage] = new Entry(_segments.Count - 1, _used, bytes, kind);
        Count++;
        _used += bytes;
        Bytes += bytes;
    }

    private Span<Entry> Entries(int index) => MemoryMarshal.Cast<byte, Entry>(_pages[index / EntriesPerPage].AsSpan());

    private enum RowKind
    {
        Published = 0,
        Unpublished = 1,
        Delete = 2,
    }

    private readonly struct Entry(int segment, int start, int length, RowKind kind)
    {
        private const int KindShift = 30;

        // Lengths stay below 2^30: a block is one array.
        private readonly uint _lengthAndKind = (uint)length | ((uint)kind << KindShift);

        public int Segment { get; } = segment;

        public int Start { get; } = start;

        public int Length => (int)(_lengthAndKind & ((1U << KindShift) - 1));

        public RowKind Kind => (RowKind)(_lengthAndKind >> KindShift);
    }
}
