using FeatureActors.Abstractions.Identity;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.TestKit.Simulation;

/// <summary>
/// A process: clocks of its own, a network that can be cut, the shards and source partitions that it was given. It does what the product's
/// node does with them: one change of ownership at a time, a budget for a revoked shard, a new attempt some seconds after a fence.
/// A frozen one does nothing; what reaches it meanwhile it finds when it goes on.
/// </summary>
internal sealed class SimulatedNode
{
    /// <summary>How far a clock may be off for good.</summary>
    public const int SkewMsMax = 400;

    private const long RevokeBudgetMs = 500;
    private const long StealDelayMinMs = 2_000;
    private const double StealDelaySpreadMs = 3_000;
    private const long StealsApartMs = 60_000;

    private readonly SimulatedWorld _world;
    private readonly long _monotonicStartMs;
    private readonly int _delayMaxMs;
    private readonly Dictionary<ShardId, SimulatedOwner> _owners = [];
    private readonly Dictionary<ShardId, long> _stolenAtMs = [];
    private readonly Dictionary<int, SimulatedIngest> _ingests = [];
    private readonly Queue<(ShardId Shard, bool IsAssigned, Action? Done)> _changes = new();
    private readonly List<Action> _held = [];
    private bool _isChanging;

    public SimulatedNode(SimulatedWorld world, int number)
    {
        Random random = world.Course.Random;
        (_world, Number) = (world, number);
        Name = $"node {number}";
        _delayMaxMs = random.Next(4) == 0 ? world.DelayMaxMs : Math.Max(3, world.DelayMaxMs / random.Next(1, 5));
        _monotonicStartMs = world.Course.NowMs - random.Next(0, 100_000);
        SkewMs = random.Next(3) == 0 ? random.Next(-SkewMsMax, SkewMsMax) : 0;
    }

    public int Number { get; }

    public string Name { get; }

    public bool IsDead { get; private set; }

    public bool IsFrozen { get; private set; }

    /// <summary>True once it hands everything back to leave.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>What its network does not reach.</summary>
    public SimulatedService Cut { get; set; }

    /// <summary>How far its wall clock is off for good.</summary>
    public long SkewMs { get; set; }

    /// <summary>How far its wall clock leapt, as its shards see it.</summary>
    public long LeapMs { get; set; }

    /// <summary>Its wall clock.</summary>
    public long NowMs => IngestNowMs + LeapMs;

    /// <summary>Its wall clock as its readers of sources see it: what they stamp on rows nothing protects from a leap, so there is none.</summary>
    public long IngestNowMs => _world.Course.NowMs + SkewMs;

    public long MonotonicMs => _world.Course.NowMs - _monotonicStartMs;

    /// <summary>How long something takes on the network, in one direction.</summary>
    public int Delay => _world.Course.Random.Next(1, _delayMaxMs);

    public SimulatedPatch Patch => _world.Patch;

    public IReadOnlyCollection<SimulatedOwner> Owners => _owners.Values;

    public IEnumerable<SimulatedIngest> Ingests => _ingests.Values;

    /// <summary>True when it has neither changes of ownership to make nor instances that lost their shard.</summary>
    public bool IsSettled => !_isChanging && _changes.Count == 0 && _owners.Values.All(static o => !o.IsOver);

    public bool IsCutFrom(SimulatedService service) => ((Cut | _world.Ports.Away) & service) != 0;

    /// <summary>For a message.</summary>
    public string Describe() => $"{Name}{(_isChanging ? " changing" : "")}{(IsFrozen ? " frozen" : "")} {_changes.Count} changes {string.Join(' ', _owners.Values.Where(static o => o.IsOver).Select(static o => $"{o.Shard} is {o.Machine.State}, ended {o.IsEnded}"))};";

    /// <summary>Runs something on the node: now, when it goes on, or never.</summary>
    public void Run(Action action)
    {
        if (IsDead)
        {
            return;
        }

        if (IsFrozen)
        {
            _held.Add(action);
            return;
        }

        action();
    }

    public void Tick()
    {
        if (IsDead || IsFrozen)
        {
            return;
        }

        foreach (SimulatedOwner owner in _owners.Values.ToArray())
        {
            owner.Tick();
            if (owner.Machine.State == ShardState.Fenced && owner.RestartsAtMs is null)
            {
                owner.RestartsAtMs = IsTakenForGood(owner)
                    ? long.MaxValue
                    : MonotonicMs + StealDelayMinMs + (long)(StealDelaySpreadMs * (owner.Machine.Epoch.Value * 0.618033988749895 % 1.0));
            }

            if (MonotonicMs >= owner.RestartsAtMs)
            {
                _world.Course.Meet("steal");
                Start(owner.Shard);
            }
        }

        foreach (SimulatedIngest ingest in _ingests.Values)
        {
            ingest.Step();
        }
    }

    /// <summary>Stops everything on it; what reaches it waits.</summary>
    public void Freeze() => IsFrozen = true;

    /// <summary>Goes on, with everything that came meanwhile in any order.</summary>
    public void Thaw()
    {
        if (!IsFrozen || IsDead)
        {
            return;
        }

        IsFrozen = false;
        _world.Course.Tell($"{Name} goes on");
        Action[] held = [.. _held];
        _held.Clear();
        foreach (Action action in held)
        {
            Run(action);
        }
    }

    /// <summary>The process ends at once.</summary>
    public void Kill(string why)
    {
        if (IsDead)
        {
            return;
        }

        _world.Course.Tell($"{Name} dies: {why}");
        IsDead = true;
        IsFrozen = false;
        foreach (SimulatedOwner owner in _world.Owners.Where(o => o.Node == this))
        {
            owner.Dispose();
        }

        foreach (SimulatedIngest ingest in _ingests.Values)
        {
            ingest.IsStopped = true;
        }

        _owners.Clear();
        _ingests.Clear();
    }

    /// <summary>A shard was assigned or taken away; <paramref name="done"/> when the node is done with it.</summary>
    public void Change(ShardId shard, bool isAssigned, Action? done) => Run(() =>
    {
        _world.Course.Tell($"{Name}: {shard} {(isAssigned ? "assigned" : "taken away")}");
        _changes.Enqueue((shard, isAssigned, done));
        MakeChanges();
    });

    /// <summary>A source partition was assigned or taken away.</summary>
    public void ChangeSource(int partition, bool isAssigned, Action? done) => Run(() =>
    {
        if (_ingests.Remove(partition, out SimulatedIngest? old))
        {
            old.IsStopped = true;
        }

        if (isAssigned)
        {
            _ingests.Add(partition, new SimulatedIngest(_world, this, partition));
        }

        done?.Invoke();
    });

    /// <summary>An operator starts a partition again that stands still.</summary>
    public void ReadAgain(int partition, SimulatedIngest halted)
    {
        if (_ingests.GetValueOrDefault(partition) == halted)
        {
            halted.IsStopped = true;
            _ingests[partition] = new SimulatedIngest(_world, this, partition);
        }
    }

    /// <summary>An operator starts a shard again that stands still.</summary>
    public void StartAgain(SimulatedOwner halted)
    {
        if (_owners.GetValueOrDefault(halted.Shard.Id) == halted)
        {
            halted.Revoke();
            halted.Dispose();
            Start(halted.Shard);
        }
    }

    /// <summary>Who is stolen a shard twice under the same assignment leaves it alone until it is given to him anew.</summary>
    private bool IsTakenForGood(SimulatedOwner owner)
    {
        bool isAgain = _stolenAtMs.TryGetValue(owner.Shard.Id, out long before) && MonotonicMs - before < StealsApartMs;
        _stolenAtMs[owner.Shard.Id] = MonotonicMs;
        if (!isAgain || !_world.Doubt(this))
        {
            return false;
        }

        _world.Course.Meet("doubt");
        _world.Course.Tell($"{Name} doubts that {owner.Shard} is its own");
        return true;
    }

    private void MakeChanges()
    {
        if (_isChanging || !_changes.TryDequeue(out (ShardId Shard, bool IsAssigned, Action? Done) change))
        {
            return;
        }

        _isChanging = true;
        _stolenAtMs.Remove(change.Shard);
        if (_owners.Remove(change.Shard, out SimulatedOwner? running))
        {
            running.Revoke();
            AwaitEnd(running, MonotonicMs + RevokeBudgetMs, change);
            return;
        }

        EndChange(change);
    }

    private void AwaitEnd(SimulatedOwner running, long untilMs, (ShardId Shard, bool IsAssigned, Action? Done) change)
    {
        if (!running.IsOver && MonotonicMs < untilMs)
        {
            _world.Course.After(50, () => Run(() => AwaitEnd(running, untilMs, change)));
            return;
        }

        if (!running.IsOver)
        {
            _world.Course.Meet("revoke-past-budget");
            running.Dispose();
        }

        EndChange(change);
    }

    private void EndChange((ShardId Shard, bool IsAssigned, Action? Done) change)
    {
        _isChanging = false;
        if (change.IsAssigned)
        {
            Start(_world.Shards[change.Shard]);
        }

        change.Done?.Invoke();
        MakeChanges();
    }

    private void Start(SimulatedShard shard)
    {
        var owner = new SimulatedOwner(_world, this, shard);
        _owners[shard.Id] = owner;
        owner.Acquire();
    }
}
