namespace FeatureActors.Runtime.Entities;

/// <summary>
/// Chunks of memory for entity blocks and the rows of checkpoints, shared by the shards of a node. Chunks are pinned, so the collector neither moves nor
/// scans them. Safe for concurrent use.
/// </summary>
public sealed class ChunkPool
{
    /// <summary>Bytes of a chunk: small, so that a chunk empties soon when its entities grow out of their size class.</summary>
    public const int ChunkBytes = 32 * 1024;

    // What is kept for reuse, 32 MiB: the rows of a large checkpoint, which comes again every few seconds. More goes back to the
    // collector, as when shards shrink.
    private const int KeptMax = 1024;

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
