using System.Numerics;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Sharding;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Shards;

/// <summary>
/// The rows of the batch that is being applied, chained by key in the order of the batch: what is done for an entity, from finding it
/// to marking it as changed, is done once for all its rows. Used by one shard only.
/// </summary>
internal sealed class KeyedRows
{
    private RowHead[] _heads = new RowHead[1024];
    private int[] _next = new int[1024];
    private SoughtKey[] _keys = new SoughtKey[1024];

    // Open addressing by the hash's high bits, for keys of one shard agree in low ones: place of the key + 1, or 0.
    private int[] _index = new int[2048];
    private int _mask;
    private int _shift;

    /// <summary>Number of different keys.</summary>
    public int KeyCount { get; private set; }

    /// <summary>The different keys, in the order of their first rows.</summary>
    public Span<SoughtKey> Keys => _keys.AsSpan(0, KeyCount);

    /// <summary>Rows that the shard has had before.</summary>
    public int Repeated { get; private set; }

    /// <summary>Head of a row.</summary>
    public ref readonly RowHead Head(int row) => ref _heads[row];

    /// <summary>The next row of the same key, or −1.</summary>
    public int Next(int row) => _next[row];

    /// <summary>Reads the rows of the open batch, but for those of source offsets up to <paramref name="lastOffset"/>.</summary>
    public void Read(BatchReader reader, long lastOffset)
    {
        Prepare(reader.Count);
        int position = reader.FirstRow;
        for (int row = 0; row < reader.Count; row++)
        {
            ref RowHead head = ref _heads[row];
            reader.ReadHead(position, ref head);
            position = head.End;
            if (head.Offset <= lastOffset)
            {
                Repeated++;
            }
            else
            {
                Chain(reader, row, reader.KeyOf(head));
            }
        }
    }

    private void Prepare(int rows)
    {
        KeyCount = Repeated = 0;
        if (rows > _heads.Length)
        {
            _heads = new RowHead[rows * 2];
            _next = new int[rows * 2];
            _keys = new SoughtKey[rows * 2];
            _index = new int[(int)BitOperations.RoundUpToPowerOf2((uint)rows * 4)];
        }

        // Of the index only as much as the batch needs: a small batch is not to pay for a large one before.
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(rows, 32) * 2);
        _mask = size - 1;
        _shift = 64 - BitOperations.Log2((uint)size);
        _index.AsSpan(0, size).Clear();
    }

    private void Chain(BatchReader reader, int row, ReadOnlySpan<byte> key)
    {
        ulong hash = StableHash.Of(key);
        _next[row] = -1;
        int[] index = _index;
        int at = (int)(hash >> _shift);
        for (int place = index[at] - 1; place >= 0; place = index[at] - 1)
        {
            ref SoughtKey known = ref _keys[place];
            if (known.Hash == hash && reader.KeyOf(_heads[known.FirstRow]).SequenceEqual(key))
            {
                _next[known.LastRow] = row;
                known.LastRow = row;
                return;
            }

            at = (at + 1) & _mask;
        }

        index[at] = KeyCount + 1;
        ref SoughtKey added = ref _keys[KeyCount++];
        added.Hash = hash;
        added.FirstRow = added.LastRow = row;
    }
}
