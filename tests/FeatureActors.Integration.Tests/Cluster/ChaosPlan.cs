using FeatureActors.Integration.Tests.Live;

namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>What is done to the cluster.</summary>
internal enum Fault
{
    /// <summary>kill −9 of a node, which is started again.</summary>
    Kill,

    /// <summary>SIGSTOP of a node until others own its shards, then SIGCONT.</summary>
    Zombie,

    /// <summary>The same, while a checkpoint is being copied to the server.</summary>
    ZombieInCopy,

    /// <summary>The same, while a checkpoint's transaction holds the shard's row.</summary>
    ZombieInTransaction,

    /// <summary>The same, while the server commits a checkpoint: the node does not know that it is there.</summary>
    ZombieInCommit,

    /// <summary>kill −9 of the broker, which is started again.</summary>
    BrokerKill,

    /// <summary>Restart of the broker in order.</summary>
    BrokerRestart,

    /// <summary>kill −9 of the database, which is started again.</summary>
    DatabaseKill,

    /// <summary>Restart of the database in order.</summary>
    DatabaseRestart,

    /// <summary>kill −9 of a Redis that keeps every write, which is started again.</summary>
    RedisKill,

    /// <summary>Redis loses everything.</summary>
    RedisEmptied,

    /// <summary>All nodes are stopped in order and started again, one after the other.</summary>
    RollingRestart,

    /// <summary>One node, then one more than before, then two, then as before.</summary>
    Scale,
}

/// <summary>The faults of a run, from one seed: in each round every kind, in another order; those that take longest in every third one.</summary>
internal sealed class ChaosPlan
{
    // The share of ./fa test is the same each time; ./fa chaos takes another seed unless one is stated.
    private const int ShareSeed = 14_965_160;

    private static readonly Fault[] Slow = [Fault.RollingRestart, Fault.Scale];

    private readonly Random _random;
    private readonly Queue<Fault> _round = new();
    private int _rounds;

    public ChaosPlan(int seed)
    {
        Seed = seed;
        _random = new Random(seed);
    }

    public int Seed { get; }

    /// <summary>Nodes of a run.</summary>
    public static int Nodes { get; } = KillPlan.NumberOf("FA_CHAOS_NODES", 3);

    /// <summary>Length of the faults; the audit comes behind.</summary>
    public static TimeSpan Duration { get; } = TimeSpan.FromSeconds(KillPlan.NumberOf("FA_CHAOS_SECONDS", 90));

    /// <summary>Events a second.</summary>
    public static int Rate { get; } = KillPlan.NumberOf("FA_CHAOS_RATE", 2_000);

    /// <summary>Only these kinds, to look at something closely: names joined by commas in <c>FA_CHAOS_ONLY</c>.</summary>
    private static Fault[] Only { get; } =
        [.. (Environment.GetEnvironmentVariable("FA_CHAOS_ONLY") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Enum.Parse<Fault>)];

    public static ChaosPlan Create() => new(KillPlan.NumberOf("FA_SEED", ShareSeed));

    public Fault Next()
    {
        if (_round.Count == 0)
        {
            Fault[] all = Only.Length > 0 ? Only : [.. Enum.GetValues<Fault>().Where(f => _rounds % 3 == 0 || !Slow.Contains(f)), Fault.Kill, Fault.Zombie];
            _rounds++;
            _random.Shuffle(all);
            Array.ForEach(all, _round.Enqueue);
        }

        return _round.Dequeue();
    }

    public T Pick<T>(IReadOnlyList<T> of) => of[_random.Next(of.Count)];

    public TimeSpan Pause(int fromMs, int toMs) => TimeSpan.FromMilliseconds(_random.Next(fromMs, toMs));
}
