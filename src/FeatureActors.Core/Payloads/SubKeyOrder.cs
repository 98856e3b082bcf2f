using System.Buffers.Binary;

namespace FeatureActors.Core.Payloads;

/// <summary>Sorts sub-keys by their bytes. Reused: it allocates only while it grows. Ids are those of <see cref="SubKeys"/> plus one.</summary>
internal sealed class SubKeyOrder
{
    private Item[] _items = new Item[64];
    private Item[] _merged = new Item[64];

    /// <summary>Number of sub-keys.</summary>
    public int Count { get; private set; }

    /// <summary>Forgets all sub-keys.</summary>
    public void Clear() => Count = 0;

    /// <summary>Adds a sub-key with its text.</summary>
    public void Add(ReadOnlySpan<byte> text, uint id)
    {
        if (Count == _items.Length)
        {
            Array.Resize(ref _items, Count * 2);
            Array.Resize(ref _merged, Count * 2);
        }

        _items[Count++] = new Item(Prefix(text), id);
    }

    /// <summary>The sub-key at a place; ascending bytewise after <see cref="Sort"/>.</summary>
    public uint Id(int index) => _items[index].Id;

    /// <summary>Sorts. Merge sort from runs of one: no allocation, no bad case.</summary>
    public void Sort(ReadOnlySpan<byte> shared)
    {
        for (int width = 1; width < Count; width *= 2)
        {
            for (int start = 0; start < Count; start += 2 * width)
            {
                int middle = Math.Min(start + width, Count);
                int end = Math.Min(start + (2 * width), Count);
                int left = start;
                int right = middle;
                for (int to = start; to < end; to++)
                {
                    bool takesRight = left == middle
                        || (right < end && Precedes(shared, _items[right], _items[left]));
                    _merged[to] = takesRight ? _items[right++] : _items[left++];
                }
            }

            (_items, _merged) = (_merged, _items);
        }
    }

    /// <summary>The first 8 bytes as a number that orders as they do; shorter texts are filled with zeros.</summary>
    private static ulong Prefix(ReadOnlySpan<byte> text)
    {
        if (text.Length >= 8)
        {
            return BinaryPrimitives.ReadUInt64BigEndian(text);
        }

        ulong prefix = 0;
        for (int i = 0; i < text.Length; i++)
        {
            prefix |= (ulong)text[i] << (56 - (i * 8));
        }

        return prefix;
    }

    private static bool Precedes(ReadOnlySpan<byte> shared, in Item left, in Item right) =>
        left.Prefix != right.Prefix
            ? left.Prefix < right.Prefix
            : SubKeys.Text(shared, (int)left.Id - 1).SequenceCompareTo(SubKeys.Text(shared, (int)right.Id - 1)) < 0;

    private readonly record struct Item(ulong Prefix, uint Id);
}
