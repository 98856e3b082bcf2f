namespace FeatureActors.TestKit.Simulation;

/// <summary>What must hold in every run.</summary>
public enum SimulatedLaw
{
    /// <summary>An epoch is granted once, and nothing of an older one takes effect.</summary>
    Ownership = 1,

    /// <summary><c>_v</c> never falls, unless the feature store lost data.</summary>
    Versions = 2,

    /// <summary>A checkpoint is the fold of the log below it, and never goes back.</summary>
    Checkpoint = 3,

    /// <summary>Every event counts once, in the log of its key's shard.</summary>
    Log = 4,

    /// <summary>At rest the feature store has what all events give.</summary>
    Values = 5,

    /// <summary>What leaves a window is written, and in the end nothing is left.</summary>
    Exits = 6,

    /// <summary>When faults end, each shard comes to rest under one owner.</summary>
    Rest = 7,

    /// <summary>The engine threw what it does not throw.</summary>
    Invariants = 8,

    /// <summary>T is never ahead of the clocks.</summary>
    Clock = 9,
}
