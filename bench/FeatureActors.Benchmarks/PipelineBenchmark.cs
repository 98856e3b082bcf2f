using System.Diagnostics;
using System.Globalization;
using FeatureActors.Benchmarks.Nodes;
using FeatureActors.Benchmarks.Reports;
using FeatureActors.Benchmarks.Streams;

namespace FeatureActors.Benchmarks;

/// <summary>
/// Kafka to Redis: a topic full of events, a node in a process of its own with Kafka's shard log, checkpoints every 5 s (in SQLite
/// unless said) and Redis. The first fifth of the events warms the node up and is not measured.
/// </summary>
internal static class PipelineBenchmark
{
    private const int Keys = 100_000;
    private const int Shards = 8;
    private const int PacedWarmSeconds = 10;
    private const string NodeCpu = "node CPU µs per event";
    private static readonly TimeSpan PublishTime = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Runs it.</summary>
    public static async Task RunAsync(BenchOptions options)
    {
        options = options with
        {
            Events = options.Events > 0 ? options.Events : 4_000_000,
            Keys = options.Keys > 0 ? options.Keys : Keys,
            Profiles = options.Profiles.Count > 0 ? options.Profiles : [Profile.Simple, Profile.Rich],
        };
        var report = new BenchReport("pipeline", options);
        Preloaded servers = await Preloaded.StartAsync(options.Stores.Contains(StoreKind.Postgres)).ConfigureAwait(false);
        await using (servers.ConfigureAwait(false))
        {
            foreach (string profile in options.Profiles)
            {
                var runs = options.Stores.ToDictionary(static s => s, static _ => new List<(string Figure, double Value)[]>());
                for (int run = 0; run < options.Runs; run++)
                {
                    foreach (StoreKind store in options.Stores)
                    {
                        runs[store].Add(await RunOnceAsync(servers, options, profile, store, run).ConfigureAwait(false));
                    }
                }

                foreach (StoreKind store in options.Stores)
                {
                    report.AddMedians(RowOf(profile, store), runs[store]);
                }

                AddRises(report, profile, runs);
                if (options.PacedSeconds > 0)
                {
                    await PaceAsync(servers, options, profile, report).ConfigureAwait(false);
                }
            }
        }

        report.Finish();
    }

    private static string RowOf(string profile, StoreKind store) => store == StoreKind.Sqlite ? profile : $"{profile}, {store}";

    /// <summary>What checkpoints add to the node's CPU, run by run beside the run without them.</summary>
    private static void AddRises(BenchReport report, string profile, Dictionary<StoreKind, List<(string Figure, double Value)[]>> runs)
    {
        if (!runs.TryGetValue(StoreKind.Off, out List<(string Figure, double Value)[]>? off))
        {
            return;
        }

        foreach ((StoreKind store, List<(string Figure, double Value)[]> with) in runs.Where(static r => r.Key != StoreKind.Off))
        {
            double[] rises = [.. with.Zip(off, static (w, o) => (100 * Of(w) / Of(o)) - 100)];
            report.Add($"{profile}, {store} over off", ("node CPU per event rises by %", BenchReport.Median(rises)), ("lowest", rises.Min()), ("highest", rises.Max()));
        }

        static double Of((string Figure, double Value)[] run) => run.First(static f => f.Figure == NodeCpu).Value;
    }

    private static async Task<(string, double)[]> RunOnceAsync(Preloaded servers, BenchOptions options, string profile, StoreKind store, int run)
    {
        // Written anew for each run: event time is the time of writing, and the windows must not age.
        string topic = $"{profile}-{store}-{run}";
        string name = $"{profile.Replace('-', '_')}_{store}_{run}".ToLowerInvariant();
        await servers.FillAsync(topic, new EventStream(options.Keys, isUniform: false), options.Events, options.Span).ConfigureAwait(false);
        long emptyBytes = await servers.EmptyRedisAsync().ConfigureAwait(false);
        NodeProcess node = await StartNodeAsync(servers, options, profile, store, topic, name).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            long warm = options.Events / 5;
            NodeFigures before = await node.WaitAsync(f => f.Rows >= warm, Limit, $"{name}, warming up").ConfigureAwait(false);
            double nodeCpu = node.CpuSeconds;
            double redisCpu = ProcessCost.CpuSeconds(servers.Redis.ProcessId);
            double kafkaCpu = ProcessCost.CpuSeconds(servers.Kafka.ProcessId);
            double databaseCpu = servers.Postgres is null ? 0 : ProcessCost.TreeCpuSeconds(servers.Postgres.ProcessId);
            var watch = Stopwatch.StartNew();
            NodeFigures all = await node.WaitAsync(f => f.Rows + f.Late >= options.Events, Limit, $"{name}, applying").ConfigureAwait(false);
            double seconds = watch.Elapsed.TotalSeconds;

            // What is applied is published within a second; a last checkpoint is due within five.
            NodeFigures last = await LastAsync(node, options, store, all, name).ConfigureAwait(false);
            nodeCpu = node.CpuSeconds - nodeCpu;
            redisCpu = ProcessCost.CpuSeconds(servers.Redis.ProcessId) - redisCpu;
            kafkaCpu = ProcessCost.CpuSeconds(servers.Kafka.ProcessId) - kafkaCpu;
            databaseCpu = servers.Postgres is null ? 0 : ProcessCost.TreeCpuSeconds(servers.Postgres.ProcessId) - databaseCpu;
            await servers.Kafka.DeleteTopicAsync(topic).ConfigureAwait(false);
            double millions = (last.Rows - before.Rows) / 1e6;
            return
            [
                ("events per node CPU-second", millions * 1e6 / nodeCpu),
                (NodeCpu, nodeCpu / millions),
                ("redis CPU µs per event", redisCpu / millions),
                ("broker CPU µs per event", kafkaCpu / millions),
                ("postgresql CPU µs per event", databaseCpu / millions),
                ("events/s", (all.Rows - before.Rows) / seconds),
                ("keys written per event", (last.Writes - before.Writes) / (millions * 1e6)),
                ("keys evaluated per event", (last.Evaluations - before.Evaluations) / (millions * 1e6)),
                ("rows per log batch", (double)(last.Rows - before.Rows) / Math.Max(1, last.LogBatches - before.LogBatches)),
                ("checkpoints", last.Checkpoints - before.Checkpoints),
                ("checkpoint bytes per event", (last.CheckpointBytes - before.CheckpointBytes) / (millions * 1e6)),
                ("bytes per entity", last.EntityBytes / (double)Math.Max(1, last.Entities)),
                ("entities", last.Entities),
                ("allocated bytes per event", (last.Allocated - before.Allocated) / (millions * 1e6)),
                ("gen 2 collections", last.Gen2 - before.Gen2),
                ("node resident MiB", ProcessCost.MemoryMiB(node.Id, "VmRSS")),
                ("redis MiB", (await servers.RedisBytesAsync().ConfigureAwait(false) - emptyBytes) / 1048576.0),
                ("late or refused", last.Late + last.Refused),
            ];
        }
    }

    // What is applied is published within a second; a last checkpoint is due within five.
    private static async Task<NodeFigures> LastAsync(NodeProcess node, BenchOptions options, StoreKind store, NodeFigures all, string name)
    {
        if (store != StoreKind.Off)
        {
            return await node.WaitAsync(f => f.Checkpoints >= all.Checkpoints + Shards, Limit, $"{name}, last checkpoints").ConfigureAwait(false);
        }

        await Task.Delay(TimeSpan.FromMilliseconds(options.CoalesceMs) + PublishTime, TimeProvider.System).ConfigureAwait(false);
        return await node.AskAsync().ConfigureAwait(false);
    }

    /// <summary>At one rate for all stores: at full speed a database takes CPU from the node, which then publishes more often per event.</summary>
    private static async Task PaceAsync(Preloaded servers, BenchOptions options, string profile, BenchReport report)
    {
        double rate = options.PacedRate > 0
            ? options.PacedRate
            : report.Get(RowOf(profile, options.Stores[0]), "events/s") / (2 * options.Stores.Count);
        var runs = new Dictionary<StoreKind, List<(string Figure, double Value)[]>>();
        foreach (StoreKind store in options.Stores)
        {
            runs[store] = [await RunPacedAsync(servers, options, profile, store, rate).ConfigureAwait(false)];
            report.Add($"{RowOf(profile, store)}, paced", runs[store][0]);
        }

        AddRises(report, $"{profile}, paced", runs);
    }

    private static async Task<(string, double)[]> RunPacedAsync(Preloaded servers, BenchOptions options, string profile, StoreKind store, double rate)
    {
        string name = $"{profile.Replace('-', '_')}_{store}_paced".ToLowerInvariant();
        string topic = $"{profile}-{store}-paced";
        await servers.CreateAsync(topic).ConfigureAwait(false);
        await servers.EmptyRedisAsync().ConfigureAwait(false);
        NodeProcess node = await StartNodeAsync(servers, options, profile, store, topic, name).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            var stream = new EventStream(options.Keys, isUniform: false);
            long events = (long)(rate * options.PacedSeconds);
            NodeFigures first = await WarmUpAsync(servers, options, store, node, topic, stream, rate, name).ConfigureAwait(false);
            double nodeCpu = node.CpuSeconds;
            double databaseCpu = servers.Postgres is null ? 0 : ProcessCost.TreeCpuSeconds(servers.Postgres.ProcessId);
            await servers.WriteAsync(topic, stream, events, TimeSpan.Zero, rate).ConfigureAwait(false);
            NodeFigures last = await node.WaitAsync(f => f.Rows >= first.Rows + events, Limit, $"{name}, applying").ConfigureAwait(false);
            last = await LastAsync(node, options, store, last, name).ConfigureAwait(false);
            await servers.Kafka.DeleteTopicAsync(topic).ConfigureAwait(false);
            return
            [
                ("events/s written", rate),
                (NodeCpu, (node.CpuSeconds - nodeCpu) / (events / 1e6)),
                ("postgresql CPU µs per event", ((servers.Postgres is null ? 0 : ProcessCost.TreeCpuSeconds(servers.Postgres.ProcessId)) - databaseCpu) / (events / 1e6)),
                ("keys evaluated per event", (last.Evaluations - first.Evaluations) / (double)events),
                ("checkpoints", last.Checkpoints - first.Checkpoints),
                ("p50 ms event-to-Redis", last.LatencyMs(first, 0.5)),
                ("p99 ms event-to-Redis", last.LatencyMs(first, 0.99)),
                ("coalesce ms", options.CoalesceMs),
            ];
        }
    }

    // The first seconds of a node go into compiling it; what waits meanwhile would be most of what is measured.
    private static async Task<NodeFigures> WarmUpAsync(
        Preloaded servers, BenchOptions options, StoreKind store, NodeProcess node, string topic, EventStream stream, double rate, string name)
    {
        long events = (long)(rate * PacedWarmSeconds);
        await servers.WriteAsync(topic, stream, events, TimeSpan.Zero, rate).ConfigureAwait(false);
        NodeFigures applied = await node.WaitAsync(f => f.Rows >= events, Limit, $"{name}, warming up").ConfigureAwait(false);
        return await LastAsync(node, options, store, applied, name).ConfigureAwait(false);
    }

    private static async Task<NodeProcess> StartNodeAsync(Preloaded servers, BenchOptions options, string profile, StoreKind store, string topic, string name)
    {
        await servers.CreateAsync($"fa.{name}.{Profile.Entity}", Shards).ConfigureAwait(false);
        return NodeProcess.Start(new NodeProcessOptions
        {
            Profile = profile,
            Namespace = name,
            Topic = topic,
            Kafka = servers.Kafka.Endpoint,
            Redis = servers.Redis.Endpoint,
            Shards = Shards,
            Store = store,
            PostgresPort = servers.Postgres?.Port ?? 0,
            Trigger = string.Create(CultureInfo.InvariantCulture, $"{{ on = update, coalesce = {options.CoalesceMs}ms }}"),
        });
    }
}
