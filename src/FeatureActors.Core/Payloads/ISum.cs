using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// A sum of one field type, on the stack while a slot is changed or a window is evaluated. The default value is the empty sum.
/// </summary>
internal interface ISum<TSelf>
    where TSelf : struct, ISum<TSelf>
{
    /// <summary>
    /// Version of the encoded form, from 1. A higher one reads what every lower one wrote, so that state is upgraded as it is.
    /// </summary>
    static abstract byte CodecVersion { get; }

    /// <summary>Most bytes of the encoded form.</summary>
    static abstract int EncodedLengthMax { get; }

    /// <summary>Bytes of the encoded form.</summary>
    int EncodedLength { get; }

    /// <summary>The sum as a double.</summary>
    double Value { get; }

    /// <summary>True for exactly zero.</summary>
    bool IsZero { get; }

    /// <summary>False when the sum cannot be represented.</summary>
    bool HasValue { get; }

    /// <summary>Adds another sum in encoded form; an empty span is the empty sum.</summary>
    void Add(ReadOnlySpan<byte> encoded);

    /// <summary>Adds a column of a row, or takes it away when the row is a retraction.</summary>
    /// <exception cref="OverflowException">The exact sum cannot be represented; the state is not changed.</exception>
    void Add(in RowView row, int column);

    /// <summary>Writes the encoded form; <paramref name="target"/> has the <see cref="EncodedLength"/> of this or of a longer sum.</summary>
    void Encode(Span<byte> target);

    /// <summary>Orders by the exact value; both have one.</summary>
    static abstract int Compare(in TSelf left, in TSelf right);

    /// <summary>Writes the sum, or nothing when it cannot be represented.</summary>
    void Write(FeatureValueWriter value);
}
