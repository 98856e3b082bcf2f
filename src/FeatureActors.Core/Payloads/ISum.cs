using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// A sum of one field type, on the stack while a slot is changed or a window is evaluated. The default value is the empty sum.
/// </summary>
internal interface ISum
{
    /// <summary>Most bytes of the encoded form.</summary>
    static abstract int EncodedLengthMax { get; }

    /// <summary>Bytes of the encoded form.</summary>
    int EncodedLength { get; }

    /// <summary>The sum as a double.</summary>
    double Value { get; }

    /// <summary>Adds another sum in encoded form; an empty span is the empty sum.</summary>
    void Add(ReadOnlySpan<byte> encoded);

    /// <summary>Adds a column of a row, or takes it away when the row is a retraction.</summary>
    /// <exception cref="OverflowException">The exact sum cannot be represented; the state is not changed.</exception>
    void Add(in RowView row, int column);

    /// <summary>Writes the encoded form; <paramref name="target"/> has <see cref="EncodedLength"/> bytes.</summary>
    void Encode(Span<byte> target);

    /// <summary>Writes the sum, or nothing when it cannot be represented.</summary>
    void Write(FeatureValueWriter value);
}
