using FeatureActors.TestKit.Ports;

namespace FeatureActors.TestKit.Simulation;

/// <summary>The stores that all nodes of a simulated world share, and what is wrong with them at the moment.</summary>
internal sealed class SimulatedPorts(SimulatedCourse course)
{
    public InMemoryCheckpointStore Store { get; } = new(course.Clock);

    public InMemorySourcePositions Positions { get; } = new();

    public InMemoryFeatureSink Sink { get; } = new(course.Clock);

    /// <summary>What nobody can reach.</summary>
    public SimulatedService Away { get; set; }

    public bool IsDiskFull { get; set; }

    /// <summary>Keys that an older state of the sink brought back.</summary>
    public HashSet<string> Restored { get; } = new(StringComparer.Ordinal);
}
