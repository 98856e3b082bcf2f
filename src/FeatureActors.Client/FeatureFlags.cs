namespace FeatureActors.Client;

/// <summary>What to know about values of a row, <c>_flags</c>: names of fields.</summary>
/// <param name="Truncated">A bound was reached: some input is summed up in <c>other</c> or left out.</param>
/// <param name="Approximate">The value carries the declared error of a sketch.</param>
/// <param name="Warming">The window is longer than the time since it was defined.</param>
public sealed record FeatureFlags(IReadOnlyList<string> Truncated, IReadOnlyList<string> Approximate, IReadOnlyList<string> Warming)
{
    /// <summary>All values are exact and complete.</summary>
    public static FeatureFlags None { get; } = new([], [], []);
}
