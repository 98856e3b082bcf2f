namespace FeatureActors.Runtime.Entities;

/// <summary>
/// Chunks of memory for entity blocks, shared by the shards of a node. Chunks are pinned, so the collector neither moves nor
/// scans them. Safe for concurrent use.
/// </summary>
public sealed class ChunkPool
{
    /// <summary>Bytes of a chunk: small, so that a chunk empties soon when its entities grow out of their size class.</summary>
    public const int ChunkBytes = 32 * 1024;

    // What is kept for reuse when shards shrink; more goes back to the collector.
    private const int KeptMax = 256;

    private readonly Stack<byte[]> _free = new();
    private readonly Lock _lock = new();

    internal byte[] Rent()
    {
        lock (_lock)
        {
            if (_free.TryPop(out byte[]? chunk))
            {
                return chunk;
            }
        }

        return GC.AllocateUninitializedArray<byte>(ChunkBytes, pinned: true);
    }

    internal void Return(byte[] chunk)
    {
        lock (_lock)
        {
            if (_free.Count < KeptMax)
            {
                _free.Push(chunk);
            }
        }
    }
}
