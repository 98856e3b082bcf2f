using System.Text;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Slots;

namespace FeatureActors.TestKit.Simulation;

/// <summary>What must stand in a checkpoint.</summary>
internal sealed class CheckpointLaw
{
    private readonly SimulatedWorld _world;
    private readonly SimulatedShard _shard;
    private readonly EntityBlock _block;
    private readonly GroupEvaluator _evaluator;
    private readonly GroupValues _values = new();

    public CheckpointLaw(SimulatedWorld world, SimulatedShard shard)
    {
        (_world, _shard) = (world, shard);
        var layout = new EntityLayout(shard.Plan);
        _block = new EntityBlock(layout, new ArrayBlockMemory());
        _evaluator = new GroupEvaluator(layout, _block);
    }

    /// <summary>A committed checkpoint must equal the fold of the log below its next offset.</summary>
    public void Check(CheckpointWrite write)
    {
        ShardHeader header = write.Header;
        if (!_world.Definitions.IsWall && header.ClockMs != _shard.Naive.EventClock(header.NextOffset))
        {
            SimulatedCourse.Violate(SimulatedLaw.Checkpoint, $"shard {_shard}: checkpoint {header.CheckpointId}: T {header.ClockMs}, the log says {_shard.Naive.EventClock(header.NextOffset)}");
        }

        if (header.ClockMs == long.MinValue)
        {
            return;
        }

        Dictionary<string, Dictionary<string, string>?> expected = _shard.Naive.Evaluate(header.NextOffset, header.ClockMs);
        foreach (StoredEntity entity in _world.Ports.Store.ListEntities(_shard.Id))
        {
            _block.Load(entity.State.Span);
            for (int g = 0; g < _shard.Plan.Groups.Count; g++)
            {
                _evaluator.Evaluate(g, header.ClockMs, _values);
                string key = SimulatedShard.FullKey(_shard.Plan.Groups[g].Name, Encoding.UTF8.GetString(entity.Key.Span));
                CompareStored(header, key, expected, _values, g);
                expected.Remove(key);
            }
        }

        if (expected.FirstOrDefault(static e => e.Value is not null).Key is { } missing)
        {
            SimulatedCourse.Violate(SimulatedLaw.Checkpoint, $"shard {_shard}: checkpoint {header.CheckpointId} at {header.NextOffset}, T {header.ClockMs}: {missing} is missing, expected {NaiveModel.Show(expected[missing])}");
        }
    }

    private void CompareStored(
        ShardHeader header, string key, Dictionary<string, Dictionary<string, string>?> expected, GroupValues values, int group)
    {
        bool isExpected = expected.TryGetValue(key, out Dictionary<string, string>? fields);
        if (isExpected && fields is null)
        {
            return;
        }

        _world.Course.Comparisons++;
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int f = 0; f < values.Count; f++)
        {
            if (values.Fields[f].Kind != FeatureValueKind.Absent)
            {
                found.Add(_shard.Plan.Groups[group].Fields[f].Name, Encoding.UTF8.GetString(values.Text(f)));
            }
        }

        if (isExpected != values.IsAlive || (isExpected && !_shard.Naive.Groups[group].AreSame(fields!, found)))
        {
            SimulatedCourse.Violate(SimulatedLaw.Checkpoint, $"shard {_shard}: checkpoint {header.CheckpointId} at {header.NextOffset}, T {header.ClockMs}: {key}\n  expected {NaiveModel.Show(isExpected ? fields : null)}\n  stored   {(values.IsAlive ? NaiveModel.Show(found) : "nothing")}");
        }
    }
}
