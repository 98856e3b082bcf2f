namespace FeatureActors.TestKit.Simulation;

/// <summary>A log entry as the naive model sees it: the source events it holds rows of, and the clock it carries.</summary>
internal sealed record NaiveEntry(int Partition, long LastOffset, long ClockMs, IReadOnlyList<(SimulatedEvent Event, long TimeMs, long IngestMs)> Rows)
{
    /// <summary>Largest T at which some owner applied the entry; decides which idle exits are ambiguous.</summary>
    public long AppliedAtMs { get; set; } = long.MinValue;
}
