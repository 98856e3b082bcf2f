using Confluent.Kafka;
using FeatureActors.Kafka;
using FeatureActors.LocalServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeatureActors.Integration.Tests.Kafka;

/// <summary>A connection to a test broker, a namespace of its own on it, and what tests write with.</summary>
internal sealed class KafkaNode : IAsyncDisposable
{
    public KafkaNode(KafkaServer server, int messageBytesMax = 16_000_000)
    {
        Server = server;
        Connection = new KafkaConnection(
            new KafkaOptions
            {
                BootstrapServers = server.Endpoint,
                Properties = KafkaServer.ClientSettings,
                SessionTimeout = TimeSpan.FromSeconds(6),
                HeartbeatInterval = TimeSpan.FromMilliseconds(300),
                MessageBytesMax = messageBytesMax,
            },
            TimeProvider.System,
            NullLogger<KafkaConnection>.Instance);
    }

    public KafkaServer Server { get; }

    public KafkaConnection Connection { get; }

    public string Namespace { get; } = $"n{Guid.NewGuid():N}";

    public async Task<string> NewTopicAsync(int partitions, IReadOnlyDictionary<string, string>? settings = null)
    {
        var topic = $"t-{Guid.NewGuid():N}";
        await Server.CreateTopicAsync(topic, partitions, settings);
        return topic;
    }

    public async Task CreateLogAsync(string entity, int partitions) =>
        await Server.CreateTopicAsync($"fa.{Namespace}.{entity}", partitions);

    public async Task WriteAsync(string topic, int partition, IEnumerable<byte[]> values)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig(KafkaServer.ClientSettings.ToDictionary())
        {
            BootstrapServers = Server.Endpoint,
            Acks = Acks.All,
            MessageMaxBytes = 16_000_000,
            MaxInFlight = 1,
        }).Build();
        await Task.WhenAll(values.Select(value =>
            producer.ProduceAsync(new TopicPartition(topic, partition), new Message<Null, byte[]> { Value = value })));
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();
}
