using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Hocon;
using FeatureActors.Runtime.Hosting;
using FeatureActors.Runtime.Ownership;
using FeatureActors.Runtime.Shards;
using FeatureActors.TestKit.Faults;
using FeatureActors.TestKit.Ports;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeatureActors.Runtime.Tests.Versions;

/// <summary>What is outside of nodes that run one version of the definitions after another, each killed at some call of a port.</summary>
internal sealed class VersionedWorld
{
    public const int Partitions = 2;

    // Who calls flows with the node's threads, so that a dead node's calls are told from those of the next.
    private static readonly AsyncLocal<Node?> Caller = new();

    private readonly List<DefinitionsSnapshot> _snapshots = [];

    public VersionedWorld()
    {
        Positions.Fault = Log.Fault = Checkpoints.Fault = Sink.Fault = static (_, _) => Caller.Value?.Call() ?? PortFault.None;
    }

    public ScriptedPartition[] Events { get; } = [.. Enumerable.Range(0, Partitions).Select(static _ => new ScriptedPartition())];

    public InMemoryShardLog Log { get; } = new();

    public InMemoryCheckpointStore Checkpoints { get; } = new(TimeProvider.System);

    public InMemorySourcePositions Positions { get; } = new();

    public InMemoryFeatureSink Sink { get; } = new(TimeProvider.System);

    /// <summary>Versions that cannot be compiled any more.</summary>
    public HashSet<long> Lost { get; } = [];

    /// <summary>Applies definitions and answers their version.</summary>
    public long Apply(string definitions)
    {
        DefinitionsModel model = Bind(definitions);
        DefinitionsAssignment applied = DefinitionsCatalog.Assign(model, _snapshots.LastOrDefault(), TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        if (applied.HasChanges)
        {
            _snapshots.Add(applied.Snapshot);
        }

        return applied.Snapshot.Version;
    }

    /// <summary>The version applied last.</summary>
    public long Version => _snapshots[^1].Version;

    /// <summary>A node of these definitions began in all partitions and died before it read anything.</summary>
    public async Task BeginAsync(string definitions)
    {
        long version = Apply(definitions);
        for (int p = 0; p < Partitions; p++)
        {
            await Positions.BeginVersionAsync(new DefinitionsStart("clicks", p, 0, version, Events[p].Count), CancellationToken.None);
        }
    }

    /// <summary>The source is made anew, without an event.</summary>
    public void Forget()
    {
        foreach (ScriptedPartition events in Events)
        {
            events.Clear();
        }
    }

    /// <summary>True when the positions saved are the ends of all partitions.</summary>
    public bool AreSaved => Enumerable.Range(0, Partitions).All(p => Positions.Read("clicks", p)?.NextOffset == Events[p].Count);

    /// <summary>A node that has an applied version; it is not started.</summary>
    /// <param name="version">The version.</param>
    /// <param name="diesAt">The call of a port at which it dies; 0 for never.</param>
    /// <param name="isCallDone">True when that call still has its effect.</param>
    /// <param name="chunk">Events read at a time.</param>
    /// <param name="isShard">False to only read sources.</param>
    /// <param name="isNewLane">True when the source may have been made anew.</param>
    public Node NodeOf(long version, int diesAt = 0, bool isCallDone = false, int chunk = 7, bool isShard = true, bool isNewLane = false)
    {
        DefinitionsSnapshot snapshot = At(version);
        DefinitionsPlan plan = PlanCompiler.Compile(Bind(snapshot.Text), snapshot);
        var ports = new NodePorts
        {
            Checkpoints = Checkpoints,
            Log = Log,
            Sink = Sink,
            Positions = Positions,
            DeadLetters = new InMemoryDeadLetterStore(),
            Ownership = new StaticOwnership(),
            Sources = new Dictionary<string, IEventSource> { ["clicks"] = new ScriptedSource(Events, chunk) },
            OlderPlans = (source, older, _) => Lost.Contains(older)
                ? throw new OlderDefinitionsException(source, older, "its plug-in is gone")
                : new ValueTask<IngestPlan>(PlanCompiler.CompileOlder(Bind(At(older).Text), older, snapshot, source)!),
        };
        return new Node(ports, plan, diesAt, isCallDone, isShard, isNewLane);
    }

    private DefinitionsSnapshot At(long version) => _snapshots.Single(s => s.Version == version);

    private static DefinitionsModel Bind(string text) =>
        DefinitionsBinder.Bind(HoconParser.ParseText(text, "d.conf"), new FeatureTypeRegistry(BuiltInFeatureTypes.All));

    /// <summary>One life of a node, on a clock that makes a second short.</summary>
    internal sealed class Node
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

        private readonly NodeRuntime _runtime;
        private readonly CancellationTokenSource _stop = new();
        private readonly int _diesAt;
        private readonly bool _isCallDone;
        private Task _running = Task.CompletedTask;
        private int _calls;

        public Node(NodePorts ports, DefinitionsPlan plan, int diesAt, bool isCallDone, bool isShard, bool isNewLane)
        {
            (_diesAt, _isCallDone) = (diesAt, isCallDone);
            var options = new NodeRuntimeOptions
            {
                NodeName = "n",
                IsShard = isShard,
                NewLanes = isNewLane ? new HashSet<string> { "clicks" } : new HashSet<string>(),
                Linger = TimeSpan.FromMilliseconds(20),
                StopBudget = TimeSpan.FromSeconds(2),
                Shard = new ShardOptions { CheckpointInterval = TimeSpan.FromMilliseconds(200) },
            };
            _runtime = new NodeRuntime(ports, options, plan.Entities, plan.Sources, new FastTime(), NullLoggerFactory.Instance);
        }

        public NodeStatus Status => _runtime.Status;

        public bool IsDead => _diesAt > 0 && Volatile.Read(ref _calls) >= _diesAt;

        public void Start()
        {
            Caller.Value = this;
            _running = Task.Run(() => _runtime.RunAsync(_stop.Token));
            Caller.Value = null;
        }

        /// <summary>Counts a call of a port; from the last one on none has an effect.</summary>
        public PortFault Call()
        {
            int call = Interlocked.Increment(ref _calls);
            return _diesAt == 0 || call < _diesAt ? PortFault.None
                : call == _diesAt && _isCallDone ? PortFault.FailAfter
                : PortFault.FailBefore;
        }

        /// <summary>Lets it die in the middle of what it does, at the latest when it was told to.</summary>
        public async Task KillAsync()
        {
            await IsWithinAsync(() => IsDead, TimeSpan.FromMilliseconds(150));
            Interlocked.Add(ref _calls, _diesAt);
            await _stop.CancelAsync();
        }

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _runtime.DisposeAsync();
        }

        public async Task UntilAsync(string what, Func<bool> condition) => Assert.True(
            await IsWithinAsync(condition),
            $"{what}: not within {Patience.TotalSeconds} s; halts: {string.Join("; ", Status.Halts)}; sources: {string.Join(' ', Status.Sources.Select(static s => $"{s.Partition}={s.State}@{s.Counters.NextOffset}"))}; shards: {string.Join(' ', Status.Shards.Select(static s => $"{s.Shard}={s.State}@{s.NextOffset}"))}");

        /// <summary>Waits for something; false when it does not come.</summary>
        public async Task<bool> IsWithinAsync(Func<bool> condition, TimeSpan? within = null)
        {
            TimeSpan patience = within ?? Patience;
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1), TimeProvider.System);
            long start = TimeProvider.System.GetTimestamp();
            while (!condition())
            {
                if (TimeProvider.System.GetElapsedTime(start) > patience)
                {
                    return false;
                }

                if (_running.IsFaulted)
                {
                    await _running;
                }

                await timer.WaitForNextTickAsync();
            }

            return true;
        }
    }

    /// <summary>Intervals pass faster, so that positions are saved and things are tried again while a test waits.</summary>
    private sealed class FastTime : TimeProvider
    {
        private const int Times = 20;

        public override long GetTimestamp() => System.GetTimestamp() * Times;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(callback, state, Faster(dueTime), Faster(period));

        private static TimeSpan Faster(TimeSpan time) =>
            time <= TimeSpan.Zero ? time : TimeSpan.FromMilliseconds(Math.Max(1, time.TotalMilliseconds / Times));
    }
}
