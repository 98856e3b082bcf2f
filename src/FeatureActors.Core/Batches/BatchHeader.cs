namespace FeatureActors.Core.Batches;

/// <summary>
/// Head of a batch: all rows of a batch come from one source partition and go to one shard.
/// </summary>
/// <param name="DefinitionsVersion">Version of the definitions that made the rows.</param>
/// <param name="Lane">Lane of the source; a recreated source gets a new one.</param>
/// <param name="Source">Source name.</param>
/// <param name="SourcePartition">0-based partition of the source.</param>
/// <param name="SourcePartitions">Number of partitions of the source.</param>
/// <param name="FirstOffset">Source offset that row offsets are counted from.</param>
/// <param name="LastOffset">Source offset up to which (inclusive) this and earlier batches hold all rows for the shard; −1 when nothing was read yet.</param>
/// <param name="ClockMs">Largest event time of the source partition up to <paramref name="LastOffset"/>; <see cref="long.MinValue"/> with a wall clock.</param>
/// <param name="IsEnd">True when the source partition ends here; <paramref name="ClockMs"/> is then the end.</param>
/// <param name="IngestTimeMs">Time that row ingest times are counted from, Unix milliseconds.</param>
public readonly record struct BatchHeader(
    long DefinitionsVersion,
    int Lane,
    string Source,
    int SourcePartition,
    int SourcePartitions,
    long FirstOffset,
    long LastOffset,
    long ClockMs,
    bool IsEnd,
    long IngestTimeMs)
{
    private readonly long _nodeVersion;

    /// <summary>
    /// Version of the definitions of the node that wrote the batch; above <see cref="DefinitionsVersion"/> when it routes what an older
    /// version was in force for, never below it.
    /// </summary>
    public long NodeVersion
    {
        get => Math.Max(_nodeVersion, DefinitionsVersion);
        init => _nodeVersion = value > DefinitionsVersion ? value : 0;
    }
}
