using Confluent.Kafka;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.LocalServers;

namespace FeatureActors.Integration.Tests.Kafka;

[Collection(SharedServers.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaServerTests(KafkaFixture kafka)
{
    private const int TenMegabytes = 10 * 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Messages_of_a_partition_come_back_in_order()
    {
        string topic = await NewTopicAsync(kafka.Server, partitions: 2);
        using IProducer<string, byte[]> producer = Producer(kafka.Server);
        for (int number = 0; number < 100; number++)
        {
            await producer.ProduceAsync(
                new TopicPartition(topic, number % 2), new Message<string, byte[]> { Key = "k", Value = [(byte)number] });
        }

        using IConsumer<string, byte[]> consumer = Consumer(kafka.Server, "unused");
        consumer.Assign(new TopicPartitionOffset(topic, 1, 0));

        int[] values = [.. Enumerable.Range(0, 50).Select(_ => (int)Take(consumer).Message.Value[0])];
        Assert.Equal(Enumerable.Range(0, 50).Select(index => (index * 2) + 1), values);
    }

    [Fact]
    public async Task A_message_of_ten_megabytes_passes()
    {
        string topic = await NewTopicAsync(kafka.Server, partitions: 1);
        byte[] value = new byte[TenMegabytes];
        new Random(1).NextBytes(value);
        using IProducer<string, byte[]> producer = Producer(kafka.Server);
        await producer.ProduceAsync(topic, new Message<string, byte[]> { Key = "k", Value = value });

        using IConsumer<string, byte[]> consumer = Consumer(kafka.Server, "unused");
        consumer.Assign(new TopicPartitionOffset(topic, 0, 0));

        Assert.Equal(value, Take(consumer).Message.Value);
    }

    [Fact]
    public async Task A_second_member_takes_half_the_partitions_and_the_first_keeps_the_rest()
    {
        string topic = await NewTopicAsync(kafka.Server, partitions: 4);
        string group = topic + "-group";
        using IConsumer<string, byte[]> first = Consumer(kafka.Server, group);
        using IConsumer<string, byte[]> second = Consumer(kafka.Server, group);

        first.Subscribe(topic);
        PollUntil(() => first.Assignment.Count == 4, "the only member owns 4 partitions", first);
        second.Subscribe(topic);
        PollUntil(
            () => first.Assignment.Count == 2 && second.Assignment.Count == 2, "2 members own 2 each", first, second);
        Assert.Empty(first.Assignment.Intersect(second.Assignment));

        second.Close();
        PollUntil(() => first.Assignment.Count == 4, "the member that stays owns 4 again", first);
    }

    [Fact]
    public async Task Messages_survive_a_kill_of_the_broker_and_clients_go_on()
    {
        await using KafkaServer server = await KafkaServer.StartAsync();
        string topic = await NewTopicAsync(server, partitions: 1);
        using IProducer<string, byte[]> producer = Producer(server);
        await producer.ProduceAsync(topic, new Message<string, byte[]> { Key = "k", Value = [1] });

        await server.KillAsync(CancellationToken.None);
        await server.RestartAsync(CancellationToken.None);

        // A message on its way while the broker went away may be reported as failed; who sent it sends it again.
        await Eventually.NothingDiffersAsync("the broker takes a message again", TimeSpan.FromSeconds(60), async () =>
        {
            try
            {
                await producer.ProduceAsync(topic, new Message<string, byte[]> { Key = "k", Value = [2] });
                return null;
            }
            catch (ProduceException<string, byte[]> error) when (!error.Error.IsFatal)
            {
                return error.Message;
            }
        });

        using IConsumer<string, byte[]> consumer = Consumer(server, "unused");
        consumer.Assign(new TopicPartitionOffset(topic, 0, 0));
        Assert.Equal([1], Take(consumer).Message.Value);
        Assert.Equal([2], Take(consumer).Message.Value);
    }

    [Fact]
    public async Task A_dropped_topic_can_be_made_again_and_is_empty()
    {
        string topic = await NewTopicAsync(kafka.Server, partitions: 1);
        using (IProducer<string, byte[]> producer = Producer(kafka.Server))
        {
            await producer.ProduceAsync(topic, new Message<string, byte[]> { Key = "k", Value = [1] });
        }

        await kafka.Server.DeleteTopicAsync(topic);
        await kafka.Server.CreateTopicAsync(topic, 1);

        using IConsumer<string, byte[]> consumer = Consumer(kafka.Server, "unused");
        Assert.Equal(new Offset(0), consumer.QueryWatermarkOffsets(new TopicPartition(topic, 0), Patience).High);
    }

    private static async Task<string> NewTopicAsync(KafkaServer server, int partitions)
    {
        string topic = $"t-{Guid.NewGuid():N}";
        await server.CreateTopicAsync(topic, partitions);
        return topic;
    }

    private static IProducer<string, byte[]> Producer(KafkaServer server) =>
        new ProducerBuilder<string, byte[]>(new ProducerConfig(KafkaServer.ClientSettings.ToDictionary())
        {
            BootstrapServers = server.Endpoint,
            Acks = Acks.All,
            LingerMs = 0,
            MessageMaxBytes = 16 * 1024 * 1024,
            ReconnectBackoffMs = 50,
            ReconnectBackoffMaxMs = 500,
        }).Build();

    private static IConsumer<string, byte[]> Consumer(KafkaServer server, string group) =>
        new ConsumerBuilder<string, byte[]>(new ConsumerConfig(KafkaServer.ClientSettings.ToDictionary())
        {
            BootstrapServers = server.Endpoint,
            GroupId = group,
            PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky,
            SessionTimeoutMs = 6000,
            HeartbeatIntervalMs = 300,
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            FetchMaxBytes = 32 * 1024 * 1024,
            MessageMaxBytes = 16 * 1024 * 1024,
        }).Build();

    private static ConsumeResult<string, byte[]> Take(IConsumer<string, byte[]> consumer) =>
        consumer.Consume(Patience) ?? throw new TimeoutException($"no message within {Patience}");

    private static void PollUntil(Func<bool> reached, string phase, params IConsumer<string, byte[]>[] consumers)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!reached())
        {
            foreach (IConsumer<string, byte[]> consumer in consumers)
            {
                consumer.Consume(TimeSpan.FromMilliseconds(50));
            }

            if (TimeProvider.System.GetElapsedTime(start) > Patience)
            {
                string owned = string.Join(" | ", consumers.Select(consumer => string.Join(",", consumer.Assignment)));
                throw new TimeoutException($"not reached within {Patience}: {phase}; owned: {owned}");
            }
        }
    }
}
