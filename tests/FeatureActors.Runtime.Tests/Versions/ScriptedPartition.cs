using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Runtime.Tests.Versions;

/// <summary>The events of a partition of <see cref="ScriptedSource"/>, and who waits for the next. Safe for concurrent calls.</summary>
internal sealed class ScriptedPartition
{
    private readonly Lock _lock = new();
    private readonly List<byte[]> _events = [];
    private TaskCompletionSource _added = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _events.Count;
            }
        }
    }

    public void Add(byte[] bytes)
    {
        lock (_lock)
        {
            _events.Add(bytes);
            _added.SetResult();
            _added = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            _events.Clear();
        }
    }

    /// <summary>Adds to the chunk what lies behind an offset; where nothing does, what to wait for.</summary>
    public Task? TryRead(EventChunk chunk, long nextOffset, int most)
    {
        lock (_lock)
        {
            if (nextOffset >= _events.Count)
            {
                return _added.Task;
            }

            for (long offset = nextOffset; offset < _events.Count && chunk.Count < most; offset++)
            {
                chunk.Add(offset, _events[(int)offset]);
            }

            return null;
        }
    }
}
