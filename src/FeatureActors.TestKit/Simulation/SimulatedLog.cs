using FeatureActors.Abstractions.Ports;

namespace FeatureActors.TestKit.Simulation;

/// <summary>The shard log of a simulated world, with what the naive model knows about each entry.</summary>
internal sealed class SimulatedLog(NaiveModel naive)
{
    private readonly List<ReadOnlyMemory<byte>> _batches = [];

    public long End => _batches.Count;

    public void Append(ReadOnlyMemory<byte> batch, NaiveEntry entry)
    {
        _batches.Add(batch);
        naive.Log.Add(entry);
    }

    public List<LogEntry> Read(long from, int count) =>
        [.. Enumerable.Range((int)from, (int)Math.Min(count, End - from)).Select(i => new LogEntry(i, _batches[i]))];
}
