using System.Numerics;
using System.Runtime.CompilerServices;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Sharding;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Shards;

/// <summary>
/// The rows of the batch that is being applied, by key in the order of the batch: what is done for an entity, from finding it to
/// marking it as changed, is done once for all its rows; rows of which only the number matters are counted here. Used by one shard only.
/// </summary>
internal sealed class KeyedRows
{
    private readonly BatchReader _reader;

    // Of each row where its head stands and, where rows are applied one by one, the next row of its run.
    private int[] _positions = new int[1024];
    private int[] _next = new int[1024];
    private SoughtKey[] _keys = new SoughtKey[1024];
    private RowHead _head;

    // Runs of keys that are not their last ones.
    private RowRun[] _earlier = new RowRun[16];
    private int _earlierCount;

    // Open addressing by the high bits of the key's mixed words: place of the key + 1, or 0.
    private int[] _index = new int[2048];
    private int _mask;
    private int _shift;

    /// <summary>Reads batches that <paramref name="reader"/> has opened.</summary>
    public KeyedRows(BatchReader reader) => _reader = reader;

    /// <summary>Number of different keys.</summary>
    public int KeyCount { get; private set; }

    /// <summary>The different keys, in the order of their first rows.</summary>
    public Span<SoughtKey> Keys => _keys.AsSpan(0, KeyCount);

    /// <summary>Rows that the shard has had before.</summary>
    public int Repeated { get; private set; }

    /// <summary>Head of a row, which becomes that of another row with the next call.</summary>
    public ref readonly RowHead Head(int row)
    {
        _reader.ReadHead(_positions[row], ref _head);
        return ref _head;
    }

    /// <summary>A run of rows of a key before its last one.</summary>
    public ref readonly RowRun Earlier(int run) => ref _earlier[run];

    /// <summary>The next row of a run whose rows are applied one by one; not to be asked for behind its last.</summary>
    public int Next(int row) => _next[row];

    /// <summary>
    /// The next row of the same key; not to be asked for behind its last. Runs of rows that are counted keep no chain, which nobody
    /// wants but after a fault.
    /// </summary>
    public int NextOfKey(int row)
    {
        RowHead head = _reader.ReadHead(_positions[row]);
        RowHead next;
        do
        {
            next = _reader.ReadHead(_positions[++row]);
        }
        while (!KeyBytes.AreEqual(_reader.KeyOf(next), _reader.KeyOf(head)));

        return row;
    }

    /// <summary>Reads the rows of the open batch, but for those of source offsets up to <paramref name="lastOffset"/>.</summary>
    /// <param name="lastOffset">What the shard has had before.</param>
    /// <param name="counter">Tells which rows need only be counted; null for none.</param>
    public void Read(long lastOffset, EntityUpdater? counter)
    {
        Prepare(_reader.Count);
        ReadOnlySpan<byte> batch = _reader.Bytes;
        int position = _reader.FirstRow;
        PlacedSpan placed = default;
        for (int row = 0; row < _reader.Count; row++)
        {
            _positions[row] = position;
            _reader.ReadHead(position, ref _head);
            position = _head.End;
            if (_head.Offset <= lastOffset)
            {
                Repeated++;
            }
            else
            {
                int place = -1;
                if (counter is not null)
                {
                    if (!placed.Holds(_head))
                    {
                        placed = counter.SpanOf(_head);
                    }

                    place = placed.Place;
                }

                AddRow(ref FindKey(batch, _head.KeyStart, _head.KeyLength), row, place);
            }
        }
    }

    private void Prepare(int rows)
    {
        KeyCount = Repeated = _earlierCount = 0;
        if (rows > _positions.Length)
        {
            _positions = new int[rows * 2];
            _next = new int[rows * 2];
            _keys = new SoughtKey[rows * 2];
            _index = new int[(int)BitOperations.RoundUpToPowerOf2((uint)rows * 4)];
        }

        // Of the index only as much as the batch needs: a small batch is not to pay for a large one before, nor for room in the
        // first cache. At most two thirds are taken, by a batch in which no key comes twice.
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(rows, 32) * 3 / 2);
        _mask = size - 1;
        _shift = 64 - BitOperations.Log2((uint)size);
        _index.AsSpan(0, size).Clear();
    }

    // Of one place in the code; as calls these two would cost a fifth of what a row takes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref SoughtKey FindKey(ReadOnlySpan<byte> batch, int start, int length)
    {
        KeyWords words = KeyWords.Of(batch, start, length);
        int[] index = _index;
        int at = (int)(words.Mixed >> _shift);
        for (int place = index[at] - 1; place >= 0; place = index[at] - 1)
        {
            ref SoughtKey known = ref _keys[place];
            if (known.Words == words && known.Length == length
                && (length <= KeyWords.WholeMax || batch.Slice(known.Start, length).SequenceEqual(batch.Slice(start, length))))
            {
                return ref known;
            }

            at = (at + 1) & _mask;
        }

        index[at] = KeyCount + 1;
        ref SoughtKey added = ref _keys[KeyCount++];
        added.Words = words;
        added.Start = start;
        added.Length = length;
        added.Run.Count = 0;
        added.FirstEarlier = added.LastEarlier = -1;
        added.Hash = length <= KeyWords.WholeMax ? StableHash.Of(batch.Slice(start, length)) : words.Head;
        return ref added;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AddRow(ref SoughtKey key, int row, int place)
    {
        ref RowRun run = ref key.Run;
        if (run.Place == place && run.Count > 0)
        {
            run.Count++;
            run.Sum += _head.Sign;
            run.NewestMs = Math.Max(run.NewestMs, _head.EventTimeMs);
            run.OldestIngestMs = Math.Min(run.OldestIngestMs, _head.IngestTimeMs);
            if (place < 0)
            {
                _next[run.LastRow] = row;
                run.LastRow = row;
            }

            return;
        }

        if (run.Count > 0)
        {
            KeepEarlier(ref key);
        }

        run.Place = place;
        run.Count = 1;
        run.Sum = _head.Sign;
        run.Next = -1;
        run.NewestMs = _head.EventTimeMs;
        run.OldestIngestMs = _head.IngestTimeMs;
        run.FirstRow = run.LastRow = row;
    }

    private void KeepEarlier(ref SoughtKey key)
    {
        if (_earlierCount == _earlier.Length)
        {
            Array.Resize(ref _earlier, _earlierCount * 2);
        }

        _earlier[_earlierCount] = key.Run;
        if (key.LastEarlier >= 0)
        {
            _earlier[key.LastEarlier].Next = _earlierCount;
        }
        else
        {
            key.FirstEarlier = _earlierCount;
        }

        key.LastEarlier = _earlierCount++;
    }
}
