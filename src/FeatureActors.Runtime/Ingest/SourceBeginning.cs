namespace FeatureActors.Runtime.Ingest;

/// <summary>Where reading of a source partition begins, and by which definitions; or why nothing may be read.</summary>
internal sealed record SourceBeginning
{
    /// <summary>Lane of the source.</summary>
    public int Lane { get; init; }

    /// <summary>Partitions of the source.</summary>
    public int Partitions { get; init; }

    /// <summary>The first offset to read.</summary>
    public long Start { get; init; }

    /// <summary>Where the partition ends now.</summary>
    public long End { get; init; }

    /// <summary>The definitions that route its events; null when nothing may be read.</summary>
    public SourceCourse? Course { get; init; }

    /// <summary>Why nothing may be read.</summary>
    public IngestState State { get; init; }

    /// <summary>The same in words, with what to do; null when there is something to read.</summary>
    public string? Halt { get; init; }
}
