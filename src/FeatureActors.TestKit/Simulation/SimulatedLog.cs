using FeatureActors.Abstractions.Ports;

namespace FeatureActors.TestKit.Simulation;

/// <summary>The log of a shard, with what the naive model knows about each entry.</summary>
/// <param name="naive">Keeps every entry.</param>
/// <param name="isTrimmed">True for a log that removes what checkpoints include, as the embedded one does.</param>
internal sealed class SimulatedLog(NaiveModel naive, bool isTrimmed)
{
    private readonly List<ReadOnlyMemory<byte>> _batches = [];

    /// <summary>First offset that is still there.</summary>
    public long Begin { get; private set; }

    /// <summary>Offset of the next batch.</summary>
    public long End => _batches.Count;

    public void Append(ReadOnlyMemory<byte> batch, NaiveEntry entry)
    {
        _batches.Add(batch);
        naive.Append(entry);
    }

    /// <summary>What is below is not needed any more.</summary>
    public void Trim(long nextOffset)
    {
        if (isTrimmed)
        {
            Begin = Math.Max(Begin, nextOffset);
        }
    }

    public List<LogEntry> Read(long from, int count)
    {
        from = Math.Max(from, Begin);
        return [.. Enumerable.Range((int)from, (int)Math.Max(0, Math.Min(count, End - from))).Select(i => new LogEntry(i, _batches[i]))];
    }
}
