namespace FeatureActors.TestKit.Simulation;

/// <summary>What a node reaches over the network.</summary>
[Flags]
internal enum SimulatedService
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Sources, shard logs and the coordinator of groups.</summary>
    Log = 1,

    /// <summary>Checkpoints, positions and leases.</summary>
    Sql = 2,

    /// <summary>The feature store.</summary>
    Redis = 4,
}
