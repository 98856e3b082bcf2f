using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>Stands where a map keeps counts only: no bytes, no value.</summary>
internal readonly struct NoSum : ISum<NoSum>
{
    /// <inheritdoc/>
    public static byte CodecVersion => 1;

    /// <inheritdoc/>
    public static int EncodedLengthMax => 0;

    /// <inheritdoc/>
    public int EncodedLength => 0;

    /// <inheritdoc/>
    public double Value => 0;

    /// <inheritdoc/>
    public bool IsZero => true;

    /// <inheritdoc/>
    public bool HasValue => true;

    /// <inheritdoc/>
    public static int Compare(in NoSum left, in NoSum right) => 0;

    /// <inheritdoc/>
    public void Add(ReadOnlySpan<byte> encoded)
    {
    }

    /// <inheritdoc/>
    public void Add(in RowView row, int column)
    {
    }

    /// <inheritdoc/>
    public void Encode(Span<byte> target)
    {
    }

    /// <inheritdoc/>
    public void Write(FeatureValueWriter value)
    {
    }
}
