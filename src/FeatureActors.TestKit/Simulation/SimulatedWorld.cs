using FeatureActors.Runtime.Shards;

namespace FeatureActors.TestKit.Simulation;

/// <summary>
/// What nodes live in: sources with the ingest that reads them, the shard log, the checkpoint store, the feature store, time, and how long a
/// call takes. It holds any number of nodes; <see cref="Node"/> is the one that owns the shard as far as the group of nodes knows.
/// </summary>
internal sealed class SimulatedWorld
{
    private readonly List<SimulatedIngest> _deposedIngests = [];
    private long _restartAtMs = long.MaxValue;

    public SimulatedWorld(SimulatedCourse course)
    {
        Course = course;
        Random random = course.Random;
        int partitions = random.Next(1, 4);
        Definitions = SimulatedDefinitions.Random(random, partitions);
        Source = new SimulatedSource(partitions);
        Ports = new SimulatedPorts(course, Definitions) { Committed = new CheckpointLaw(this).Check };
        Ingests = [.. Enumerable.Range(0, partitions).Select(p => NewIngest(p, 0))];
        Keys = [.. Enumerable.Range(0, random.Next(1, 9)).Select(static k => $"k{k}")];
        Options = RandomOptions(random);
        DelayMaxMs = random.Next(3) switch { 0 => 3, 1 => 60, _ => 1_500 };
        TickMs = random.Next(3) switch { 0 => 50, 1 => 200, _ => 700 };
        Node = NewNode();
    }

    public SimulatedCourse Course { get; }

    public SimulatedDefinitions Definitions { get; }

    public SimulatedSource Source { get; }

    public SimulatedPorts Ports { get; }

    public IReadOnlyList<string> Keys { get; }

    public ShardOptions Options { get; }

    /// <summary>Longest time from a call to its answer.</summary>
    public int DelayMaxMs { get; }

    /// <summary>Time between the ticks of a node.</summary>
    public int TickMs { get; }

    /// <summary>The present reader of each source partition.</summary>
    public SimulatedIngest[] Ingests { get; }

    /// <summary>The node that owns the shard, or owned it last.</summary>
    public SimulatedNode Node { get; private set; }

    /// <summary>Nodes that were deposed and do not know it.</summary>
    public List<SimulatedNode> Zombies { get; } = [];

    /// <summary>Nodes that there were.</summary>
    public int NodeCount { get; private set; }

    /// <summary>Keys that an older state of the sink brought back.</summary>
    public HashSet<string> Restored { get; } = new(StringComparer.Ordinal);

    /// <summary>Longest time from an exit to its write: ticks, a look a second for cold entities that are due, and answers to read, publish and acknowledge.</summary>
    public long BoundMs => 2_000 + Definitions.JitterMaxMs + (3L * TickMs) + (12L * DelayMaxMs) + ColdPassMs;

    /// <summary>With reads of one entity a tick, the pass under way and the one behind it.</summary>
    public long ColdPassMs => Keys.Count * ((2L * DelayMaxMs) + (3L * Math.Max(TickMs, 400)));

    /// <summary>True when nobody has anything to do.</summary>
    public bool IsQuiet => IsAtRest && Node.Machine.IsQuiet;

    /// <summary>True when nothing is on its way to the shard; what ages still keeps it busy now and then.</summary>
    public bool IsAtRest => Zombies.Count == 0 && AreIngestsIdle
        && Node.Machine.State == ShardState.Running && Node.Machine.NextOffset == Ports.Log.End;

    /// <summary>True when some value changes with T alone.</summary>
    public bool HasAgeing => Definitions.Naive.Groups.Any(static g => g.HasAgeing);

    public bool AreIngestsIdle => Ingests.All(static i => i.IsIdle);

    /// <summary>Time goes on, with one tick of every node at its end; a shard without owner gets one after a while.</summary>
    public void Advance(long ms)
    {
        Course.RunTo(Course.NowMs + ms);
        foreach (SimulatedIngest ingest in Ingests.Concat(_deposedIngests))
        {
            ingest.Step();
        }

        if (Node.IsOver && _restartAtMs == long.MaxValue)
        {
            _restartAtMs = Course.NowMs + Course.Random.Next(10, Course.IsStormy && Course.Chance(0.2) ? 20_000 : 3_000);
        }

        if (Course.NowMs >= _restartAtMs)
        {
            _restartAtMs = long.MaxValue;
            Node = NewNode();
        }

        Node.Tick();
        foreach (SimulatedNode zombie in Zombies)
        {
            zombie.Tick();
        }

        Zombies.RemoveAll(static z => z.IsOver);
    }

    public void AdvanceIn(long ms, int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            Advance(Math.Max(1, ms / steps));
        }
    }

    /// <summary>Another node takes the shard, and the present owner does not hear of it.</summary>
    public void TakeOver()
    {
        Zombies.Add(Node);
        Node.IsZombie = true;
        Node = NewNode();
    }

    /// <summary>Another reader takes a source partition, from a position that was saved; the old one goes on for a while, or is dead at once.</summary>
    public void ReplaceIngest(int partition, long from, long oldLivesMs)
    {
        SimulatedIngest old = Ingests[partition];
        if (oldLivesMs > 0)
        {
            _deposedIngests.Add(old);
            Course.After(oldLivesMs, () => old.IsDead = true);
        }
        else
        {
            old.IsDead = true;
        }

        Ingests[partition] = NewIngest(partition, from);
    }

    /// <summary>Readers that were deposed end.</summary>
    public void EndDeposedIngests() => _deposedIngests.ForEach(static i => i.IsDead = true);

    private SimulatedNode NewNode()
    {
        var node = new SimulatedNode(this, ++NodeCount);
        node.Acquire();
        return node;
    }

    private SimulatedIngest NewIngest(int partition, long from) => new(Course, Definitions, Source, Ports.Log, partition, from);

    private static ShardOptions RandomOptions(Random random) => new()
    {
        CheckpointInterval = TimeSpan.FromMilliseconds(random.Next(500, 8_000)),
        CheckpointBytes = random.Next(3) == 0 ? random.Next(200, 3_000) : 1_000_000,
        MemoryBytes = random.Next(2) == 0 ? 1 : 1_000_000,
        PassivateAfter = TimeSpan.FromSeconds(random.Next(1, 60)),
        SweepInterval = TimeSpan.FromSeconds(random.Next(5, 30)),
        SweepKeysPerSecond = random.Next(2) == 0 ? 5 : 1_000,
        RewriteKeysPerSecond = random.Next(2) == 0 ? 5 : 1_000,
        RingBytes = random.Next(3) switch { 0 => 0, 1 => 60_000, _ => 1_000_000 },
        ReadLimit = random.Next(2) == 0 ? random.Next(1, 4) : 500,
        LoadLimit = random.Next(2) == 0 ? 1 : 2_000,
        PendingBytes = random.Next(2) == 0 ? 1 : 1_000_000,
    };
}
