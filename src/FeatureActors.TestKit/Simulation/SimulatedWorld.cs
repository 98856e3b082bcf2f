using FeatureActors.Abstractions.Identity;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.TestKit.Simulation;

/// <summary>
/// What there is: source partitions, shards with their logs, the stores, nodes, who shares what among them, time, and how long a call takes.
/// </summary>
internal sealed class SimulatedWorld
{
    [ThreadStatic]
    private static ChunkPool? ChunksOfThread;

    private readonly SimulatedGroup<ShardId> _shardGroup;
    private readonly SimulatedGroup<int> _sourceGroup;

    public SimulatedWorld(SimulatedCourse course, SimulatedPatch patch)
    {
        (Course, Patch) = (course, patch);
        Random random = course.Random;
        int partitions = random.Next(2, 4);
        Definitions = SimulatedDefinitions.Random(random, partitions);
        Source = new SimulatedSource(partitions);
        Ports = new SimulatedPorts(course);
        Shards = Definitions.Entities
            .SelectMany(e => Enumerable.Range(0, e.Shards).Select(p => new SimulatedShard(this, new ShardId(e.Entity, p), e, Definitions.NewNaive(e))))
            .ToDictionary(static s => s.Id);
        Keys = [.. Enumerable.Range(0, random.Next(3, 13)).Select(static k => $"k{k}")];
        Options = RandomOptions(random);
        DelayMaxMs = random.Next(3) switch { 0 => 4, 1 => 60, _ => 1_200 };
        TickMs = random.Next(3) switch { 0 => 50, 1 => 200, _ => 700 };
        IsLease = random.Next(2) == 0;
        _shardGroup = new SimulatedGroup<ShardId>(
            this, "shards", IsLease, mayBeDoubted: true, Shards.Keys, static (node, shard, isAssigned, done) => node.Change(shard, isAssigned, done));
        _sourceGroup = new SimulatedGroup<int>(
            this, "sources", isLease: false, mayBeDoubted: false, Enumerable.Range(0, partitions), static (node, partition, isAssigned, done) => node.ChangeSource(partition, isAssigned, done));
        for (int i = random.Next(2, 5); i > 0; i--)
        {
            StartNode();
        }
    }

    public SimulatedCourse Course { get; }

    /// <summary>The bug that is planted, if any.</summary>
    public SimulatedPatch Patch { get; }

    public SimulatedDefinitions Definitions { get; }

    public SimulatedSource Source { get; }

    public SimulatedPorts Ports { get; }

    public IReadOnlyDictionary<ShardId, SimulatedShard> Shards { get; }

    public IReadOnlyList<string> Keys { get; }

    public ShardOptions Options { get; }

    /// <summary>Longest time from a call to its effect, and from there to its answer.</summary>
    public int DelayMaxMs { get; }

    /// <summary>Time between the ticks of a node.</summary>
    public int TickMs { get; }

    /// <summary>True when shards are shared by leases in SQL, false when by a group of the log.</summary>
    public bool IsLease { get; }

    /// <summary>Memory of the shards' instances: what one leaves behind the next takes, in the next world of this thread too.</summary>
    public static ChunkPool Chunks => ChunksOfThread ??= new ChunkPool();

    /// <summary>Nodes that live, or are frozen.</summary>
    public List<SimulatedNode> Nodes { get; } = [];

    /// <summary>Every instance of a shard that is not over.</summary>
    public List<SimulatedOwner> Owners { get; } = [];

    /// <summary>Nodes that there were.</summary>
    public int NodeCount { get; private set; }

    /// <summary>Longest time from an exit to its write: ticks, a look a second for cold entities that are due, and answers to read, publish and acknowledge.</summary>
    public long BoundMs => 2_000 + Definitions.JitterMaxMs + (3L * TickMs) + (12L * DelayMaxMs) + ColdPassMs;

    /// <summary>With reads of one entity a tick, the pass under way and the one behind it.</summary>
    public long ColdPassMs => Keys.Count * ((2L * DelayMaxMs) + (3L * Math.Max(TickMs, 400)));

    /// <summary>True when nobody has anything to do.</summary>
    public bool IsQuiet => IsAtRest && Shards.Values.All(static s => s.IsQuiet);

    /// <summary>
    /// True when every shard has exactly one owner, nothing is on its way to any, and nobody is about to change that; what ages still keeps
    /// a shard busy now and then.
    /// </summary>
    public bool IsAtRest => AreIngestsIdle && Shards.Values.All(static s => s.IsAtRest) && Owners.All(static o => o.Shard.Owner == o)
        && Nodes.All(static n => n.IsSettled) && _shardGroup.IsSettled && _sourceGroup.IsSettled;

    public bool AreIngestsIdle => Nodes.SelectMany(static n => n.Ingests).Count() == Source.Partitions
        && Nodes.SelectMany(static n => n.Ingests).All(static i => i.IsIdle);

    /// <summary>True when every shard has applied what there is, wherever it is.</summary>
    public bool IsApplied => AreIngestsIdle && Shards.Values.All(static s => s.Owner!.Machine.NextOffset >= s.Log.End);

    /// <summary>True when some value changes with T alone.</summary>
    public bool HasAgeing => Definitions.AllGroups.Any(static g => g.HasAgeing);

    /// <summary>Time goes on, with one tick of every node at its end.</summary>
    public void Advance(long ms)
    {
        Course.RunTo(Course.NowMs + ms);
        _shardGroup.Step();
        _sourceGroup.Step();
        foreach (SimulatedNode node in Nodes.ToArray())
        {
            node.Tick();
        }

        Nodes.RemoveAll(static n => n.IsDead);
        foreach (SimulatedOwner owner in Owners.Where(static o => o.IsOver))
        {
            owner.Free();
        }

        Owners.RemoveAll(static o => o.IsOver);
        EndLeavers();
    }

    /// <summary>Gives the memory of its instances away: nothing goes on in it any more.</summary>
    public void Free() => Owners.ForEach(static o => o.Free());

    public void AdvanceIn(long ms, int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            Advance(Math.Max(1, ms / steps));
        }
    }

    /// <summary>A process starts, and joins.</summary>
    public SimulatedNode StartNode()
    {
        var node = new SimulatedNode(this, ++NodeCount);
        Course.Tell($"{node.Name} starts");
        Nodes.Add(node);
        return node;
    }

    /// <summary>Everything that the network and the stores kept back is over.</summary>
    public void Heal()
    {
        Ports.Away = SimulatedService.None;
        Ports.IsDiskFull = false;
        foreach (SimulatedNode node in Nodes.ToArray())
        {
            node.Cut = SimulatedService.None;
            node.LeapMs = 0;
            node.Thaw();
        }
    }

    /// <summary>Why there is no rest, for a message.</summary>
    public string Describe() => string.Join('\n', Shards.Values.Select(s =>
        $"  {s}: {s.Owner?.Name} is {s.Owner?.Machine.State} at {s.Owner?.Machine.NextOffset} of {s.Log.End}, over {s.Owner?.IsOver}, quiet {s.Owner?.Machine.IsQuiet}"))
        + $"\n  ingests idle {AreIngestsIdle}, other owners {string.Join(' ', Owners.Where(static o => o.Shard.Owner != o).Select(static o => o.Name))}, nodes settled {string.Join(' ', Nodes.Select(static n => n.Describe()))}, groups settled {_shardGroup.IsSettled} {_sourceGroup.IsSettled}";

    /// <summary>A node finds that shards it was given are another's.</summary>
    /// <returns>True when the shard is not the node's until it is told so again.</returns>
    public bool Doubt(SimulatedNode node) => _shardGroup.Doubt(node);

    private void EndLeavers()
    {
        foreach (SimulatedNode node in Nodes.Where(n => n.IsLeaving && _shardGroup.HasLeft(n) && _sourceGroup.HasLeft(n)).ToArray())
        {
            node.Kill("left");
        }
    }

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
