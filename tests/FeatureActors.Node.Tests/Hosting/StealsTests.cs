using System.Runtime.CompilerServices;
using System.Threading.Channels;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Hocon;
using FeatureActors.Node.Tests.Http;
using FeatureActors.Runtime.Hosting;
using FeatureActors.Runtime.Shards;
using FeatureActors.TestKit.Ports;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeatureActors.Node.Tests.Hosting;

/// <summary>Two nodes that were both given a shard, because one of them was never told that it lost it.</summary>
public sealed class StealsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Two_nodes_that_believe_to_own_a_shard_stop_stealing_it_from_each_other()
    {
        var cluster = new Cluster();
        var group = new ForgetfulGroup();
        using var stop = new CancellationTokenSource(Patience);
        NodeRuntime[] nodes = [Node(cluster, group, "stale"), Node(cluster, group, "rightful")];
        Task[] running = [.. nodes.Select(n => Task.Run(() => n.RunAsync(stop.Token)))];
        try
        {
            // Who was stolen the shard twice asks anew, and gets it only when it is his.
            await Eventually.HoldsAsync(
                () => Task.FromResult(group.Doubts > 0 && nodes[0].Status.Shards.Count == 0 && Running(nodes[1]) == 1),
                "the rightful owner has the shard for itself",
                Task.WhenAny(running));
            long steals = nodes.Sum(static n => n.Status.Steals);
            Assert.InRange(steals, 2, 4);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(running);
            foreach (NodeRuntime node in nodes)
            {
                await node.DisposeAsync();
            }
        }
    }

    private static int Running(NodeRuntime node) => node.Status.Shards.Count(static s => s.State == ShardState.Running);

    private static NodeRuntime Node(Cluster cluster, ForgetfulGroup group, string name)
    {
        DefinitionsModel model = DefinitionsBinder.Bind(HoconParser.ParseText(HttpNode.Definitions, "d.conf"), new FeatureTypeRegistry(BuiltInFeatureTypes.All));
        DefinitionsPlan plan = PlanCompiler.Compile(model, DefinitionsCatalog.Assign(model, null, 0).Snapshot);
        var ports = new NodePorts
        {
            Checkpoints = cluster.Checkpoints,
            Log = cluster.Log,
            Sink = cluster.Sink,
            Positions = cluster.Positions,
            DeadLetters = new InMemoryDeadLetterStore(),
            Ownership = new Member(group, isRightful: name == "rightful"),
            Sources = new Dictionary<string, IEventSource> { ["clicks"] = cluster.Source },
        };
        var options = new NodeRuntimeOptions
        {
            NodeName = name,
            IsIngest = false,
            Shard = new ShardOptions { FenceCheckInterval = TimeSpan.FromMilliseconds(50) },
        };
        return new NodeRuntime(ports, options, plan.Entities, plan.Sources, TimeProvider.System, NullLoggerFactory.Instance);
    }

    /// <summary>A group that gave one shard to both: it tells who has it only to who asks.</summary>
    private sealed class ForgetfulGroup
    {
        private int _doubts;

        public int Doubts => Volatile.Read(ref _doubts);

        public void Doubt() => Interlocked.Increment(ref _doubts);
    }

    private sealed class Member(ForgetfulGroup group, bool isRightful) : IShardOwnership
    {
        private static readonly ShardId Shard = new("user", 0);

        private readonly Channel<bool> _changes = Channel.CreateUnbounded<bool>();

        public async IAsyncEnumerable<OwnershipChange> WatchAsync(
            IReadOnlyDictionary<string, int> entities, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            long generation = 0;
            yield return new OwnershipChange(Shard, IsAssigned: true, ++generation);
            await foreach (bool isAssigned in _changes.Reader.ReadAllAsync(cancellationToken))
            {
                yield return new OwnershipChange(Shard, isAssigned, ++generation);
            }
        }

        public ValueTask<bool> DoubtAsync(ShardId shard)
        {
            group.Doubt();
            _changes.Writer.TryWrite(false);
            if (isRightful)
            {
                _changes.Writer.TryWrite(true);
            }

            return ValueTask.FromResult(true);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
