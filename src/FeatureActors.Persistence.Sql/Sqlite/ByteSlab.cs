namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>Packs many small byte strings of one answer into few arrays. One caller at a time; never reused.</summary>
internal sealed class ByteSlab
{
    // Below the large-object heap's 85,000 bytes, so that answers die young.
    private const int SlabBytes = 64 * 1024;
    private byte[] _slab = [];
    private int _used;

    /// <summary>A copy of <paramref name="bytes"/>.</summary>
    public ReadOnlyMemory<byte> Copy(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > SlabBytes / 4)
        {
            return bytes.ToArray();
        }

        if (_slab.Length - _used < bytes.Length)
        {
            _slab = new byte[SlabBytes];
            _used = 0;
        }

        var copy = _slab.AsMemory(_used, bytes.Length);
        bytes.CopyTo(copy.Span);
        _used += bytes.Length;
        return copy;
    }
}
