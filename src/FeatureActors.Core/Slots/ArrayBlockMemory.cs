namespace FeatureActors.Core.Slots;

/// <summary>Block memory in one array; for tests and for decoding single blocks.</summary>
public sealed class ArrayBlockMemory : BlockMemory
{
    /// <inheritdoc/>
    protected override void Grow(int capacity)
    {
        byte[] bytes = new byte[Math.Max(capacity, Capacity * 2)];
        Bytes.CopyTo(bytes);
        PointTo(bytes, 0, bytes.Length);
    }
}
