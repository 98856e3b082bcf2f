using System.Globalization;
using System.Text.Json;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Benchmarks.Streams;
using FeatureActors.Core.Definitions;
using FeatureActors.Kafka;
using FeatureActors.LocalServers;
using FeatureActors.Redis;
using FeatureActors.Runtime.Hosting;
using FeatureActors.Runtime.Shards;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeatureActors.Benchmarks.Nodes;

/// <summary>The inside of a <see cref="NodeProcess"/>: a node with real adapters that answers its figures on request.</summary>
internal static class NodeHost
{
    /// <summary>The hidden command that runs it.</summary>
    public const string Command = "node-process";

    /// <summary>Runs until standard input ends.</summary>
    public static async Task RunAsync(string json)
    {
        NodeProcessOptions options = JsonSerializer.Deserialize<NodeProcessOptions>(json)!;
        string folder = Directory.CreateTempSubdirectory("fa-bench-").FullName;
        try
        {
            NodeStore stores = await NodeStore.OpenAsync(options, folder).ConfigureAwait(false);
            await using (stores.ConfigureAwait(false))
            {
                await RunAsync(options, stores).ConfigureAwait(false);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task RunAsync(NodeProcessOptions options, NodeStore stores)
    {
        DefinitionsPlan plan = Profile.Plan(new ProfileOptions(options.Profile)
        {
            Namespace = options.Namespace,
            Topic = options.Topic.Length > 0 ? options.Topic : "none",
            Shards = options.Shards,
            Trigger = options.Trigger,
            IsEventClock = options.IsEventClock,
        });
        var opened = new List<IAsyncDisposable>();
        T Keep<T>(T port)
            where T : IAsyncDisposable
        {
            opened.Add(port);
            return port;
        }

        KafkaConnection? kafka = options.Kafka.Length == 0 ? null : Keep(new KafkaConnection(
            new KafkaOptions { BootstrapServers = options.Kafka, Properties = KafkaServer.ClientSettings },
            TimeProvider.System,
            NullLogger<KafkaConnection>.Instance));
        var ports = new NodePorts
        {
            Checkpoints = stores.Checkpoints,
            Log = kafka is null ? stores.Log : Keep(new KafkaShardLog(kafka, options.Namespace)),
            Sink = options.Redis.Length == 0 ? Keep(new ForgetfulSink()) : Keep(new RedisFeatureSink(
                options.Namespace, new RedisSinkOptions { ConnectionString = options.Redis }, TimeProvider.System)),
            Positions = stores.Positions,
            DeadLetters = stores.DeadLetters,
            Ownership = kafka is null ? Keep(new OwnerOfAll()) : Keep(new KafkaShardOwnership(kafka, options.Namespace)),
            Sources = new Dictionary<string, IEventSource>
            {
                [Profile.Source] = kafka is not null && options.Topic.Length > 0
                    ? Keep(new KafkaEventSource(kafka, options.Namespace, Profile.Source, options.Topic))
                    : Keep(new GeneratedSource(Profile.Source, options)),
            },
        };
        var settings = new NodeRuntimeOptions
        {
            NodeName = "bench",
            Shard = options.Store == StoreKind.Off
                ? new ShardOptions { CheckpointInterval = NodeProcessOptions.Never, CheckpointBytes = long.MaxValue / 8 }
                : new ShardOptions { CheckpointInterval = TimeSpan.FromSeconds(options.CheckpointSeconds) },
        };
        if (options.MemoryBytes > 0)
        {
            settings = settings with { MemoryBytes = options.MemoryBytes };
        }

        using var stop = new CancellationTokenSource();
        var node = new NodeRuntime(ports, settings, plan.Entities, plan.Sources, TimeProvider.System, NullLoggerFactory.Instance);
        await using (node.ConfigureAwait(false))
        {
            Task running = node.RunAsync(stop.Token);
            await AnswerAsync(node, running).ConfigureAwait(false);
            await stop.CancelAsync().ConfigureAwait(false);
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        opened.Reverse();
        foreach (IAsyncDisposable port in opened)
        {
            await port.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async Task AnswerAsync(NodeRuntime node, Task running)
    {
        while (await Console.In.ReadLineAsync().ConfigureAwait(false) is not null)
        {
            if (running.IsCompleted)
            {
                await running.ConfigureAwait(false);
                return;
            }

            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(FiguresOf(node.Status))).ConfigureAwait(false);
        }
    }

    private static NodeFigures FiguresOf(NodeStatus status)
    {
        List<ShardCounters> shards = [.. status.Shards.Select(static s => s.Counters)];
        GCMemoryInfo collected = GC.GetGCMemoryInfo(GCKind.Any);
        return new NodeFigures
        {
            Events = status.Sources.Sum(static s => s.Counters.Events),
            Rows = shards.Sum(static s => s.Rows),
            Late = shards.Sum(static s => s.Late),
            Refused = status.Refused.Values.Sum(),
            LogBatches = shards.Sum(static s => s.LogBatches),
            Evaluations = shards.Sum(static s => s.Evaluations),
            Writes = shards.Sum(static s => s.Writes),
            Checkpoints = shards.Sum(static s => s.Checkpoints),
            CheckpointEntities = shards.Sum(static s => s.CheckpointEntities),
            CheckpointBytes = shards.Sum(static s => s.CheckpointBytes),
            Entities = shards.Sum(static s => s.Entities),
            EntityBytes = shards.Sum(static s => s.MemoryBytes),
            IsEnd = status.IsEndPublished,
            Latencies = status.SumLatencies(),
            HeapMiB = GC.GetTotalMemory(false) / 1048576.0,
            Allocated = GC.GetTotalAllocatedBytes(),
            Gen0 = GC.CollectionCount(0),
            Gen2 = GC.CollectionCount(2),
            CommittedMiB = collected.TotalCommittedBytes / 1048576.0,
            GenerationsMiB = string.Join(' ', collected.GenerationInfo.ToArray().Select(static g =>
                string.Create(CultureInfo.InvariantCulture, $"{g.SizeAfterBytes / 1048576.0:F0}({g.FragmentationAfterBytes / 1048576.0:F0})"))),
            SqliteMiB = SQLitePCL.raw.sqlite3_memory_used() / 1048576.0,
            SqliteHighestMiB = SQLitePCL.raw.sqlite3_memory_highwater(0) / 1048576.0,
            Halts = string.Join("; ", status.Halts),
        };
    }
}
