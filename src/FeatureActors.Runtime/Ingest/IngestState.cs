namespace FeatureActors.Runtime.Ingest;

/// <summary>Where the reading of a source partition stands.</summary>
public enum IngestState
{
    /// <summary>Not reading yet.</summary>
    Starting = 1,

    /// <summary>Reading.</summary>
    Running = 2,

    /// <summary>The source partition has ended and every row is in the logs.</summary>
    Ended = 3,

    /// <summary>The source ends below what was read before; nothing is consumed until a new lane is opened.</summary>
    SourceRewound = 4,

    /// <summary>A log refused a batch for good; nothing is skipped.</summary>
    Refused = 5,

    /// <summary>Taken away or stopped.</summary>
    Stopped = 6,

    /// <summary>The plug-in that decodes the source is switched off; nothing is skipped, reading goes on when it is switched on.</summary>
    FormatOff = 7,

    /// <summary>Newer definitions are in force here than those of this node; a node that has them goes on.</summary>
    NewerDefinitions = 8,

    /// <summary>Events are left that older definitions route, and these cannot be compiled any more; nothing is skipped.</summary>
    OlderDefinitions = 9,
}
