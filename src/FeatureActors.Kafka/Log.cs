using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Kafka;

/// <summary>Log messages of the Kafka adapter, ids 3000 to 3099.</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 3000, Message = "Kafka client: {Facility}: {Text}")]
    public static partial void Client(ILogger logger, LogLevel level, string facility, string text);

    [LoggerMessage(EventId = 3001, Level = LogLevel.Warning, Message = "Kafka client error {Code}: {Reason}")]
    public static partial void ClientError(ILogger logger, ErrorCode code, string reason);

    [LoggerMessage(EventId = 3002, Level = LogLevel.Information, Message = "Created topic {Topic} with {Partitions} partitions")]
    public static partial void TopicCreated(ILogger logger, string topic, int partitions);

    [LoggerMessage(EventId = 3003, Level = LogLevel.Warning,
        Message = "The producer of the shard log failed for good and is replaced: {Reason}")]
    public static partial void ProducerReplaced(ILogger logger, string reason);

    [LoggerMessage(EventId = 3004, Level = LogLevel.Information, Message = "Group {Group}: {Count} partitions assigned: {Partitions}")]
    public static partial void Assigned(ILogger logger, string group, int count, PartitionList partitions);

    [LoggerMessage(EventId = 3005, Level = LogLevel.Information, Message = "Group {Group}: {Count} partitions taken away: {Partitions}")]
    public static partial void Revoked(ILogger logger, string group, int count, PartitionList partitions);

    [LoggerMessage(EventId = 3006, Level = LogLevel.Warning, Message = "Group {Group}: poll failed: {Reason}")]
    public static partial void PollFailed(ILogger logger, string group, string reason);

    [LoggerMessage(EventId = 3007, Level = LogLevel.Warning,
        Message = "Events of {Topic}-{Partition} from offset {From} up to {Offset} are not held any more and were skipped")]
    public static partial void EventsSkipped(ILogger logger, string topic, int partition, long from, long offset);

    /// <summary>Syslog level, as librdkafka gives it, to ours.</summary>
    public static LogLevel LevelOf(int syslogLevel) => syslogLevel switch
    {
        <= 3 => LogLevel.Warning, // A broken connection is "error" to librdkafka, which mends it by itself.
        4 or 5 => LogLevel.Warning,
        6 => LogLevel.Information,
        _ => LogLevel.Debug,
    };
}

/// <summary>Partitions of a message; written out only when the message is.</summary>
internal readonly record struct PartitionList(List<TopicPartition> Partitions)
{
    public override string ToString() => string.Join(' ', Partitions.Select(each => $"{each.Topic}-{each.Partition.Value}"));
}
