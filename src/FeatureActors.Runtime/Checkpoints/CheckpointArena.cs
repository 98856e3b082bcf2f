using System.Buffers;

namespace FeatureActors.Runtime.Checkpoints;

/// <summary>Memory of one checkpoint: pooled segments that blocks are saved into one behind the other.</summary>
internal sealed class CheckpointArena : IDisposable
{
    private const int SegmentBytes = 256 * 1024;

    private readonly List<byte[]> _segments = [];
    private int _used;

    /// <summary>Bytes handed out.</summary>
    public long Bytes { get; private set; }

    /// <summary>Room for at least <paramref name="bytes"/>; <see cref="Keep"/> says how much of it was used.</summary>
    public Memory<byte> Reserve(int bytes)
    {
        if (_segments.Count == 0 || _segments[^1].Length - _used < bytes)
        {
            _segments.Add(ArrayPool<byte>.Shared.Rent(Math.Max(SegmentBytes, bytes)));
            _used = 0;
        }

        return _segments[^1].AsMemory(_used);
    }

    /// <summary>Takes the first <paramref name="bytes"/> of what was reserved last.</summary>
    public void Keep(int bytes)
    {
        _used += bytes;
        Bytes += bytes;
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        foreach (byte[] segment in _segments)
        {
            ArrayPool<byte>.Shared.Return(segment);
        }

        _segments.Clear();
    }
}
