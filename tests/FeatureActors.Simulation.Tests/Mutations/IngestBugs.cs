using FeatureActors.Core.Definitions;
using FeatureActors.TestKit.Simulation;

namespace FeatureActors.Simulation.Tests.Mutations;

/// <summary>A batch that the log refuses counts as acknowledged.</summary>
internal sealed class RefusedBatchSkipped : SimulatedPatch
{
    public override void Refused(SimulatedNode node, TaskCompletionSource done) => done.SetResult();
}

/// <summary>Every second node was started before the number of partitions changed.</summary>
internal sealed class PartitionCountChanged : SimulatedPatch
{
    public override IngestPlan Route(SimulatedNode node, IngestPlan plan) => node.Number % 2 == 0
        ? plan with { Routes = [.. plan.Routes.Select(static r => r with { Shards = Math.Max(1, r.Shards - 1) })] }
        : plan;
}

/// <summary>What was read is saved, not what the logs have.</summary>
internal sealed class PositionSavedEarly : SimulatedPatch
{
    public override long Position(SimulatedNode node, long safe, long read) => read;
}
