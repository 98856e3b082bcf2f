namespace FeatureActors.Runtime.Ingest;

/// <summary>What an ingest actor has done. Written by the actor, read by anyone: single values may be a moment old.</summary>
public sealed class IngestCounters
{
    /// <summary>Events read.</summary>
    public long Events;

    /// <summary>Bytes of events read.</summary>
    public long Bytes;

    /// <summary>Rows made.</summary>
    public long Rows;

    /// <summary>Events or routes refused.</summary>
    public long Refused;

    /// <summary>Events whose time was moved back to <c>max-future</c>.</summary>
    public long Clamped;

    /// <summary>Batches acknowledged by the log.</summary>
    public long Batches;

    /// <summary>Bytes of batches acknowledged by the log.</summary>
    public long BatchBytes;

    /// <summary>Offset of the next event to read.</summary>
    public long NextOffset;

    /// <summary>Events that retention took before they were read.</summary>
    public long Skipped;

    /// <summary>Largest event time seen, Unix milliseconds.</summary>
    public long ClockMs = long.MinValue;
}
