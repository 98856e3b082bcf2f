using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>Exact sum of longs: 128 bits hold more longs than an entity can ever see. Encoded in the fewest of 1, 2, 4, 8, 16 bytes.</summary>
internal struct LongSum : ISum<LongSum>
{
    private Int128 _sum;

    /// <inheritdoc/>
    public static byte CodecVersion => 1;

    /// <inheritdoc/>
    public static int EncodedLengthMax => 16;

    /// <inheritdoc/>
    public readonly int EncodedLength => Packed.Width(_sum);

    /// <inheritdoc/>
    public readonly double Value => (double)_sum;

    /// <inheritdoc/>
    public readonly bool IsZero => _sum == 0;

    /// <inheritdoc/>
    public readonly bool HasValue => true;

    /// <inheritdoc/>
    public static int Compare(in LongSum left, in LongSum right) => left._sum.CompareTo(right._sum);

    /// <inheritdoc/>
    public void Add(ReadOnlySpan<byte> encoded) => _sum += Packed.ReadWide(encoded);

    /// <inheritdoc/>
    /// <remarks>Column −1 adds one for each row.</remarks>
    public void Add(in RowView row, int column)
    {
        Int128 amount = column < 0 ? 1 : row.GetInt64(column);
        _sum = row.Sign < 0 ? _sum - amount : _sum + amount;
    }

    /// <inheritdoc/>
    public readonly void Encode(Span<byte> target) => Packed.WriteWide(target, _sum);

    /// <inheritdoc/>
    public readonly void Write(FeatureValueWriter value) => value.Write(_sum);
}
