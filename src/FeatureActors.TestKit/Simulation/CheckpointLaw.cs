using System.Text;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Slots;

namespace FeatureActors.TestKit.Simulation;

/// <summary>What must stand in a checkpoint.</summary>
internal sealed class CheckpointLaw(SimulatedWorld world, SimulatedShard shard)
{
    /// <summary>A committed checkpoint must equal the fold of the log below its next offset.</summary>
    public void Check(CheckpointWrite write)
    {
        ShardHeader header = write.Header;
        if (!world.Definitions.IsWall && header.ClockMs != shard.Naive.EventClock(header.NextOffset))
        {
            SimulatedCourse.Violate(SimulatedLaw.Checkpoint, $"shard {shard}: checkpoint {header.CheckpointId}: T {header.ClockMs}, the log says {shard.Naive.EventClock(header.NextOffset)}");
        }

        if (header.ClockMs == long.MinValue)
        {
            return;
        }

        Dictionary<string, Dictionary<string, string>?> expected = shard.Naive.Evaluate(header.NextOffset, header.ClockMs);
        var layout = new EntityLayout(shard.Plan);
        var block = new EntityBlock(layout, new ArrayBlockMemory());
        var evaluator = new GroupEvaluator(layout, block);
        var values = new GroupValues();
        foreach (StoredEntity entity in world.Ports.Store.ListEntities(shard.Id))
        {
            block.Load(entity.State.Span);
            for (int g = 0; g < shard.Plan.Groups.Count; g++)
            {
                evaluator.Evaluate(g, header.ClockMs, values);
                string key = SimulatedShard.FullKey(shard.Plan.Groups[g].Name, Encoding.UTF8.GetString(entity.Key.Span));
                CompareStored(header, key, expected, values, g);
                expected.Remove(key);
            }
        }

        if (expected.FirstOrDefault(static e => e.Value is not null).Key is { } missing)
        {
            SimulatedCourse.Violate(SimulatedLaw.Checkpoint, $"shard {shard}: checkpoint {header.CheckpointId} at {header.NextOffset}, T {header.ClockMs}: {missing} is missing, expected {NaiveModel.Show(expected[missing])}");
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

        world.Course.Comparisons++;
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int f = 0; f < values.Count; f++)
        {
            if (values.Fields[f].Kind != FeatureValueKind.Absent)
            {
                found.Add(shard.Plan.Groups[group].Fields[f].Name, Encoding.UTF8.GetString(values.Text(f)));
            }
        }

        if (isExpected != values.IsAlive || (isExpected && !shard.Naive.Groups[group].AreSame(fields!, found)))
        {
            SimulatedCourse.Violate(SimulatedLaw.Checkpoint, $"shard {shard}: checkpoint {header.CheckpointId} at {header.NextOffset}, T {header.ClockMs}: {key}\n  expected {NaiveModel.Show(isExpected ? fields : null)}\n  stored   {(values.IsAlive ? NaiveModel.Show(found) : "nothing")}");
        }
    }
}
