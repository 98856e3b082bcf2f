using System.Numerics;
using System.Runtime.InteropServices;

namespace FeatureActors.Core.Expressions;

/// <summary>An immutable set of byte strings, asked with spans. Open addressing, at most half full.</summary>
internal sealed class Utf8Set
{
    private readonly byte[]?[] _slots;
    private readonly int _lengthMin = int.MaxValue;
    private readonly int _lengthMax = -1;

    public Utf8Set(IReadOnlyCollection<byte[]> items)
    {
        _slots = new byte[]?[(int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(items.Count * 2, 2))];
        foreach (byte[] item in items)
        {
            int slot = SlotOf(item);
            while (_slots[slot] is { } other && !other.AsSpan().SequenceEqual(item))
            {
                slot = (slot + 1) & (_slots.Length - 1);
            }

            _slots[slot] = item;
            _lengthMin = Math.Min(_lengthMin, item.Length);
            _lengthMax = Math.Max(_lengthMax, item.Length);
        }
    }

    public bool Contains(ReadOnlySpan<byte> item)
    {
        if (item.Length < _lengthMin || item.Length > _lengthMax)
        {
            return false;
        }

        for (int slot = SlotOf(item); _slots[slot] is { } other; slot = (slot + 1) & (_slots.Length - 1))
        {
            if (other.AsSpan().SequenceEqual(item))
            {
                return true;
            }
        }

        return false;
    }

    // Every byte counts, eight at a time. The items are the author's own, so no one can choose them to collide; the hash never
    // leaves the process.
    private int SlotOf(ReadOnlySpan<byte> item)
    {
        ulong hash = (ulong)item.Length * 0x9E3779B97F4A7C15;
        while (item.Length >= sizeof(ulong))
        {
            hash = BitOperations.RotateLeft((hash ^ MemoryMarshal.Read<ulong>(item)) * 0x9E3779B97F4A7C15, 29);
            item = item[sizeof(ulong)..];
        }

        foreach (byte b in item)
        {
            hash = (hash ^ b) * 0x100000001B3;
        }

        return (int)((hash ^ (hash >> 32)) & (uint)(_slots.Length - 1));
    }
}
