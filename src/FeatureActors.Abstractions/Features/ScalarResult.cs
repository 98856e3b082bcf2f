using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Abstractions.Features;

/// <summary>
/// Takes the result of one evaluation; it starts as NULL. Use the setter of the signature's result type. Strings are copied, or
/// written in place with <see cref="ReserveUtf8"/> and <see cref="CommitUtf8"/>.
/// </summary>
public ref struct ScalarResult
{
    /// <summary>Longest string an expression may produce, in bytes; a longer one becomes NULL.</summary>
    public const int StringBytesMax = 1 << 20;

    private readonly ByteArena _text;
    private RowCell _cell;
    private decimal _decimal;

    /// <summary>Creates a NULL result whose strings go to <paramref name="text"/>.</summary>
    public ScalarResult(ByteArena text) => _text = text;

    /// <summary>True while nothing, or NULL, was set.</summary>
    public readonly bool IsNull => !_cell.IsPresent;

    /// <summary>The value of a long (as is), double (its bits) or boolean (0 or 1) result.</summary>
    public readonly long Bits => _cell.Bits;

    /// <summary>The value of a decimal result.</summary>
    public readonly decimal Decimal => _decimal;

    /// <summary>The value of a string result; valid until the arena it was built with is written or cleared.</summary>
    public readonly ReadOnlySpan<byte> Utf8 => _text.Written.Slice(_cell.Offset, _cell.Length);

    /// <summary>Start of a string result in the arena.</summary>
    public readonly int Utf8Offset => _cell.Offset;

    /// <summary>Bytes of a string result.</summary>
    public readonly int Utf8Length => _cell.Length;

    /// <summary>Sets NULL.</summary>
    public void SetNull() => _cell.IsPresent = false;

    /// <summary>Sets a long.</summary>
    public void SetInt64(long value)
    {
        _cell.Bits = value;
        _cell.IsPresent = true;
    }

    /// <summary>Sets a double; NaN and infinities become NULL.</summary>
    public void SetDouble(double value)
    {
        _cell.Bits = BitConverter.DoubleToInt64Bits(value);
        _cell.IsPresent = double.IsFinite(value);
    }

    /// <summary>Sets a boolean.</summary>
    public void SetBoolean(bool value) => SetInt64(value ? 1 : 0);

    /// <summary>Sets a decimal.</summary>
    public void SetDecimal(decimal value)
    {
        _decimal = value;
        _cell.IsPresent = true;
    }

    /// <summary>Sets a string by copying well-formed UTF-8; longer than <see cref="StringBytesMax"/> becomes NULL.</summary>
    public void SetUtf8(scoped ReadOnlySpan<byte> value)
    {
        if (value.Length > StringBytesMax)
        {
            SetNull();
            return;
        }

        _cell.Offset = _text.Append(value);
        _cell.Length = value.Length;
        _cell.IsPresent = true;
    }

    /// <summary>
    /// Room to write a string of at most <paramref name="size"/> bytes; empty, and the result stays NULL, when that is more than
    /// <see cref="StringBytesMax"/>.
    /// </summary>
    public readonly Span<byte> ReserveUtf8(int size) => size > StringBytesMax ? [] : _text.Reserve(size);

    /// <summary>Sets the string of <paramref name="length"/> bytes that was written to the last <see cref="ReserveUtf8"/>.</summary>
    public void CommitUtf8(int length)
    {
        _cell.Offset = _text.Length;
        _cell.Length = length;
        _cell.IsPresent = true;
        _text.Advance(length);
    }
}
