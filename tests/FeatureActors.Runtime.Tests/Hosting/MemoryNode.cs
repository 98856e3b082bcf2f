using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Core.Sharding;
using FeatureActors.Hocon;
using FeatureActors.Runtime.Hosting;
using FeatureActors.Runtime.Ownership;
using FeatureActors.Runtime.Shards;
using FeatureActors.TestKit.Ports;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeatureActors.Runtime.Tests.Hosting;

/// <summary>
/// A node over ports in memory, with real threads and the real clock. Two sources feed groups of one entity type in four shards;
/// another entity type stands beside them. What the ports hold survives the node.
/// </summary>
internal sealed class MemoryNode : IAsyncDisposable
{
    public const int Shards = 4;

    private const string Definitions = """
        namespace = shop
        sources.clicks { format = json, event-time { field = ts, unit = ms }, fields { user = string, ts = long } }
        sources.views { format = json, event-time { field = ts, unit = ms }, fields { user = string, ts = long } }
        entities { user { key = [string], shards = 4 }, guest { key = [string], shards = 1 } }
        groups {
          clicked { entity = user, source = clicks, key = user, features { n { type = count, windows = [1h] } }, triggers = [{ on = update, coalesce = 10ms }] }
          viewed { entity = user, source = views, key = user, features { n { type = count, windows = [1h] } }, triggers = [{ on = update, coalesce = 10ms }] }
          visits { entity = guest, source = views, key = user, features { n { type = count, windows = [1h] } }, triggers = [{ on = update, coalesce = 10ms }] }
        }
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly World _world;
    private readonly CancellationTokenSource _stop = new();
    private readonly NodeRuntime _runtime;
    private readonly Task _running;

    public MemoryNode(World world, params string[] newLanes)
    {
        _world = world;
        DefinitionsModel model = DefinitionsBinder.Bind(HoconParser.ParseText(Definitions, "d.conf"), new FeatureTypeRegistry(BuiltInFeatureTypes.All));
        DefinitionsPlan plan = PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model));
        var ports = new NodePorts
        {
            Checkpoints = world.Checkpoints,
            Log = world.Log,
            Sink = world.Sink,
            Positions = world.Positions,
            DeadLetters = new InMemoryDeadLetterStore(),
            Ownership = new StaticOwnership(),
            Sources = new Dictionary<string, IEventSource> { ["clicks"] = world.Clicks, ["views"] = world.Views },
        };
        var options = new NodeRuntimeOptions
        {
            NodeName = "n",
            StopBudget = TimeSpan.FromSeconds(2),
            NewLanes = newLanes.ToHashSet(StringComparer.Ordinal),
            Shard = new ShardOptions { CheckpointInterval = TimeSpan.FromMilliseconds(100) },
        };
        _runtime = new NodeRuntime(ports, options, plan.Entities, plan.Sources, TimeProvider.System, NullLoggerFactory.Instance);
        _running = Task.Run(() => _runtime.RunAsync(_stop.Token));
    }

    public NodeStatus Status => _runtime.Status;

    /// <summary>A user whose shard this is.</summary>
    public static string UserOf(int shard) => Enumerable.Range(0, 1000).Select(static i => string.Create(CultureInfo.InvariantCulture, $"u{i}"))
        .First(key => StableHash.PartitionOf(StableHash.Of(Encoding.UTF8.GetBytes(key)), Shards) == shard);

    /// <summary>Tells one event of a user of every shard.</summary>
    public static void Tell(InMemoryEventSource source)
    {
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        for (int shard = 0; shard < Shards; shard++)
        {
            source.Append(0, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"ts":{{now}},"user":"{{UserOf(shard)}}"}""")));
        }
    }

    public Task UntilAsync(string phase, Func<bool> condition) => UntilAsync(phase, () => Task.FromResult(condition()));

    public async Task UntilAsync(string phase, Func<Task<bool>> condition)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2), TimeProvider.System);
        long start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(
                TimeProvider.System.GetElapsedTime(start) < Patience,
                $"{phase}: not within {Patience.TotalSeconds} s; halts: {string.Join("; ", Status.Halts)}; shards: {string.Join(' ', Status.Shards.Select(static s => $"{s.Shard}={s.State}"))}");
            if (_running.IsFaulted)
            {
                await _running;
            }

            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>Waits until the users of these shards have so many events of a group.</summary>
    public Task UntilCountAsync(string group, int count, params int[] shards) => UntilAsync(
        $"{group} have {count} events in shards {string.Join(',', shards)}",
        () => shards.All(s => _world.Sink.TryRead($"fa:shop:{group}:{UserOf(s)}")?.GetValueOrDefault("n:1h") == count.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Stops the node in order: last checkpoints and positions included.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _runtime.DisposeAsync();
        _stop.Dispose();
    }

    /// <summary>What is outside of nodes.</summary>
    internal sealed class World
    {
        public InMemoryEventSource Clicks { get; set; } = new("clicks", 1);

        public InMemoryEventSource Views { get; } = new("views", 1);

        public InMemoryShardLog Log { get; } = new();

        public InMemoryCheckpointStore Checkpoints { get; } = new(TimeProvider.System);

        public InMemorySourcePositions Positions { get; } = new();

        public InMemoryFeatureSink Sink { get; } = new(TimeProvider.System);
    }
}
