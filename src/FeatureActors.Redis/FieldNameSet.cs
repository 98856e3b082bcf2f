using System.Buffers.Binary;

namespace FeatureActors.Redis;

/// <summary>Finds a field name given twice for one key. Cleared by a new generation number, so a key costs only its own names.</summary>
internal sealed class FieldNameSet
{
    private Entry[] _entries = new Entry[256];
    private int _count;
    private int _generation;

    /// <summary>Forgets all names.</summary>
    public void Clear()
    {
        _count = 0;
        if (++_generation == 0)
        {
            Array.Clear(_entries);
            _generation = 1;
        }
    }

    /// <summary>Adds a name; false when it is there already. The memory must stay unchanged until <see cref="Clear"/>.</summary>
    public bool TryAdd(ReadOnlyMemory<byte> name)
    {
        if (_count * 2 >= _entries.Length)
        {
            Grow();
        }

        ReadOnlySpan<byte> span = name.Span;
        int mask = _entries.Length - 1;
        int at = (int)Hash(span) & mask;
        while (_entries[at].Generation == _generation)
        {
            if (_entries[at].Name.Span.SequenceEqual(span))
            {
                return false;
            }

            at = (at + 1) & mask;
        }

        _entries[at] = new Entry(_generation, name);
        _count++;
        return true;
    }

    // Lives only for one call, so it needs spread, not stability: the ends and the length tell most names apart.
    private static uint Hash(ReadOnlySpan<byte> name)
    {
        ulong mix = (uint)name.Length;
        if (name.Length >= 8)
        {
            mix ^= BinaryPrimitives.ReadUInt64LittleEndian(name) * 0x9E3779B97F4A7C15;
            mix = (mix ^ BinaryPrimitives.ReadUInt64LittleEndian(name[^8..])) * 0xC2B2AE3D27D4EB4F;
        }
        else
        {
            foreach (byte b in name)
            {
                mix = (mix ^ b) * 0x9E3779B97F4A7C15;
            }
        }

        return (uint)(mix >> 32);
    }

    private void Grow()
    {
        Entry[] old = _entries;
        _entries = new Entry[old.Length * 2];
        _count = 0;
        foreach (Entry entry in old)
        {
            if (entry.Generation == _generation)
            {
                TryAdd(entry.Name);
            }
        }
    }

    private readonly record struct Entry(int Generation, ReadOnlyMemory<byte> Name);
}
