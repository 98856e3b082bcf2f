using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Runtime.Shards;
using FeatureActors.TestKit.Ports;

namespace FeatureActors.TestKit.Simulation;

/// <summary>
/// Where a known bug can be planted around the product's code: what goes into a machine, what comes out of it, and what ports do with it.
/// As it is, it changes nothing. One instance per world.
/// </summary>
internal class SimulatedPatch
{
    /// <summary>What a run of the simulator has.</summary>
    public static SimulatedPatch None { get; } = new();

    /// <summary>Something is handed to a machine.</summary>
    public virtual void Input(SimulatedOwner owner, ShardInput input, Action<ShardInput> pass) => pass(input);

    /// <summary>A machine wants something.</summary>
    public virtual void Output(SimulatedOwner owner, ShardOutput output, Action<ShardOutput> pass) => pass(output);

    /// <summary>A batch reaches the feature store.</summary>
    public virtual SinkAnswer Write(SimulatedOwner owner, PublishBatch batch, InMemoryFeatureSink sink) => sink.Write(batch);

    /// <summary>How a node's ingest places keys.</summary>
    public virtual IngestPlan Route(SimulatedNode node, IngestPlan plan) => plan;

    /// <summary>Which offset of a source is saved, where everything below <paramref name="safe"/> is in the logs.</summary>
    public virtual long Position(SimulatedNode node, long safe, long read) => safe;

    /// <summary>The log refused a batch for good.</summary>
    public virtual void Refused(SimulatedNode node, TaskCompletionSource done) => done.SetException(new SimulatedIngest.BatchRefused());
}
