using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Sharding;
using FeatureActors.Hocon;
using FeatureActors.Node.Hosting.Control;
using FeatureActors.Node.Hosting.Plugins;
using FeatureActors.Runtime.Hosting;
using FeatureActors.Runtime.Ownership;
using FeatureActors.Runtime.Shards;
using FeatureActors.TestKit.Ports;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeatureActors.Node.Tests.Plugins;

/// <summary>A running node over ports in memory, with real threads and the real clock, and a folder of plug-ins.</summary>
internal sealed class PluginNode : IAsyncDisposable
{
    public const string Definitions =
        """
        namespace = shop
        sources.clicks { format = json, event-time { field = ts, unit = ms }, fields { user = string, what = string, ts = long } }
        entities.user { key = [string], shards = 4 }
        groups.activity {
          entity = user, source = clicks, key = user
          features {
            tally { type = "custom:tally", of = what, windows = [1h] }
            clicks { type = count, windows = [1h] }
            matching { type = count, where = "twice(what) = 'aa'", windows = [1h] }
          }
          triggers = [{ on = update, coalesce = 10ms }]
        }
        """;

    private readonly CancellationTokenSource _stop = new();
    private readonly InMemoryEventSource _source = new("clicks", 1);
    private readonly PluginHost _host;

    public PluginNode(string pluginFolder, string definitions = Definitions, TimeSpan? callBudget = null, TimeSpan? passivateAfter = null)
    {
        ConfigObject root = HoconParser.ParseText(definitions, "d.conf");
        var plugins = PluginSet.Load(pluginFolder);
        Loaded = [.. plugins.Plugins.Select(static p => p.Context)];
        DefinitionsModel model = plugins.Bind(root);
        DefinitionsSnapshot snapshot = DefinitionsCatalog.Assign(model, null, 0).Snapshot;
        DefinitionsPlan plan = PlanCompiler.Compile(model, snapshot);
        var ports = new NodePorts
        {
            Checkpoints = Checkpoints,
            Log = new InMemoryShardLog(),
            Sink = Sink,
            Positions = new InMemorySourcePositions(),
            DeadLetters = Letters,
            Ownership = new StaticOwnership(),
            Sources = new Dictionary<string, IEventSource> { ["clicks"] = _source },
            Plugins = [.. plugins.Plugins.SelectMany(static p => p.Functions).Select(static f => f.Part)],
        };
        var options = new NodeRuntimeOptions
        {
            NodeName = "n",
            PluginCallBudget = callBudget ?? TimeSpan.FromSeconds(10),
            StopBudget = TimeSpan.FromSeconds(2),
            Shard = new ShardOptions { CheckpointInterval = TimeSpan.FromMilliseconds(200), PassivateAfter = passivateAfter ?? TimeSpan.FromMinutes(10) },
        };
        Runtime = new NodeRuntime(ports, options, plan.Entities, plan.Sources, TimeProvider.System, NullLoggerFactory.Instance);
        _host = new PluginHost(plugins, root, snapshot, plan, Runtime, TimeProvider.System, NullLogger.Instance);
        Running = Task.Run(() => Runtime.RunAsync(_stop.Token));
    }

    public NodeRuntime Runtime { get; }

    public Task Running { get; }

    public InMemoryCheckpointStore Checkpoints { get; } = new(TimeProvider.System);

    public InMemoryFeatureSink Sink { get; } = new(TimeProvider.System);

    public InMemoryDeadLetterStore Letters { get; } = new();

    /// <summary>The worlds of the plug-ins that were loaded at the start.</summary>
    public IReadOnlyList<WeakReference> Loaded { get; }

    /// <summary>A key that belongs to a shard.</summary>
    public static string KeyOf(int shard) => Enumerable.Range(0, 1000).Select(static i => string.Create(CultureInfo.InvariantCulture, $"u{i}"))
        .First(key => StableHash.PartitionOf(StableHash.Of(Encoding.UTF8.GetBytes(key)), 4) == shard);

    public void Send(string user, string what, int times = 1)
    {
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        for (int i = 0; i < times; i++)
        {
            _source.Append(0, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"ts":{{now}},"user":"{{user}}","what":"{{what}}"}""")));
        }
    }

    /// <summary>Appends one event as it is.</summary>
    public void SendRaw(string text) => _source.Append(0, Encoding.UTF8.GetBytes(text));

    public string? Value(string user, string field) => Sink.TryRead($"fa:shop:activity:{user}") is { } fields
        ? fields.GetValueOrDefault(field)
        : null;

    public PluginStatus Part(string name) => Runtime.Status.Plugins.Single(p => p.Name == name);

    public Epoch EpochOf(int shard) => Runtime.Status.Shards.Single(s => s.Shard.Partition == shard).Epoch;

    public Task<ControlAnswer> AskAsync(string command, string? name = null) => _host.HandleAsync(new ControlRequest(command, name), CancellationToken.None);

    public Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);

    public Task UntilAsync(Func<Task<bool>> condition, string what) => Eventually.HoldsAsync(condition, what, Running);

    public Task UntilValueAsync(string user, string field, string? value) =>
        UntilAsync(() => Value(user, field) == value, $"{field} of {user} is {value}");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Runtime.DisposeAsync();
        _stop.Dispose();
    }
}
