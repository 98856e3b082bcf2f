using System.Text;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Sharding;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.TestKit.Simulation;

/// <summary>What there is of a shard apart from its owners: its log, what the naive model makes of it, its laws, and who owned it.</summary>
internal sealed class SimulatedShard
{
    private readonly SimulatedWorld _world;
    private readonly SortedList<long, SimulatedOwner> _granted = [];
    private readonly Dictionary<string, bool> _held = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NaiveGroup> _groups;
    private long _writtenEpoch;
    private SimulatedOwner? _last;

    public SimulatedShard(SimulatedWorld world, ShardId id, EntityPlan plan, NaiveModel naive)
    {
        (_world, Id, Plan, Naive) = (world, id, plan, naive);
        Log = new SimulatedLog(naive, isTrimmed: world.Course.Chance(0.5));
        Checkpoints = new CheckpointLaw(world, this);
        Sink = new SinkLaws(world, this);
        Logs = new LogLaw(world, this);
        _groups = naive.Groups.ToDictionary(static g => g.Name, StringComparer.Ordinal);
    }

    public ShardId Id { get; }

    public EntityPlan Plan { get; }

    public NaiveModel Naive { get; }

    public SimulatedLog Log { get; }

    public CheckpointLaw Checkpoints { get; }

    public SinkLaws Sink { get; }

    public LogLaw Logs { get; }

    /// <summary>
    /// The living instance with the newest epoch, else the last there was; null before the first. An epoch may go to an instance that is over
    /// by then: the one before goes on until its next checkpoint.
    /// </summary>
    public SimulatedOwner? Owner
    {
        get
        {
            for (int i = _granted.Count - 1; i >= 0; i--)
            {
                if (!_granted.Values[i].IsOver)
                {
                    return _granted.Values[i];
                }
            }

            return _last;
        }
    }

    /// <summary>How often it was acquired.</summary>
    public int Acquisitions => _granted.Count;

    /// <summary>The shard's T as its owner has it.</summary>
    public long ClockMs => Owner!.Machine.ClockMs;

    /// <summary>True when it is owned by a running machine that has applied the whole log.</summary>
    public bool IsAtRest => Owner is { IsOver: false, Machine: { State: ShardState.Running } machine } && machine.NextOffset == Log.End;

    /// <summary>True when its owner has nothing to do either.</summary>
    public bool IsQuiet => IsAtRest && Owner!.Machine.IsQuiet;

    /// <summary>The keys in the sink that are this shard's.</summary>
    public List<string> ListKeys() => [.. _world.Ports.Sink.ListKeys().Where(Holds)];

    public bool Holds(string fullKey)
    {
        if (!_held.TryGetValue(fullKey, out bool isHeld))
        {
            _held.Add(fullKey, isHeld = GroupOf(fullKey) is not null && HasKey(KeyOf(fullKey)));
        }

        return isHeld;
    }

    /// <summary>The group that a key in the sink is of; null for one of another entity.</summary>
    public NaiveGroup? GroupOf(string fullKey) => _groups.GetValueOrDefault(fullKey.Split(':')[2]);

    public static string KeyOf(string fullKey) => fullKey.Split(':')[3];

    /// <summary>The full key in the sink.</summary>
    public static string FullKey(string group, string key) => $"fa:sim:{group}:{key}";

    /// <summary>True when it is the shard of the key.</summary>
    public bool HasKey(string key) => StableHash.PartitionOf(StableHash.Of(Encoding.UTF8.GetBytes(key)), Plan.Shards) == Id.Partition;

    /// <summary>An epoch was granted.</summary>
    public void Grant(long epoch, SimulatedOwner owner)
    {
        if (!_granted.TryAdd(epoch, owner))
        {
            SimulatedCourse.Violate(SimulatedLaw.Ownership, $"shard {Id}: epoch {epoch} was granted twice");
        }

        _last = owner;
    }

    /// <summary>The sink or the checkpoint store took a write of this owner.</summary>
    public void Accept(string what, long epoch, SimulatedOwner owner)
    {
        if (_granted.GetValueOrDefault(epoch) != owner)
        {
            SimulatedCourse.Violate(SimulatedLaw.Ownership, $"shard {Id}: {what} of epoch {epoch} was taken from {owner.Name}, which does not own it");
        }
    }

    /// <summary>The sink took values of this owner: no older one may follow.</summary>
    public void AcceptValues(long epoch, SimulatedOwner owner)
    {
        Accept("a write", epoch, owner);
        if (epoch < _writtenEpoch)
        {
            SimulatedCourse.Violate(SimulatedLaw.Ownership, $"shard {Id}: values of epoch {epoch} were written over those of epoch {_writtenEpoch}");
        }

        _writtenEpoch = epoch;
    }

    /// <summary>The sink lost data, and with it what it knew about epochs.</summary>
    public void ForgetWrites() => _writtenEpoch = 0;

    /// <inheritdoc/>
    public override string ToString() => Id.ToString();
}
