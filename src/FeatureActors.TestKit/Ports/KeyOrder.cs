namespace FeatureActors.TestKit.Ports;

/// <summary>Bytewise order of keys, the order in which stores answer them.</summary>
internal sealed class KeyOrder : IComparer<byte[]>
{
    /// <summary>The only instance.</summary>
    public static readonly KeyOrder Instance = new();

    /// <inheritdoc/>
    public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y.AsSpan());
}
