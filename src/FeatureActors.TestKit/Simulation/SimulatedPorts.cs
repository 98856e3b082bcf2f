using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.TestKit.Ports;

namespace FeatureActors.TestKit.Simulation;

/// <summary>The stores that all nodes of a simulated world share, and what is wrong with them at the moment.</summary>
internal sealed class SimulatedPorts(SimulatedCourse course, SimulatedDefinitions definitions)
{
    public static readonly ShardId Shard = new("item", 0);

    public InMemoryCheckpointStore Store { get; } = new(course.Clock);

    public InMemoryFeatureSink Sink { get; } = new(course.Clock);

    public SimulatedLog Log { get; } = new(definitions.Naive);

    public bool IsSinkAway { get; set; }

    public bool IsDiskFull { get; set; }

    /// <summary>Epochs whose owner was told that it got them.</summary>
    public HashSet<long> Epochs { get; } = [];

    /// <summary>Looks at every checkpoint that took effect.</summary>
    public Action<CheckpointWrite>? Committed { get; set; }
}
