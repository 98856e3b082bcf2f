using System.Buffers;
using System.Globalization;

namespace FeatureActors.Abstractions.Features;

/// <summary>Form of a written value.</summary>
public enum FeatureValueKind : byte
{
    /// <summary>Nothing was written.</summary>
    Absent = 0,

    /// <summary>A JSON number.</summary>
    Number = 1,

    /// <summary>A single string, stored raw: without quotes and escapes.</summary>
    Text = 2,

    /// <summary>A JSON array, object or boolean.</summary>
    Json = 3,
}

/// <summary>
/// Receives one feature value as compact JSON text in UTF-8. Reused for many values; allocates only while its buffer grows.
/// Not safe for concurrent use.
/// </summary>
public sealed class FeatureValueWriter
{
    private static readonly SearchValues<byte> MustEscape = SearchValues.Create(EscapedBytes());

    private byte[] _buffer = new byte[1024];
    private int _length;
    private int _start;
    private int _depth;
    private bool _needsComma;

    /// <summary>Form of the current value.</summary>
    public FeatureValueKind Kind { get; private set; }

    /// <summary>The number written, as a double; NaN for any other kind. Features over features read it.</summary>
    public double Numeric { get; private set; } = double.NaN;

    /// <summary>Flags raised for the current value.</summary>
    public ValueQuality Quality { get; private set; }

    /// <summary>Everything written since <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <summary>The current value.</summary>
    public ReadOnlySpan<byte> Value => _buffer.AsSpan(_start, _length - _start);

    /// <summary>True when every list and map of the current value is closed.</summary>
    public bool IsClosed => _depth == 0;

    /// <summary>True when the current value was to hold a number that is not finite, which is left out.</summary>
    public bool HasNonFinite { get; private set; }

    /// <summary>Takes back what was written of the current value, with its flags; it is absent then.</summary>
    public void Discard()
    {
        _length = _start;
        Begin();
    }

    /// <summary>Forgets everything written.</summary>
    public void Clear()
    {
        _length = 0;
        Begin();
    }

    /// <summary>Starts the next value behind those already written.</summary>
    public void Begin()
    {
        _start = _length;
        _depth = 0;
        _needsComma = false;
        HasNonFinite = false;
        Kind = FeatureValueKind.Absent;
        Numeric = double.NaN;
        Quality = ValueQuality.None;
    }

    /// <summary>Raises a flag for the current value.</summary>
    public void Flag(ValueQuality quality) => Quality |= quality;

    /// <summary>Writes an integer.</summary>
    public void Write(long value)
    {
        Separate(20);
        if (_depth == 0)
        {
            SetRoot(FeatureValueKind.Number, value);
        }

        value.TryFormat(_buffer.AsSpan(_length), out int written, default, CultureInfo.InvariantCulture);
        _length += written;
    }

    /// <summary>Writes an integer of up to 128 bits, for sums that outgrow 64.</summary>
    public void Write(Int128 value)
    {
        Separate(40);
        if (_depth == 0)
        {
            SetRoot(FeatureValueKind.Number, (double)value);
        }

        value.TryFormat(_buffer.AsSpan(_length), out int written, default, CultureInfo.InvariantCulture);
        _length += written;
    }

    /// <summary>Writes the shortest decimal text that reads back as the same double. A value that is not finite is left absent.</summary>
    public void Write(double value)
    {
        if (!double.IsFinite(value))
        {
            HasNonFinite = true;
            if (_depth > 0)
            {
                WriteToken("null"u8);
            }

            return;
        }

        Separate(32);
        if (_depth == 0)
        {
            SetRoot(FeatureValueKind.Number, value);
        }

        // Counts and sums of whole numbers dominate; their integer form is both shortest and cheaper to format.
        int written;
        if (value == Math.Truncate(value) && Math.Abs(value) < 1e15)
        {
            ((long)value).TryFormat(_buffer.AsSpan(_length), out written, default, CultureInfo.InvariantCulture);
        }
        else if (!TryWriteHundredths(value, out written))
        {
            value.TryFormat(_buffer.AsSpan(_length), out written, "R", CultureInfo.InvariantCulture);
        }

        _length += written;
    }

    /// <summary>Writes an exact decimal, without trailing zeros.</summary>
    public void Write(decimal value)
    {
        Separate(40);
        if (_depth == 0)
        {
            SetRoot(FeatureValueKind.Number, (double)value);
        }

        // Dividing by one with all its zeros removes the scale's trailing zeros: 1.500 becomes 1.5.
        value /= 1.0000000000000000000000000000m;
        value.TryFormat(_buffer.AsSpan(_length), out int written, default, CultureInfo.InvariantCulture);
        _length += written;
    }

    /// <summary>Writes true or false.</summary>
    public void Write(bool value) => WriteToken(value ? "true"u8 : "false"u8);

    /// <summary>Writes finished JSON text as the next value.</summary>
    public void WriteJson(ReadOnlySpan<byte> json) => WriteToken(json);

    /// <summary>Writes a string: raw when it is the whole value, quoted and escaped inside a list or map.</summary>
    public void WriteString(ReadOnlySpan<byte> utf8)
    {
        if (_depth == 0)
        {
            Separate(utf8.Length);
            SetRoot(FeatureValueKind.Text, double.NaN);
            utf8.CopyTo(_buffer.AsSpan(_length));
            _length += utf8.Length;
            return;
        }

        Separate(2 + (utf8.Length * 6));
        WriteQuoted(utf8);
    }

    /// <summary>Writes the key of the next value of a map.</summary>
    public void WriteName(ReadOnlySpan<byte> utf8)
    {
        Separate(3 + (utf8.Length * 6));
        WriteQuoted(utf8);
        _buffer[_length++] = (byte)':';
        _needsComma = false;
    }

    /// <summary>Opens a list.</summary>
    public void BeginArray() => Open((byte)'[');

    /// <summary>Closes the innermost list.</summary>
    public void EndArray() => Close((byte)']');

    /// <summary>Opens a map.</summary>
    public void BeginObject() => Open((byte)'{');

    /// <summary>Closes the innermost map.</summary>
    public void EndObject() => Close((byte)'}');

    private static byte[] EscapedBytes()
    {
        var bytes = new List<byte> { (byte)'"', (byte)'\\' };
        for (byte b = 0; b < 0x20; b++)
        {
            bytes.Add(b);
        }

        return [.. bytes];
    }

    /// <summary>
    /// Prices and their sums. A decimal of at most 15 digits is the only one of so few that reads back as its double, so when hundredths give
    /// the double back, they are the shortest text.
    /// </summary>
    private bool TryWriteHundredths(double value, out int written)
    {
        written = 0;
        double magnitude = Math.Abs(value);
        long hundredths = magnitude < 1e13 ? (long)Math.Round(magnitude * 100) : 0;
        if (hundredths == 0 || hundredths / 100.0 != magnitude)
        {
            return false;
        }

        Span<byte> target = _buffer.AsSpan(_length);
        if (value < 0)
        {
            target[written++] = (byte)'-';
        }

        (long whole, long part) = Math.DivRem(hundredths, 100);
        whole.TryFormat(target[written..], out int digits, default, CultureInfo.InvariantCulture);
        written += digits;
        target[written++] = (byte)'.';
        target[written++] = (byte)('0' + (part / 10));
        if (part % 10 != 0)
        {
            target[written++] = (byte)('0' + (part % 10));
        }

        return true;
    }

    private void SetRoot(FeatureValueKind kind, double numeric)
    {
        if (Kind != FeatureValueKind.Absent)
        {
            throw new InvalidOperationException("a feature wrote a second value");
        }

        Kind = kind;
        Numeric = numeric;
    }

    private void Open(byte bracket)
    {
        Separate(1);
        if (_depth == 0)
        {
            SetRoot(FeatureValueKind.Json, double.NaN);
        }

        _buffer[_length++] = bracket;
        _depth++;
        _needsComma = false;
    }

    private void Close(byte bracket)
    {
        Reserve(1);
        _buffer[_length++] = bracket;
        _depth--;
        _needsComma = true;
    }

    private void WriteToken(ReadOnlySpan<byte> token)
    {
        Separate(token.Length);
        if (_depth == 0)
        {
            SetRoot(FeatureValueKind.Json, double.NaN);
        }

        token.CopyTo(_buffer.AsSpan(_length));
        _length += token.Length;
    }

    private void WriteQuoted(ReadOnlySpan<byte> utf8)
    {
        _buffer[_length++] = (byte)'"';
        while (true)
        {
            int at = utf8.IndexOfAny(MustEscape);
            ReadOnlySpan<byte> plain = at < 0 ? utf8 : utf8[..at];
            plain.CopyTo(_buffer.AsSpan(_length));
            _length += plain.Length;
            if (at < 0)
            {
                break;
            }

            WriteEscaped(utf8[at]);
            utf8 = utf8[(at + 1)..];
        }

        _buffer[_length++] = (byte)'"';
    }

    private void WriteEscaped(byte value)
    {
        ReadOnlySpan<byte> escape = value switch
        {
            (byte)'"' => "\\\""u8,
            (byte)'\\' => "\\\\"u8,
            (byte)'\n' => "\\n"u8,
            (byte)'\r' => "\\r"u8,
            (byte)'\t' => "\\t"u8,
            _ => default,
        };
        if (escape.IsEmpty)
        {
            "\\u00"u8.CopyTo(_buffer.AsSpan(_length));
            _length += 4;
            _buffer[_length++] = (byte)"0123456789abcdef"[value >> 4];
            _buffer[_length++] = (byte)"0123456789abcdef"[value & 15];
            return;
        }

        escape.CopyTo(_buffer.AsSpan(_length));
        _length += escape.Length;
    }

    private void Separate(int bytes)
    {
        Reserve(bytes + 1);
        if (_depth > 0 && _needsComma)
        {
            _buffer[_length++] = (byte)',';
        }

        _needsComma = true;
    }

    private void Reserve(int bytes)
    {
        if (_buffer.Length - _length < bytes)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + bytes));
        }
    }
}
