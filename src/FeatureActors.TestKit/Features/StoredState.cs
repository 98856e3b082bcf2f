namespace FeatureActors.TestKit.Features;

/// <summary>State of one slot as some version of a feature type wrote it, kept in the tests of the type.</summary>
/// <param name="Version">The codec version that wrote it.</param>
/// <param name="Payload">The payload.</param>
/// <param name="Shared">The shared part.</param>
/// <param name="NowMs">The time T of the value.</param>
/// <param name="Expected">The value that it has; null for absent.</param>
public sealed record StoredState(byte Version, byte[] Payload, byte[] Shared, long NowMs, string? Expected);
