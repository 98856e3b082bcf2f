using System.Buffers;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Runtime.Publishing;

/// <summary>An entity's group in a publish batch, for what has to happen when the batch is acknowledged.</summary>
internal readonly record struct PublishTarget(int Entity, ushort Generation, uint PendingSince, int Values);

/// <summary>A batch on its way or in the ring, with its pooled memory.</summary>
internal sealed class PublishRecord(PublishBatch batch, PublishTarget[] targets, byte[] bytes, PublishField[] fields) : IDisposable
{
    public PublishBatch Batch { get; } = batch;

    public IReadOnlyList<PublishTarget> Targets => targets;

    public int Bytes => bytes.Length + (fields.Length * 32);

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(bytes);
        ArrayPool<PublishField>.Shared.Return(fields, clearArray: true);
    }
}

/// <summary>Collects the items of one publish batch in pooled memory. Not safe for concurrent use.</summary>
internal sealed class PublishBuilder
{
    private readonly List<Item> _items = [];
    private readonly List<PublishTarget> _targets = [];
    private readonly List<Field> _fields = [];
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(16 * 1024);
    private int _length;

    /// <summary>Items so far.</summary>
    public int Count => _items.Count;

    /// <summary>True when the batch is as large as a batch may be.</summary>
    public bool IsFull => _items.Count == PublishBatch.ItemsMax || _length >= BytesMax;

    /// <summary>Number of the batch being built.</summary>
    public long Number { get; private set; }

    /// <summary>Position of the newest evaluation in it.</summary>
    public PublishPosition Position { get; set; }

    // A script's argument size; larger scripts would keep Redis busy for longer than a millisecond.
    private const int BytesMax = 512 * 1024;

    public void Begin(long number) => Number = number;

    /// <summary>Adds an item; its fields follow by <see cref="AddField(ReadOnlyMemory{byte}, ReadOnlySpan{byte})"/>.</summary>
    public void AddItem(PublishKind kind, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> key, long expireAtMs, in PublishTarget target)
    {
        int start = _length;
        Append(prefix);
        Append(key);
        _items.Add(new Item(kind, start, _length - start, expireAtMs, _fields.Count));
        _targets.Add(target);
    }

    /// <summary>Adds a field to the last item.</summary>
    public void AddField(ReadOnlyMemory<byte> name, ReadOnlySpan<byte> value)
    {
        _fields.Add(new Field(name, _length, value.Length));
        Append(value);
    }

    /// <summary>Makes the batch and empties the builder.</summary>
    public PublishRecord Complete(ShardId shard, Epoch epoch)
    {
        PublishField[] fields = ArrayPool<PublishField>.Shared.Rent(Math.Max(1, _fields.Count));
        for (int i = 0; i < _fields.Count; i++)
        {
            fields[i] = new PublishField(_fields[i].Name, _bytes.AsMemory(_fields[i].Start, _fields[i].Length));
        }

        var items = new PublishItem[_items.Count];
        for (int i = 0; i < items.Length; i++)
        {
            Item item = _items[i];
            int end = i + 1 < items.Length ? _items[i + 1].FirstField : _fields.Count;
            items[i] = new PublishItem(
                item.Kind, _bytes.AsMemory(item.Start, item.Length), item.ExpireAtMs, item.FirstField, end - item.FirstField);
        }

        var batch = new PublishBatch(shard, epoch, Number, Position, items, new ArraySegment<PublishField>(fields, 0, _fields.Count));
        var record = new PublishRecord(batch, [.. _targets], _bytes, fields);
        _bytes = ArrayPool<byte>.Shared.Rent(16 * 1024);
        _length = 0;
        _items.Clear();
        _targets.Clear();
        _fields.Clear();
        return record;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_bytes.Length - _length < bytes.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, _length + bytes.Length));
            _bytes.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }

        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    private readonly record struct Item(PublishKind Kind, int Start, int Length, long ExpireAtMs, int FirstField);

    private readonly record struct Field(ReadOnlyMemory<byte> Name, int Start, int Length);
}
