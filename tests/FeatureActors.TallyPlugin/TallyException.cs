namespace FeatureActors.TallyPlugin;

/// <summary>Thrown on purpose; a type that the node does not know.</summary>
/// <param name="message">What for.</param>
public sealed class TallyException(string message) : Exception(message);
