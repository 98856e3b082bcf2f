namespace FeatureActors.Abstractions.Rows;

/// <summary>
/// A reusable, growing byte area for the strings and decimals of a row. It never shrinks by itself: after warm-up it does not
/// allocate. When it grows, spans handed out before stay readable but belong to the old array. Not thread-safe.
/// </summary>
public sealed class ByteArena
{
    private byte[] _buffer;
    private int _length;

    /// <summary>Creates an empty arena with room for <paramref name="capacity"/> bytes.</summary>
    public ByteArena(int capacity = 256) => _buffer = new byte[Math.Max(capacity, 16)];

    /// <summary>Bytes in use.</summary>
    public int Length => _length;

    /// <summary>Bytes that fit without growing.</summary>
    public int Capacity => _buffer.Length;

    /// <summary>The bytes in use; valid until the next call that writes.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <summary>Forgets the content and keeps the memory.</summary>
    public void Clear() => _length = 0;

    /// <summary>Forgets what was written after <paramref name="length"/>, a former value of <see cref="Length"/>.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)_length, nameof(length));
        _length = length;
    }

    /// <summary>Copies <paramref name="bytes"/> in and returns where they start. The bytes may stand in this arena.</summary>
    public int Append(ReadOnlySpan<byte> bytes)
    {
        int offset = _length;
        bytes.CopyTo(Reserve(bytes.Length));
        _length = offset + bytes.Length;
        return offset;
    }

    /// <summary>Appends the 16 bytes of <paramref name="value"/> as <see cref="RowView.GetDecimal"/> reads them.</summary>
    public int Append(decimal value)
    {
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(value, parts);
        return Append(System.Runtime.InteropServices.MemoryMarshal.AsBytes(parts));
    }

    /// <summary>At least <paramref name="size"/> writable bytes after the content; they count only after <see cref="Advance"/>.</summary>
    public Span<byte> Reserve(int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        if (_buffer.Length - _length < size)
        {
            Grow(size);
        }

        return _buffer.AsSpan(_length);
    }

    /// <summary>Counts <paramref name="count"/> bytes written to the last <see cref="Reserve"/> as content.</summary>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_buffer.Length - _length), nameof(count));
        _length += count;
    }

    private void Grow(int size)
    {
        long wanted = Math.Max((long)_length + size, 2L * _buffer.Length);
        Array.Resize(ref _buffer, (int)Math.Min(wanted, Math.Max(Array.MaxLength, (long)_length + size)));
    }
}
