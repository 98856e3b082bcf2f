using System.Collections.Concurrent;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Hocon;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Hosting;
using FeatureActors.Runtime.Ownership;
using FeatureActors.Runtime.Shards;
using FeatureActors.TestKit.Faults;
using FeatureActors.TestKit.Ports;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeatureActors.Runtime.Tests.Hosting;

public sealed class ShardRehearsalTests
{
    private const string Definitions = """
        namespace = shop
        sources.clicks { format = json, event-time { field = ts, unit = ms }, fields { user = string, value = double, ts = long } }
        entities.user { key = [string], shards = 4 }
        groups.clicked {
          entity = user, source = clicks, key = user
          features { n { type = count, windows = [1h] }, v { type = sum, of = value, windows = [1d] } }
          triggers = [{ on = update, coalesce = 200ms }]
        }
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_rehearsal_takes_and_keeps_a_shard_hands_it_over_and_loads_its_entities_again()
    {
        var calls = new ConcurrentQueue<string>();
        var store = new InMemoryCheckpointStore(TimeProvider.System) { Fault = (operation, _) => Note(calls, operation) };
        var sink = new InMemoryFeatureSink(TimeProvider.System);

        await RehearseAsync(new RehearsalPorts { Checkpoints = store, Sink = sink });

        Assert.Equal(2, calls.Count(static c => c == nameof(ICheckpointStore.AcquireAsync)));
        Assert.Contains(nameof(ICheckpointStore.CommitAsync), calls);
        Assert.Contains(nameof(ICheckpointStore.LoadAsync), calls);
        Assert.InRange(sink.CountOutcome(SinkOutcome.Lost), 2, long.MaxValue);
        Assert.Empty(sink.ListKeys());
    }

    [Fact]
    public async Task A_sink_that_is_away_does_not_keep_a_rehearsal_from_its_end()
    {
        var store = new InMemoryCheckpointStore(TimeProvider.System);
        var sink = new InMemoryFeatureSink(TimeProvider.System) { Fault = static (_, _) => PortFault.FailBefore };

        await RehearseAsync(new RehearsalPorts { Checkpoints = store, Sink = sink });

        Assert.Equal(16, store.CountEntities(new("user", 0)));
    }

    [Fact]
    public async Task Without_stores_of_its_own_a_rehearsal_leaves_no_trace_in_those_of_the_node()
    {
        var calls = new ConcurrentQueue<string>();
        var store = new InMemoryCheckpointStore(TimeProvider.System) { Fault = (operation, _) => Note(calls, operation) };
        var sink = new InMemoryFeatureSink(TimeProvider.System) { Fault = (operation, _) => Note(calls, operation) };

        await RehearseAsync(null, store, sink);

        Assert.Empty(calls);
    }

    private static PortFault Note(ConcurrentQueue<string> calls, string operation)
    {
        calls.Enqueue(operation);
        return PortFault.None;
    }

    private static async Task RehearseAsync(RehearsalPorts? ports, InMemoryCheckpointStore? own = null, InMemoryFeatureSink? sink = null)
    {
        DefinitionsModel model = DefinitionsBinder.Bind(HoconParser.ParseText(Definitions, "d.conf"), new FeatureTypeRegistry(BuiltInFeatureTypes.All));
        DefinitionsPlan plan = PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model));
        var letters = new InMemoryDeadLetterStore();
        var node = new NodePorts
        {
            Checkpoints = own ?? new InMemoryCheckpointStore(TimeProvider.System),
            Log = new InMemoryShardLog(),
            Sink = sink ?? new InMemoryFeatureSink(TimeProvider.System),
            Positions = new InMemorySourcePositions(),
            DeadLetters = letters,
            Ownership = new StaticOwnership(),
            Sources = new Dictionary<string, IEventSource>(),
        };
        using var gate = new SemaphoreSlim(1);
        var writer = new DeadLetterWriter(letters, TimeProvider.System, NullLogger.Instance);
        var services = new ShardServices(
            node, new NodeRuntimeOptions { NodeName = "n" }, new ChunkPool(), gate, writer, TimeProvider.System, NullLogger.Instance);
        using var timeout = new CancellationTokenSource(Patience);
        using var over = new CancellationTokenSource();
        Task letting = writer.RunAsync(over.Token);
        await new ShardRehearsal(plan.Entities[0], plan.Sources, new ShardOptions(), services, ports).RunAsync(timeout.Token);
        await over.CancelAsync();
        await letting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
