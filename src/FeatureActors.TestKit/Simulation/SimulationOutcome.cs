namespace FeatureActors.TestKit.Simulation;

/// <summary>What one seed showed.</summary>
/// <param name="Seed">The seed; it replays exactly.</param>
/// <param name="Violation">How a law was broken, or null.</param>
/// <param name="Law">Which law, or null.</param>
/// <param name="Story">Everything that happened; empty unless asked for.</param>
/// <param name="Faults">How often each fault happened.</param>
/// <param name="Met">How often the run met what is no fault: types, windows, kinds of ownership.</param>
/// <param name="Moves">How often a shard went from one state to another.</param>
/// <param name="Events">Source events made.</param>
/// <param name="Comparisons">Groups of keys compared with the naive model.</param>
public sealed record SimulationOutcome(
    int Seed,
    string? Violation,
    SimulatedLaw? Law,
    IReadOnlyList<string> Story,
    IReadOnlyDictionary<string, long> Faults,
    IReadOnlyDictionary<string, long> Met,
    IReadOnlyDictionary<string, long> Moves,
    long Events,
    long Comparisons);
