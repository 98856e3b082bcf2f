using FeatureActors.Abstractions.Ports;
using FeatureActors.Runtime.Shards;
using FeatureActors.TestKit.Ports;
using FeatureActors.TestKit.Simulation;

namespace FeatureActors.Simulation.Tests.Mutations;

/// <summary>Answers find their way by shard alone, not by instance.</summary>
internal sealed class StaleCallback : SimulatedPatch
{
    public override void Input(SimulatedOwner owner, ShardInput input, Action<ShardInput> pass)
    {
        SimulatedOwner? next = owner.Node.Owners.FirstOrDefault(o => o.Shard == owner.Shard && o != owner && !o.IsOver);
        if (owner.IsOver && next is not null && input is not (ShardInput.Tick or ShardInput.Revoked or ShardInput.LogRead))
        {
            next.StepMachine(input);
            return;
        }

        pass(input);
    }
}

/// <summary>Log entries find their way by shard alone.</summary>
internal sealed class RevokedRecords : SimulatedPatch
{
    public override void Input(SimulatedOwner owner, ShardInput input, Action<ShardInput> pass)
    {
        SimulatedOwner? next = owner.Node.Owners.FirstOrDefault(o => o.Shard == owner.Shard && o != owner && !o.IsOver);
        if (owner.IsOver && next is not null && input is ShardInput.LogRead)
        {
            next.StepMachine(input);
            return;
        }

        pass(input);
    }
}

/// <summary>Time-outs of commits are good news.</summary>
internal sealed class UnknownCommitIsDone : SimulatedPatch
{
    public override void Input(SimulatedOwner owner, ShardInput input, Action<ShardInput> pass) =>
        pass(input is ShardInput.CommitUnknown unknown ? new ShardInput.CommitEnded(unknown.CheckpointId, CommitOutcome.Committed) : input);
}

/// <summary>The offset in a checkpoint is taken for the last one applied.</summary>
internal sealed class OffsetOffByOne : SimulatedPatch
{
    public override void Input(SimulatedOwner owner, ShardInput input, Action<ShardInput> pass)
    {
        if (input is ShardInput.Acquired { Checkpoint.Header: { NextOffset: > 0 } header } acquired && header.NextOffset < acquired.Log.End)
        {
            input = acquired with { Checkpoint = acquired.Checkpoint with { Header = header with { NextOffset = header.NextOffset + 1 } } };
        }

        pass(input);
    }
}

/// <summary>Due entities are looked for in memory only.</summary>
internal sealed class ExitsLostOnLoad : SimulatedPatch
{
    public override void Input(SimulatedOwner owner, ShardInput input, Action<ShardInput> pass) =>
        pass(input is ShardInput.DueLoaded due ? due with { Entities = [] } : input);
}

/// <summary>The mark of an unpublished change is not stored.</summary>
internal sealed class CheckpointedNeverPublished : SimulatedPatch
{
    public override void Output(SimulatedOwner owner, ShardOutput output, Action<ShardOutput> pass) =>
        pass(output is ShardOutput.Commit commit
            ? commit with { Write = commit.Write with { Entities = [.. commit.Write.Entities.Select(static e => e with { IsUnpublished = false })] } }
            : output);
}

/// <summary>The largest event time seen is a lower bound of the time.</summary>
internal sealed class FutureMovesClock : SimulatedPatch
{
    private readonly Dictionary<SimulatedOwner, long> _seen = [];

    public override void Input(SimulatedOwner owner, ShardInput input, Action<ShardInput> pass)
    {
        if (input is ShardInput.LogRead log)
        {
            foreach (LogEntry entry in log.Entries)
            {
                foreach ((_, long time, _) in owner.Shard.Naive.Log[(int)entry.Offset].Rows)
                {
                    _seen[owner] = Math.Max(_seen.GetValueOrDefault(owner), time);
                }
            }
        }

        long seen = _seen.GetValueOrDefault(owner);
        pass(input switch
        {
            ShardInput.Tick tick => tick with { NowMs = Math.Max(tick.NowMs, seen) },
            ShardInput.StoreClockRead clock => new ShardInput.StoreClockRead(Math.Max(clock.NowMs, seen)),
            _ => input,
        });
    }
}

/// <summary>The source marks of a checkpoint are not read.</summary>
internal sealed class DuplicateIngest : SimulatedPatch
{
    public override void Input(SimulatedOwner owner, ShardInput input, Action<ShardInput> pass) =>
        pass(input is ShardInput.Acquired acquired
            ? acquired with { Checkpoint = acquired.Checkpoint with { Header = acquired.Checkpoint.Header with { Marks = default } } }
            : input);
}

/// <summary>A write of a deposed owner is done all the same.</summary>
internal sealed class ZombiePublish : SimulatedPatch
{
    public override SinkAnswer Write(SimulatedOwner owner, PublishBatch batch, InMemoryFeatureSink sink)
    {
        SinkAnswer answer = sink.Write(batch);
        return answer.Outcome == SinkOutcome.Stale && sink.ReadFence(batch.Shard) is { } fence
            ? sink.Write(batch with { Epoch = fence.Epoch, Batch = fence.Batch + 1 })
            : answer;
    }
}

/// <summary>A fence that is not as expected is put right instead of asked why.</summary>
internal sealed class RedisTailUnnoticed : SimulatedPatch
{
    private readonly Dictionary<SimulatedOwner, SinkFence> _acknowledged = [];

    public override void Input(SimulatedOwner owner, ShardInput input, Action<ShardInput> pass)
    {
        if (input is ShardInput.Published { Answer.Outcome: SinkOutcome.Written or SinkOutcome.Done } published)
        {
            _acknowledged[owner] = new SinkFence(owner.Machine.Epoch, published.Batch, SinkFence.NoPosition);
        }

        pass(input is ShardInput.FenceRead { Fence: { } fence } && fence.Epoch <= owner.Machine.Epoch && _acknowledged.TryGetValue(owner, out SinkFence? expected)
            ? new ShardInput.FenceRead(expected)
            : input);
    }

    public override SinkAnswer Write(SimulatedOwner owner, PublishBatch batch, InMemoryFeatureSink sink)
    {
        SinkAnswer answer = sink.Write(batch);
        if (answer.Outcome != SinkOutcome.Lost)
        {
            return answer;
        }

        sink.RaiseFence(batch.Shard, batch.Epoch, batch.Batch - 1);
        return sink.Write(batch);
    }
}

/// <summary>What stood in the fence is not looked at, and what an earlier owner had published not waited for.</summary>
internal sealed class FencePositionIgnored : SimulatedPatch
{
    public override void Input(SimulatedOwner owner, ShardInput input, Action<ShardInput> pass) =>
        pass(input switch
        {
            ShardInput.FenceRaised raised => new ShardInput.FenceRaised(raised.Old is { } old ? old with { Position = SinkFence.NoPosition } : null, 0),
            ShardInput.Acquired acquired => acquired with { Log = acquired.Log with { End = acquired.Checkpoint.Header.NextOffset } },
            _ => input,
        });
}
