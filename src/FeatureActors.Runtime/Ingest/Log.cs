using Microsoft.Extensions.Logging;

namespace FeatureActors.Runtime.Ingest;

/// <summary>Messages of the ingest folder; ids 2100 to 2199.</summary>
internal static partial class Log
{
    [LoggerMessage(2100, LogLevel.Information, "Source {Source} partition {Partition} reads from offset {Offset} in lane {Lane}")]
    public static partial void Starts(ILogger logger, string source, int partition, long offset, int lane);

    [LoggerMessage(2101, LogLevel.Error, "Source {Source} partition {Partition} stands still in state {State}: {Halt}")]
    public static partial void Halts(ILogger logger, string source, int partition, IngestState state, string halt);

    [LoggerMessage(2102, LogLevel.Error, "Source {Source} partition {Partition} stopped, nothing is skipped: {Error}")]
    public static partial void Refused(ILogger logger, string source, int partition, string error);

    [LoggerMessage(2103, LogLevel.Warning, "Source {Source} partition {Partition} waits and tries again: {Error}")]
    public static partial void Waits(ILogger logger, string source, int partition, string error);

    [LoggerMessage(2104, LogLevel.Error, "Source {Source} partition {Partition}: retention took events from offset {From} up to {Offset} before they were read")]
    public static partial void Skipped(ILogger logger, string source, int partition, long from, long offset);

    [LoggerMessage(2105, LogLevel.Information, "Source {Source} partition {Partition} ended at offset {Offset}")]
    public static partial void Ended(ILogger logger, string source, int partition, long offset);

    [LoggerMessage(2106, LogLevel.Error, "Source {Source} partition {Partition} stands still, nothing is skipped: its format of plug-in {Plugin} is switched off ({Reason}); ./fa plugins switch-on {Name} goes on")]
    public static partial void FormatOff(ILogger logger, string source, int partition, string plugin, string reason, string name);

    [LoggerMessage(2107, LogLevel.Warning, "The position of source {Source} partition {Partition} cannot be saved, events go on into the logs: {Error}")]
    public static partial void PositionWaits(ILogger logger, string source, int partition, string error);

    [LoggerMessage(2109, LogLevel.Information, "Source {Source} partition {Partition}: version {Version} of the definitions routes its events from offset {Offset} on")]
    public static partial void VersionBegins(ILogger logger, string source, int partition, long version, long offset);

    [LoggerMessage(2110, LogLevel.Warning, "{Halt}")]
    public static partial void WaitsForDefinitions(ILogger logger, string halt);

    /// <summary>Why nothing is read: an error, unless another node goes on.</summary>
    public static void StandsStill(ILogger logger, string source, int partition, IngestState state, string halt)
    {
        if (state == IngestState.NewerDefinitions)
        {
            WaitsForDefinitions(logger, halt);
        }
        else
        {
            Halts(logger, source, partition, state, halt);
        }
    }

    [LoggerMessage(2108, LogLevel.Error, "Source {Source} partition {Partition} failed in a way nobody foresaw; it is read again from its saved position")]
    public static partial void Broke(ILogger logger, Exception error, string source, int partition);
}
