using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Sharding;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.TestKit.Simulation;

/// <summary>
/// One instance of a shard on a node, from acquire to its end, as the product's shard actor is one: drives the product's
/// <see cref="ShardMachine"/> with ticks, log entries and the answers of ports, each with its own delay, so that answers of different ports
/// overtake each other.
/// </summary>
internal sealed partial class SimulatedOwner : IDisposable
{
    private const long RetryMs = 500;

    private readonly SimulatedWorld _world;
    private readonly SimulatedNode _node;
    private readonly ShardMachine _machine;
    private readonly List<ShardOutput> _outputs = [];
    private bool _isReading;
    private bool _isFree;

    public SimulatedOwner(SimulatedWorld world, SimulatedNode node, SimulatedShard shard)
    {
        (_world, _node, Shard) = (world, node, shard);
        _machine = new ShardMachine(shard.Id, shard.Plan, world.Options, SimulatedWorld.Chunks);
        world.Owners.Add(this);
    }

    public SimulatedShard Shard { get; }

    public SimulatedNode Node => _node;

    public string Name => $"{_node.Name} {Shard.Id}";

    public ShardMachine Machine => _machine;

    /// <summary>True when it was given up, or its process ended: nothing reaches its machine any more.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>True when it will not do anything any more.</summary>
    public bool IsOver => IsEnded || _machine.State is ShardState.Released or ShardState.Fenced;

    /// <summary>Monotonic time at which its node tries anew after a fence; null before one.</summary>
    public long? RestartsAtMs { get; set; }

    private SimulatedCourse Course => _world.Course;

    private int Delay => _node.Delay;

    /// <summary>Nothing reaches the machine any more; what is on its way may still take effect.</summary>
    public void Dispose()
    {
        IsEnded = true;
        Free();
    }

    /// <summary>Gives its memory away; only of one that is over, or whose world is.</summary>
    public void Free()
    {
        if (!_isFree)
        {
            _isFree = true;
            _machine.Dispose();
        }
    }

    public void Acquire() => Course.After(Delay, () =>
    {
        if (IsEnded)
        {
            return;
        }

        if (IsAway(SimulatedService.Sql) || IsAway(SimulatedService.Log) || Course.Strikes(0.01))
        {
            Course.Fault("acquire-failed", Name);
            Course.After(RetryMs, () => _node.Run(Acquire));
            return;
        }

        ShardCheckpoint checkpoint = _world.Ports.Store.Acquire(
            Shard.Id, new ShardIdentity(Shard.Plan.Shards, StableHash.Id, "l"), new ShardOwner(_node.Name, ""));
        Shard.Grant(checkpoint.Epoch.Value, this);
        if (Course.Strikes(0.03))
        {
            // The next attempt gets a higher epoch; this one's is nobody's.
            Course.Fault("acquire-unanswered", Name);
            Course.After(RetryMs, () => _node.Run(Acquire));
            return;
        }

        // The log is asked after the store: an earlier owner may go on meanwhile.
        Course.After(Delay, () =>
        {
            var log = new LogRange(Shard.Log.Begin, Shard.Log.End);
            Course.Tell($"{Name} acquires epoch {checkpoint.Epoch}: next offset {checkpoint.Header.NextOffset} T {checkpoint.Header.ClockMs} batch {checkpoint.Header.PublishedBatch} rows {checkpoint.EntityCount} unpublished {checkpoint.HasUnpublished}; log {log.Begin}..{log.End}");
            (ShardCheckpoint seen, LogRange range) = Damage(checkpoint, log);
            Answer(new ShardInput.Acquired(seen, range));
        });
    });

    public void Tick()
    {
        // A freshly made machine waits for its acquire: the product's actor posts the first tick in front of it.
        Step(new ShardInput.Tick(_node.NowMs, _node.MonotonicMs));
    }

    public void Revoke()
    {
        Course.Meet("revoke");
        Step(new ShardInput.Revoked());
        if (Course.Strikes(0.1))
        {
            Course.Fault("revoke-twice", Name);
            Step(new ShardInput.Revoked());
        }
    }

    private bool IsAway(SimulatedService service) => _node.IsCutFrom(service);

    /// <summary>What was asked for arrives on the node.</summary>
    private void Answer(ShardInput input, bool mayRepeat = false)
    {
        Course.After(Delay, () => _node.Run(() => Step(input)));
        if (mayRepeat && Course.Strikes(0.01))
        {
            Course.Fault("answer-twice", input.GetType().Name);
            Course.After(Delay * 3, () => _node.Run(() => Step(input)));
        }
    }

    private void Step(ShardInput input) => _world.Patch.Input(this, input, StepMachine);

    /// <summary>Hands something to the machine, as if it had been meant for it.</summary>
    public void StepMachine(ShardInput input)
    {
        if (IsOver)
        {
            return;
        }

        if (Course.IsToldTo && input is not ShardInput.Tick)
        {
            Course.Tell($"{Name} <- {ShardTexts.Describe(input)}");
        }

        long before = _machine.NextOffset;
        _outputs.Clear();
        _machine.Step(input, _outputs);
        for (long offset = before; offset < _machine.NextOffset && offset >= 0 && offset < Shard.Log.End; offset++)
        {
            Shard.Naive.NoteApplied(offset, _machine.ClockMs);
        }

        if (_world.Definitions.IsWall && _machine.ClockMs > Course.NowMs + SimulatedNode.SkewMsMax)
        {
            SimulatedCourse.Violate(SimulatedLaw.Clock, $"{Name}: T is {_machine.ClockMs - Course.NowMs} ms ahead of the time");
        }

        foreach (ShardOutput output in _outputs.ToArray())
        {
            if (Course.IsToldTo)
            {
                Course.Tell($"{Name} -> {ShardTexts.Describe(output)}");
            }

            _world.Patch.Output(this, output, Take);
        }

        ReadLog();
    }

    private void ReadLog()
    {
        if (_isReading || IsOver || !_machine.WantsLog || _machine.ReadOffset >= Shard.Log.End)
        {
            return;
        }

        _isReading = true;
        Course.After(Delay, () =>
        {
            if (IsAway(SimulatedService.Log))
            {
                Course.After(RetryMs, () => _node.Run(ReadAgain));
                return;
            }

            long from = _machine.ReadOffset;
            if (from > 0 && Course.Strikes(0.03))
            {
                from -= Math.Min(from, Course.Random.Next(1, 4));
                Course.Fault("log-read-twice", $"{Name} from {from}");
            }

            long stall = 0;
            if (Course.Strikes(0.005))
            {
                stall = Course.Random.Next(1_000, 12_000);
                Course.Fault("log-read-stalled", Name);
            }

            List<LogEntry> entries = Damage(Shard.Log.Read(from, Course.Random.Next(1, 12)));
            Course.After(Delay + stall, () => _node.Run(() =>
            {
                _isReading = false;
                Step(new ShardInput.LogRead(entries));
            }));
        });

        void ReadAgain()
        {
            _isReading = false;
            ReadLog();
        }
    }
}
