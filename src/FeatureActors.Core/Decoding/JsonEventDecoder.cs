using System.Buffers;
using System.Text;
using System.Text.Unicode;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Decoding;

/// <summary>
/// Decodes one JSON object (RFC 8259, strict: no comments, no trailing commas, no byte order mark, UTF-8 only). Fields that nobody
/// needs are skipped, yet the whole text is always checked.
/// <para>
/// Of duplicate fields the last one counts. Missing fields and null are NULL. A string field takes a string, or a number as it is
/// written. A long field takes integers in range (also 1.0 and 1e3), double and decimal fields take numbers; each also takes a
/// string that is a JSON number as a whole. A boolean field takes true, false and the strings "true" and "false". An object or
/// array where a value is declared is a wrong type. Decimals are rounded to 28 digits; a double −0 becomes 0.
/// </para>
/// </summary>
public sealed class JsonEventDecoder : IEventDecoder
{
    private readonly FieldTable _table;
    private readonly FieldErrors _errors;
    private readonly EventTimeField? _eventTime;
    private readonly int _eventBytesMax;
    private readonly ByteArena _scratch = new();

    // Where the newest event-time value stands; converted at the end, because a later duplicate replaces it.
    private int _timeStart;
    private int _timeEnd;
    private bool _hasTimeEscape;
    private JsonKind _timeKind;

    /// <summary>Creates a decoder.</summary>
    /// <exception cref="ArgumentException">Two fields have one name.</exception>
    public JsonEventDecoder(EventDecoderOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _table = new FieldTable(options);
        _errors = new FieldErrors(options.Fields.Count);
        _eventTime = options.EventTime;
        _eventBytesMax = options.MaxEventBytes;
    }

    private enum JsonKind
    {
        Missing,
        Null,
        Text,
        Number,
        Other,
    }

    /// <inheritdoc/>
    public DecodeResult Decode(ReadOnlySpan<byte> message, DecodedEvent target)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (message.Length > _eventBytesMax)
        {
            return new DecodeResult(DecodeStatus.TooLarge, BytePosition: _eventBytesMax);
        }

        target.Clear();
        _errors.Clear();
        _timeKind = JsonKind.Missing;
        if (!Utf8.IsValid(message))
        {
            return new DecodeResult(DecodeStatus.InvalidUtf8, BytePosition: FirstInvalid(message));
        }

        DecodeResult result = DecodeObject(message, target);
        if (!result.IsOk)
        {
            return result;
        }

        result = _errors.First(_table, target.Cells, message.Length);
        return result.IsOk && _eventTime is { } time ? DecodeTime(message, time, target) : result;
    }

    internal static int FirstInvalid(ReadOnlySpan<byte> message)
    {
        int at = 0;
        while (at < message.Length && Rune.DecodeFromUtf8(message[at..], out _, out int used) == OperationStatus.Done)
        {
            at += used;
        }

        return at;
    }

    private static DecodeResult Malformed(int at, string detail) => new(DecodeStatus.MalformedJson, null, at, detail);

    private DecodeResult DecodeObject(ReadOnlySpan<byte> text, DecodedEvent target)
    {
        int at = JsonText.SkipSpace(text, 0);
        if (at >= text.Length || text[at] != '{')
        {
            return Malformed(at, "the event is not an object");
        }

        at = JsonText.SkipSpace(text, at + 1);
        if (at < text.Length && text[at] == '}')
        {
            return End(text, at + 1);
        }

        while (true)
        {
            if (at >= text.Length || text[at] != '"')
            {
                return Malformed(at, "expected a field name");
            }

            int nameEnd = JsonText.EndOfString(text, at + 1, out bool hasEscape);
            if (nameEnd < 0)
            {
                return Malformed(at, "the field name is not a well-formed string");
            }

            WantedField? field = Find(text[(at + 1)..nameEnd], hasEscape);
            at = JsonText.SkipSpace(text, nameEnd + 1);
            if (at >= text.Length || text[at] != ':')
            {
                return Malformed(at, "expected ':' after the field name");
            }

            at = JsonText.SkipSpace(text, at + 1);
            DecodeResult result = field is null ? Skip(text, ref at) : Read(text, ref at, field, target);
            if (!result.IsOk)
            {
                return result;
            }

            at = JsonText.SkipSpace(text, at);
            if (at >= text.Length || text[at] is not ((byte)',' or (byte)'}'))
            {
                return Malformed(at, "expected ',' or '}' after the value");
            }

            if (text[at] == '}')
            {
                return End(text, at + 1);
            }

            at = JsonText.SkipSpace(text, at + 1);
        }
    }

    private static DecodeResult End(ReadOnlySpan<byte> text, int at)
    {
        at = JsonText.SkipSpace(text, at);
        return at == text.Length ? DecodeResult.Ok : Malformed(at, "something follows the object");
    }

    private WantedField? Find(ReadOnlySpan<byte> name, bool hasEscape)
    {
        if (!hasEscape)
        {
            return _table.Find(name);
        }

        // A name with half a surrogate pair is valid JSON, yet no declared field can have it.
        _scratch.Clear();
        Span<byte> room = _scratch.Reserve(name.Length);
        int length = JsonText.Unescape(name, room);
        return length < 0 ? null : _table.Find(room[..length]);
    }

    private DecodeResult Read(ReadOnlySpan<byte> text, ref int at, WantedField field, DecodedEvent target)
    {
        int start = at;
        DecodeStatus status = DecodeStatus.Ok;
        string? detail = null;
        RowCell cell = default;
        bool hasEscape = false;
        JsonKind kind;
        if (at < text.Length && text[at] == '"')
        {
            int end = JsonText.EndOfString(text, at + 1, out hasEscape);
            if (end < 0)
            {
                return Malformed(at, "the string is not well-formed");
            }

            at = end + 1;
            kind = JsonKind.Text;
            if (field.Cell >= 0)
            {
                status = ReadText(text[(start + 1)..end], hasEscape, field.Type, ref cell, target.Bytes, out detail);
            }
        }
        else if (at < text.Length && text[at] is (byte)'-' or (>= (byte)'0' and <= (byte)'9'))
        {
            int end = NumberText.Scan(text, at, isLenient: false, out NumberText number);
            if (end < 0)
            {
                return Malformed(at, "the number is not well-formed");
            }

            at = end;
            kind = JsonKind.Number;
            if (field.Cell >= 0)
            {
                status = FieldText.WriteNumber(field.Type, text[start..end], number, ref cell, target.Bytes, out detail);
            }
        }
        else
        {
            DecodeResult skipped = Skip(text, ref at);
            if (!skipped.IsOk)
            {
                return skipped;
            }

            kind = text[start] == 'n' ? JsonKind.Null : JsonKind.Other;
            status = ReadWord(text[start], field.Type, ref cell, out detail);
        }

        if (field.Cell >= 0)
        {
            target.Cells[field.Cell] = cell;
            _errors.Set(field.Cell, status, start, detail);
        }

        if (field.IsEventTime)
        {
            (_timeStart, _timeEnd, _timeKind, _hasTimeEscape) = (start, at, kind, hasEscape);
        }

        return DecodeResult.Ok;
    }

    private static DecodeStatus ReadWord(byte first, FieldType type, ref RowCell cell, out string? detail)
    {
        detail = null;
        if (first == 'n')
        {
            return DecodeStatus.Ok;
        }

        if (first is (byte)'t' or (byte)'f' && type == FieldType.Boolean)
        {
            cell.Bits = first == 't' ? 1 : 0;
            cell.IsPresent = true;
            return DecodeStatus.Ok;
        }

        detail = first switch { (byte)'{' => "the value is an object", (byte)'[' => "the value is an array", _ => "the value is a boolean" };
        return DecodeStatus.WrongType;
    }

    private DecodeStatus ReadText(
        ReadOnlySpan<byte> content, bool hasEscape, FieldType type, ref RowCell cell, ByteArena bytes, out string? detail)
    {
        if (!hasEscape)
        {
            return FieldText.WriteText(type, content, isLenient: false, ref cell, bytes, out detail);
        }

        _scratch.Clear();
        Span<byte> room = _scratch.Reserve(content.Length);
        int length = JsonText.Unescape(content, room);
        if (length < 0)
        {
            detail = "the string escapes half a surrogate pair";
            return DecodeStatus.InvalidUtf8;
        }

        return FieldText.WriteText(type, room[..length], isLenient: false, ref cell, bytes, out detail);
    }

    private DecodeResult DecodeTime(ReadOnlySpan<byte> message, EventTimeField field, DecodedEvent target)
    {
        if (_timeKind is JsonKind.Missing or JsonKind.Null)
        {
            return new DecodeResult(DecodeStatus.MissingEventTime, field.Field, _timeKind == JsonKind.Null ? _timeStart : message.Length);
        }

        ReadOnlySpan<byte> text = _timeKind == JsonKind.Text ? message[(_timeStart + 1)..(_timeEnd - 1)] : message[_timeStart.._timeEnd];
        if (_hasTimeEscape)
        {
            _scratch.Clear();
            Span<byte> room = _scratch.Reserve(text.Length);
            text = room[..Math.Max(JsonText.Unescape(text, room), 0)];
        }

        bool isTime = _timeKind == JsonKind.Text || (_timeKind == JsonKind.Number && field.Unit != EventTimeUnit.Iso8601);
        if (!isTime || !EventTimeText.TryParse(text, field.Unit, isLenient: false, out long unixMs))
        {
            return new DecodeResult(DecodeStatus.BadEventTime, field.Field, _timeStart, "not a time of the declared unit in 0001 to 9999");
        }

        target.EventTimeMs = unixMs;
        return DecodeResult.Ok;
    }

    private static DecodeResult Skip(ReadOnlySpan<byte> text, ref int at)
    {
        if (at >= text.Length)
        {
            return Malformed(at, "expected a value");
        }

        int end;
        switch (text[at])
        {
            case (byte)'"':
                end = JsonText.EndOfString(text, at + 1, out _);
                if (end < 0)
                {
                    return Malformed(at, "the string is not well-formed");
                }

                at = end + 1;
                return DecodeResult.Ok;
            case (byte)'{' or (byte)'[':
                return SkipNested(text, ref at);
            case (byte)'-' or (>= (byte)'0' and <= (byte)'9'):
                end = JsonText.EndOfNumber(text, at);
                break;
            default:
                end = JsonText.EndOfWord(text, at);
                break;
        }

        if (end < 0)
        {
            return Malformed(at, "expected a value");
        }

        at = end;
        return DecodeResult.Ok;
    }

    // Walks over an object or array without recursion: one bit per level tells objects from arrays. The event itself is level 1.
    private static DecodeResult SkipNested(ReadOnlySpan<byte> text, ref int at)
    {
        ulong isObject = 0;
        int depth = 1;
        while (true)
        {
            // Here a value is expected at a position that is not white space.
            if (at < text.Length && text[at] is (byte)'{' or (byte)'[')
            {
                if (++depth > EventDecoderOptions.MaxDepth)
                {
                    return new DecodeResult(DecodeStatus.TooDeep, null, at);
                }

                bool opensObject = text[at] == '{';
                isObject = (isObject << 1) | (opensObject ? 1UL : 0);
                at = JsonText.SkipSpace(text, at + 1);
                bool isEmpty = at < text.Length && text[at] == (opensObject ? '}' : ']');
                if (!isEmpty)
                {
                    if (opensObject && !TrySkipName(text, ref at))
                    {
                        return Malformed(at, "expected a field name and ':'");
                    }

                    continue;
                }
            }
            else
            {
                DecodeResult result = Skip(text, ref at);
                if (!result.IsOk)
                {
                    return result;
                }

                at = JsonText.SkipSpace(text, at);
            }

            // Here a value or an empty container has ended: close levels until one goes on.
            while (at < text.Length && text[at] == ((isObject & 1) != 0 ? '}' : ']'))
            {
                at++;
                isObject >>= 1;
                if (--depth == 1)
                {
                    return DecodeResult.Ok;
                }

                at = JsonText.SkipSpace(text, at);
            }

            if (at >= text.Length || text[at] != ',')
            {
                return Malformed(at, "expected ',' or the end of the object or array");
            }

            at = JsonText.SkipSpace(text, at + 1);
            if ((isObject & 1) != 0 && !TrySkipName(text, ref at))
            {
                return Malformed(at, "expected a field name and ':'");
            }
        }
    }

    private static bool TrySkipName(ReadOnlySpan<byte> text, ref int at)
    {
        int end = at < text.Length && text[at] == '"' ? JsonText.EndOfString(text, at + 1, out _) : -1;
        if (end < 0)
        {
            return false;
        }

        int colon = JsonText.SkipSpace(text, end + 1);
        if (colon >= text.Length || text[colon] != ':')
        {
            at = colon;
            return false;
        }

        at = JsonText.SkipSpace(text, colon + 1);
        return true;
    }
}
