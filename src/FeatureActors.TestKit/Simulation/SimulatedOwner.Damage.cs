using FeatureActors.Abstractions.Ports;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.TestKit.Simulation;

/// <content>
/// What this instance is given although it is not what stands in the stores: bytes damaged on their way, a log that another broker has not
/// caught up with, a checkpoint as a newer release would write it. The shard must stand still and change nothing; an operator, or the next
/// owner, starts it again.
/// </content>
internal sealed partial class SimulatedOwner
{
    private (ShardCheckpoint Checkpoint, LogRange Log) Damage(ShardCheckpoint checkpoint, LogRange log)
    {
        if (checkpoint.Header.NextOffset > 0 && Course.Strikes(0.01))
        {
            Course.Fault("log-ends-below-checkpoint", Name);
            return (checkpoint, log with { End = checkpoint.Header.NextOffset - 1, Begin = Math.Min(log.Begin, checkpoint.Header.NextOffset - 1) });
        }

        if (!checkpoint.Header.Marks.IsEmpty && Course.Strikes(0.01))
        {
            Course.Fault("checkpoint-of-newer-release", Name);
            byte[] marks = checkpoint.Header.Marks.ToArray();
            marks[0] = 99;
            return (checkpoint with { Header = checkpoint.Header with { Marks = marks } }, log);
        }

        return (checkpoint, log);
    }

    private List<LogEntry> Damage(List<LogEntry> entries)
    {
        if (entries.Count > 0 && Course.Strikes(0.002))
        {
            Course.Fault("batch-damaged", Name);
            entries[^1] = new LogEntry(entries[^1].Offset, Flip(entries[^1].Batch));
        }

        return entries;
    }

    private List<StoredEntity> Damage(List<StoredEntity> entities)
    {
        if (entities.Count > 0 && Course.Strikes(0.003))
        {
            Course.Fault("row-damaged", Name);
            entities[0] = entities[0] with { State = Flip(entities[0].State) };
        }

        return entities;
    }

    private byte[] Flip(ReadOnlyMemory<byte> bytes)
    {
        byte[] copy = bytes.ToArray();
        copy[Course.Random.Next(copy.Length)] ^= (byte)(1 << Course.Random.Next(8));
        return copy;
    }

    /// <summary>Somebody looks at a shard that stands still, and starts it again.</summary>
    private void CallOperator(ShardState state)
    {
        if (state is ShardState.Faulted or ShardState.LogLostTail)
        {
            Course.After(Course.Random.Next(1_000, 8_000), () => _node.Run(() => _node.StartAgain(this)));
        }
    }
}
