namespace FeatureActors.Core.Slots;

/// <summary>The memory behind the entity block that is being read or changed; grows on demand.</summary>
public abstract class BlockMemory
{
    private byte[] _array = [];
    private int _offset;

    /// <summary>Bytes that the block may use.</summary>
    public int Capacity { get; private set; }

    /// <summary>Rises whenever another place, or another block, is pointed to.</summary>
    internal int Moves { get; private set; }

    /// <summary>The block's bytes at their full capacity. Invalid after <see cref="EnsureCapacity"/>.</summary>
    public Span<byte> Bytes => _array.AsSpan(_offset, Capacity);

    /// <summary>Makes the block at least <paramref name="capacity"/> bytes long, keeping its content.</summary>
    public void EnsureCapacity(int capacity)
    {
        if (capacity > Capacity)
        {
            Grow(capacity);
        }
    }

    /// <summary>Moves the block to a place of at least <paramref name="capacity"/> bytes and calls <see cref="PointTo"/>.</summary>
    protected abstract void Grow(int capacity);

    /// <summary>Makes <paramref name="capacity"/> bytes of <paramref name="array"/> from <paramref name="offset"/> on the block's place.</summary>
    protected void PointTo(byte[] array, int offset, int capacity)
    {
        Moves++;
        _array = array;
        _offset = offset;
        Capacity = capacity;
    }
}
