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

    /// <summary>Writes messages to a partition, in their order.</summary>
    public async Task WriteAsync(string topic, int partition, IEnumerable<byte[]> values)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig(KafkaServer.ClientSettings.ToDictionary())
        {
            BootstrapServers = Server.Endpoint,
            Acks = Acks.All,
            MessageMaxBytes = 16_000_000,
            MaxInFlight = 1,
        }).Build();
        Task<DeliveryResult<Null, byte[]>> Write(byte[] value) =>
            producer.ProduceAsync(new TopicPartition(topic, partition), new Message<Null, byte[]> { Value = value });
        byte[][] all = [.. values];

        // The first one alone: while the client still looks for the partition of a broker that just came back, it was seen to
        // send the second message first.
        foreach (byte[] first in all.Take(1))
        {
            await Write(first);
        }

        await Task.WhenAll(all.Skip(1).Select(Write));
    }

    /// <summary>Hands over the value of each message that lies in a topic now, partition by partition in order.</summary>
    public async Task ReadAllAsync(string topic, Action<byte[]> take)
    {
        int partitions = await Connection.CountPartitionsAsync(topic, CancellationToken.None) ?? 0;
        await Task.Run(() => Read(topic, partitions, take));
    }

    private void Read(string topic, int partitions, Action<byte[]> take)
    {
        using IConsumer<Ignore, byte[]> consumer = new ConsumerBuilder<Ignore, byte[]>(
            new ConsumerConfig(KafkaServer.ClientSettings.ToDictionary()) { BootstrapServers = Server.Endpoint, GroupId = "reader of all", EnableAutoCommit = false }).Build();
        var ends = new Dictionary<int, long>();
        for (int partition = 0; partition < partitions; partition++)
        {
            WatermarkOffsets range = consumer.QueryWatermarkOffsets(new TopicPartition(topic, partition), TimeSpan.FromSeconds(30));
            Assert.Equal(0, range.Low.Value);
            if (range.High > 0)
            {
                ends[partition] = range.High;
            }
        }

        consumer.Assign(ends.Keys.Select(p => new TopicPartitionOffset(topic, p, Offset.Beginning)));
        while (ends.Count > 0)
        {
            ConsumeResult<Ignore, byte[]> message = consumer.Consume(TimeSpan.FromSeconds(60)) ?? throw new TimeoutException($"topic {topic} cannot be read to its end");
            if (!ends.TryGetValue(message.Partition, out long end))
            {
                continue;
            }

            if (message.Offset < end)
            {
                take(message.Message.Value);
            }

            if (message.Offset + 1 >= end)
            {
                ends.Remove(message.Partition);
                consumer.IncrementalUnassign([message.TopicPartition]);
            }
        }
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();
}
