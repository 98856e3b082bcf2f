using System.Globalization;
using FeatureActors.Benchmarks.Streams;
using FeatureActors.Kafka;
using FeatureActors.LocalServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeatureActors.Benchmarks.Nodes;

/// <summary>A broker with a source topic that holds the events of a benchmark, a Redis server, and PostgreSQL where it is asked for.</summary>
internal sealed class Preloaded : IAsyncDisposable
{
    private const int Partitions = 4;

    private readonly KafkaConnection _connection;

    private Preloaded(KafkaServer kafka, RedisServer redis, PostgresServer? postgres)
    {
        Postgres = postgres;
        Kafka = kafka;
        Redis = redis;
        _connection = new KafkaConnection(
            new KafkaOptions { BootstrapServers = kafka.Endpoint, Properties = KafkaServer.ClientSettings },
            TimeProvider.System,
            NullLogger<KafkaConnection>.Instance);
    }

    /// <summary>The broker.</summary>
    public KafkaServer Kafka { get; }

    /// <summary>The Redis server; nothing is saved to disk.</summary>
    public RedisServer Redis { get; }

    /// <summary>The database, or null.</summary>
    public PostgresServer? Postgres { get; }

    /// <summary>Starts them.</summary>
    public static async Task<Preloaded> StartAsync(bool withPostgres = false) => new(
        await KafkaServer.StartAsync(new KafkaServerOptions { BrokerHeapMegabytes = 1024 }).ConfigureAwait(false),
        await RedisServer.StartAsync().ConfigureAwait(false),
        withPostgres ? await PostgresServer.StartAsync().ConfigureAwait(false) : null);

    /// <summary>Makes a topic and fills it.</summary>
    public async Task<string> FillAsync(string topic, EventStream stream, long events, TimeSpan span)
    {
        await Kafka.CreateTopicAsync(topic, Partitions).ConfigureAwait(false);
        await WriteAsync(topic, stream, events, span, perSecond: 0).ConfigureAwait(false);
        return topic;
    }

    /// <summary>Makes an empty topic.</summary>
    public Task CreateAsync(string topic, int partitions = Partitions) => Kafka.CreateTopicAsync(topic, partitions);

    /// <summary>Writes events, at a rate or as fast as it goes.</summary>
    public async Task WriteAsync(
        string topic, EventStream stream, long events, TimeSpan span, double perSecond, Action<int>? wrote = null, CancellationToken cancellationToken = default)
    {
        var writer = new KafkaTopicWriter(_connection, topic);
        await using (writer.ConfigureAwait(false))
        {
            await writer.OpenAsync(CancellationToken.None).ConfigureAwait(false);
            long began = TimeProvider.System.GetTimestamp();
            long spanMs = (long)span.TotalMilliseconds;
            for (long i = 0; i < events; i++)
            {
                if (perSecond > 0 && i % 500 == 0)
                {
                    TimeSpan early = TimeSpan.FromSeconds(i / perSecond) - TimeProvider.System.GetElapsedTime(began);
                    if (early > TimeSpan.FromMilliseconds(2))
                    {
                        await Task.Delay(early, TimeProvider.System, cancellationToken).ConfigureAwait(false);
                    }
                }

                long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
                long time = spanMs == 0 ? now : now - spanMs + (long)((double)i / events * spanMs);
                await writer.WriteAsync(ReadOnlyMemory<byte>.Empty, stream.Next(time), cancellationToken).ConfigureAwait(false);
                wrote?.Invoke(stream.Key);
            }

            await writer.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Writes one event of each key.</summary>
    public async Task WriteKeysAsync(string topic, EventStream stream, IEnumerable<int> keys)
    {
        var writer = new KafkaTopicWriter(_connection, topic);
        await using (writer.ConfigureAwait(false))
        {
            await writer.OpenAsync(CancellationToken.None).ConfigureAwait(false);
            foreach (int key in keys)
            {
                long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
                await writer.WriteAsync(ReadOnlyMemory<byte>.Empty, stream.NextOf(key, now), CancellationToken.None).ConfigureAwait(false);
            }

            await writer.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Empties Redis and answers the memory it uses then, in bytes.</summary>
    public async Task<long> EmptyRedisAsync()
    {
        using var pipe = new Peers.RedisPipe(Redis.Port);
        pipe.Begin(1);
        pipe.Word("FLUSHALL"u8);
        await pipe.FinishAsync().ConfigureAwait(false);
        return await RedisBytesAsync().ConfigureAwait(false);
    }

    /// <summary>Bytes that Redis uses.</summary>
    public async Task<long> RedisBytesAsync()
    {
        using var pipe = new Peers.RedisPipe(Redis.Port);
        string info = await pipe.AskAsync("INFO", "memory").ConfigureAwait(false);
        string line = info.Split('\n').First(static l => l.StartsWith("used_memory:", StringComparison.Ordinal));
        return long.Parse(line["used_memory:".Length..].Trim(), CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync().ConfigureAwait(false);
        if (Postgres is not null)
        {
            await Postgres.DisposeAsync().ConfigureAwait(false);
        }

        await Redis.DisposeAsync().ConfigureAwait(false);
        await Kafka.DisposeAsync().ConfigureAwait(false);
    }
}
