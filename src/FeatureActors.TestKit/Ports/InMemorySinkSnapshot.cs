namespace FeatureActors.TestKit.Ports;

/// <summary>Contents of an <see cref="InMemoryFeatureSink"/> at one moment; may be restored more than once.</summary>
public sealed class InMemorySinkSnapshot
{
    internal InMemorySinkSnapshot(InMemoryFeatureSink.Contents contents) => Contents = contents;

    internal InMemoryFeatureSink.Contents Contents { get; }
}
