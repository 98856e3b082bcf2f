using FeatureActors.Abstractions.Errors;

namespace FeatureActors.Kafka.Native;

/// <summary>What an error that librdkafka puts between a partition's messages means to the reader.</summary>
internal static class ReadError
{
    private const int OffsetOutOfRange = 1;
    private const int UnknownTopicOrPartition = 3;
    private const int TopicAuthorizationFailed = 29;
    private const int LocalUnknownPartition = -190;
    private const int LocalUnknownTopic = -188;
    private const int LocalAutoOffsetReset = -140;

    /// <summary>True when the offset asked for is not in the partition; the client has then stopped fetching.</summary>
    public static bool IsOutOfRange(int error) => error is OffsetOutOfRange or LocalAutoOffsetReset;

    /// <summary>Throws what does not mend by itself; anything else (a broken connection) is retried by the client.</summary>
    public static void ThrowIfLasting(int error, PartitionConsumer consumer, string dependency)
    {
        if (error is UnknownTopicOrPartition or TopicAuthorizationFailed or LocalUnknownPartition or LocalUnknownTopic)
        {
            throw new DependencyUnavailableException(
                dependency, $"could not read {consumer.Topic}-{consumer.Partition}: {Librdkafka.Describe(error)}");
        }
    }
}
