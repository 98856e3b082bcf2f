using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;
using Confluent.Kafka;
using FeatureActors.Benchmarks.Limits;
using FeatureActors.Benchmarks.Nodes;
using FeatureActors.Benchmarks.Peers;
using FeatureActors.Benchmarks.Reports;
using FeatureActors.Benchmarks.Streams;
using FeatureActors.LocalServers;
using StackExchange.Redis;

namespace FeatureActors.Benchmarks;

/// <summary>What the parts of the way cost when nothing else is done: the distance to them is what the engine costs.</summary>
internal static class LimitsBenchmark
{
    private const int HeldEvents = 200_000;

    /// <summary>Runs it.</summary>
    public static async Task RunAsync(BenchOptions options)
    {
        options = options with
        {
            Events = options.Events > 0 ? options.Events : 2_000_000,
            Keys = options.Keys > 0 ? options.Keys : 100_000,
        };
        var report = new BenchReport("limits", options);
        Preloaded servers = await Preloaded.StartAsync().ConfigureAwait(false);
        await using (servers.ConfigureAwait(false))
        {
            string topic = await servers.FillAsync("limits", new EventStream(options.Keys, isUniform: false), options.Events, TimeSpan.Zero)
                .ConfigureAwait(false);
            byte[][] events = Hold(options.Keys);
            byte[][] keys = [.. events.Select(KeyOf)];
            await MeasureAsync(report, options, "consume, Confluent.Kafka, 300-byte messages", () => Task.FromResult(Consume(servers.Kafka, topic, options.Events)))
                .ConfigureAwait(false);
            await MeasureAsync(report, options, "scan JSON, Utf8JsonReader, 4 of 13 fields", () => Task.FromResult(Scan(events, options.Events)))
                .ConfigureAwait(false);
            await MeasureAsync(report, options, "slab update, same keys", () => Task.FromResult(Count(keys, options.Events))).ConfigureAwait(false);
            await MeasureAsync(report, options, "Redis SET, pipelined, raw socket", () => SetRawAsync(servers.Redis, keys, options.Events), servers.Redis.ProcessId)
                .ConfigureAwait(false);
            await MeasureAsync(
                report, options, "Redis SET, StackExchange.Redis, fire and forget",
                () => SetClientAsync(servers.Redis, keys, options.Events), servers.Redis.ProcessId).ConfigureAwait(false);
        }

        report.Finish();
    }

    /// <summary>Reads the key out of an event.</summary>
    public static byte[] KeyOf(byte[] json)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("item_id"u8))
            {
                reader.Read();
                return reader.ValueSpan.ToArray();
            }
        }

        throw new InvalidOperationException("the event has no key");
    }

    /// <summary>Consumes a topic from its start with the plain client and does nothing else.</summary>
    public static long Consume(KafkaServer server, string topic, long events)
    {
        using IConsumer<Ignore, byte[]> consumer = NewConsumer(server);
        consumer.Assign(Enumerable.Range(0, 4).Select(p => new TopicPartitionOffset(topic, p, Offset.Beginning)));
        long bytes = 0;
        for (long i = 0; i < events; i++)
        {
            bytes += consumer.Consume(CancellationToken.None).Message.Value.Length;
        }

        return bytes;
    }

    /// <summary>A consumer as most teams set it up.</summary>
    public static IConsumer<Ignore, byte[]> NewConsumer(KafkaServer server) => new ConsumerBuilder<Ignore, byte[]>(
        new ConsumerConfig(KafkaServer.ClientSettings.ToDictionary())
        {
            BootstrapServers = server.Endpoint,
            GroupId = Guid.NewGuid().ToString("N"),
            EnableAutoCommit = false,
            AutoOffsetReset = AutoOffsetReset.Earliest,
        }).Build();

    private static async Task MeasureAsync(BenchReport report, BenchOptions options, string name, Func<Task<long>> work, int? serverId = null)
    {
        // Once to let the compiler optimise it.
        await work().ConfigureAwait(false);
        var runs = new List<(string, double)[]>();
        for (int run = 0; run < options.Runs; run++)
        {
            long cpu = ProcessCost.ProcessNs();
            double server = serverId is { } id ? ProcessCost.CpuSeconds(id) : 0;
            long began = TimeProvider.System.GetTimestamp();
            await work().ConfigureAwait(false);
            double seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
            runs.Add(
            [
                ("CPU µs per event", (ProcessCost.ProcessNs() - cpu) / 1e3 / options.Events),
                ("Redis CPU µs per event", serverId is { } pid ? (ProcessCost.CpuSeconds(pid) - server) * 1e6 / options.Events : 0),
                ("events/s", options.Events / seconds),
            ]);
        }

        report.AddMedians(name, runs);
    }

    private static byte[][] Hold(int keys)
    {
        var stream = new EventStream(keys, isUniform: false);
        var events = new byte[HeldEvents][];
        for (int i = 0; i < HeldEvents; i++)
        {
            events[i] = stream.Next(1_760_000_000_000 + i).ToArray();
        }

        return events;
    }

    private static long Scan(byte[][] events, long count)
    {
        long sum = 0;
        for (long i = 0; i < count; i++)
        {
            var reader = new Utf8JsonReader(events[i % HeldEvents]);
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName)
                {
                    continue;
                }

                if (reader.ValueTextEquals("item_id"u8) || reader.ValueTextEquals("category_id"u8))
                {
                    reader.Read();
                    sum += reader.ValueSpan[^1];
                }
                else if (reader.ValueTextEquals("value"u8))
                {
                    reader.Read();
                    sum += Utf8Parser.TryParse(reader.ValueSpan, out double value, out _) ? (long)value : 0;
                }
                else if (reader.ValueTextEquals("ts_ms"u8))
                {
                    reader.Read();
                    sum += reader.GetInt64();
                }
                else
                {
                    reader.Skip();
                }
            }
        }

        return sum;
    }

    private static long Count(byte[][] keys, long count)
    {
        var counter = new SlabCounter(HeldEvents);
        for (long i = 0; i < count; i++)
        {
            counter.Add(keys[i % HeldEvents]);
        }

        return counter.Total;
    }

    private static async Task<long> SetRawAsync(RedisServer server, byte[][] keys, long count)
    {
        using var pipe = new RedisPipe(server.Port);
        byte[] value = new byte[16];
        for (long i = 0; i < count; i++)
        {
            pipe.Begin(3);
            pipe.Word("SET"u8);
            pipe.Word(keys[i % HeldEvents]);
            Utf8Formatter.TryFormat(i, value, out int length);
            pipe.Word(value.AsSpan(0, length));
            await pipe.WaitForRoomAsync().ConfigureAwait(false);
        }

        await pipe.FinishAsync().ConfigureAwait(false);
        return pipe.Sent;
    }

    private static async Task<long> SetClientAsync(RedisServer server, byte[][] keys, long count)
    {
        using ConnectionMultiplexer client = await ConnectionMultiplexer
            .ConnectAsync(string.Create(CultureInfo.InvariantCulture, $"{server.Endpoint},syncTimeout=60000")).ConfigureAwait(false);
        IDatabase database = client.GetDatabase();
        for (long i = 0; i < count; i++)
        {
            if (i % 5_000 == 4_999)
            {
                // The client has no bound of its own on what is under way.
                await database.PingAsync().ConfigureAwait(false);
            }

            await database.StringSetAsync(keys[i % HeldEvents], i, flags: CommandFlags.FireAndForget).ConfigureAwait(false);
        }

        await database.PingAsync().ConfigureAwait(false);
        return count;
    }
}
