using Confluent.Kafka;
using FeatureActors.Benchmarks.Nodes;
using FeatureActors.Benchmarks.Peers;
using FeatureActors.Benchmarks.Reports;
using FeatureActors.Benchmarks.Streams;

namespace FeatureActors.Benchmarks;

/// <summary>
/// What most teams do: a consumer that turns each event into Redis commands, merged by readers. The events come from the same
/// broker; commands go through one raw socket, thousands at a time. The first tenth of the events warms up.
/// </summary>
internal static class RedisSideBenchmark
{
    private const int EventsPerRead = 10;

    /// <summary>Runs it.</summary>
    public static async Task RunAsync(BenchOptions options)
    {
        options = options with
        {
            Events = options.Events > 0 ? options.Events : 1_000_000,
            Keys = options.Keys > 0 ? options.Keys : 100_000,
            Profiles = options.Profiles.Count > 0 ? options.Profiles : [Profile.Simple, Profile.Rich],
        };
        if (options.Profiles.FirstOrDefault(static p => p is not (Profile.Simple or Profile.Rich)) is { } unknown)
        {
            throw new ArgumentException($"redis-side knows the profiles simple and rich, not {unknown}");
        }

        var report = new BenchReport("redis-side", options);
        Preloaded servers = await Preloaded.StartAsync().ConfigureAwait(false);
        await using (servers.ConfigureAwait(false))
        {
            foreach (string profile in options.Profiles)
            {
                await MeasureAsync(report, servers, options, profile, isRead: false).ConfigureAwait(false);
                await MeasureAsync(report, servers, options, profile, isRead: true).ConfigureAwait(false);
            }
        }

        report.Finish();
    }

    private static async Task MeasureAsync(BenchReport report, Preloaded servers, BenchOptions options, string profile, bool isRead)
    {
        // Reads cost far more than writes; fewer events measure them as well.
        long events = isRead ? Math.Max(options.Events / 10, 1_000) : options.Events;
        var runs = new List<(string, double)[]>();
        for (int run = 0; run < options.Runs; run++)
        {
            string topic = $"{profile}-{(isRead ? "read" : "write")}-{run}";
            await servers.FillAsync(topic, new EventStream(options.Keys, isUniform: false), events, options.Span).ConfigureAwait(false);
            runs.Add(await RunOnceAsync(servers, profile, topic, events, isRead).ConfigureAwait(false));
            await servers.Kafka.DeleteTopicAsync(topic).ConfigureAwait(false);
        }

        report.AddMedians($"{profile}, {(isRead ? "a read per 10 events" : "no reads")}", runs);
    }

    private static async Task<(string, double)[]> RunOnceAsync(Preloaded servers, string profile, string topic, long events, bool isRead)
    {
        long emptyBytes = await servers.EmptyRedisAsync().ConfigureAwait(false);
        string script;
        using (var asking = new RedisPipe(servers.Redis.Port))
        {
            script = await asking.AskAsync("SCRIPT", "LOAD", RedisFeatures.MinMaxScript).ConfigureAwait(false);
        }

        using var pipe = new RedisPipe(servers.Redis.Port);
        var features = new RedisFeatures(pipe, profile, script);
        using IConsumer<Ignore, byte[]> consumer = LimitsBenchmark.NewConsumer(servers.Kafka);
        consumer.Assign(Enumerable.Range(0, 4).Select(p => new TopicPartitionOffset(topic, p, Offset.Beginning)));
        long warm = events / 10;
        long cpu = 0;
        double redisCpu = 0;
        long began = 0;
        long sent = 0;
        for (long i = 0; i < events; i++)
        {
            if (i == warm)
            {
                await pipe.FinishAsync().ConfigureAwait(false);
                cpu = ProcessCost.ProcessNs();
                redisCpu = ProcessCost.CpuSeconds(servers.Redis.ProcessId);
                began = TimeProvider.System.GetTimestamp();
                sent = pipe.Sent;
            }

            features.Apply(consumer.Consume(CancellationToken.None).Message.Value);
            if (isRead && i % EventsPerRead == 0)
            {
                features.Read(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
            }

            await pipe.WaitForRoomAsync().ConfigureAwait(false);
        }

        await pipe.FinishAsync().ConfigureAwait(false);
        double seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        double count = events - warm;
        double client = (ProcessCost.ProcessNs() - cpu) / 1e3 / count;
        double redis = (ProcessCost.CpuSeconds(servers.Redis.ProcessId) - redisCpu) * 1e6 / count;
        return
        [
            ("CPU µs per event, client and Redis", client + redis),
            ("client CPU µs per event", client),
            ("redis CPU µs per event", redis),
            ("events/s", count / seconds),
            ("commands per event", (pipe.Sent - sent) / count),
            ("redis MiB", (await servers.RedisBytesAsync().ConfigureAwait(false) - emptyBytes) / 1048576.0),
        ];
    }
}
