namespace FeatureActors.Client;

/// <summary>One entry of a top-k value.</summary>
/// <param name="Key">The sub-key.</param>
/// <param name="Value">What it is ranked by.</param>
public readonly record struct RankedKey(string Key, double Value);
