using System.Text;
using System.Text.Unicode;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Decoding;

/// <summary>How the records of a CSV source are written.</summary>
public sealed class CsvFormat
{
    /// <summary>Byte between fields; an ASCII character other than the quote and line ends. Default: comma.</summary>
    public char Separator { get; init; } = ',';

    /// <summary>
    /// Names of the columns in the order of the records, as <see cref="CsvEventDecoder.ParseHeader"/> reads them from a file's first
    /// record; null: the order of the declared fields. Columns that are not declared are skipped.
    /// </summary>
    public IReadOnlyList<string>? Header { get; init; }
}

/// <summary>
/// Decodes one CSV record (RFC 4180): fields may stand in double quotes, a quote inside is doubled, quoted fields may hold
/// separators and line ends; a line end after the record is allowed. A record must have as many fields as the header.
/// <para>
/// An empty field is NULL, a quoted empty field is the empty string (and NULL for other types). Numbers may have a leading + or
/// zeros; a boolean is true or false in any case, 1 or 0. Spaces belong to the field.
/// </para>
/// </summary>
public sealed class CsvEventDecoder : IEventDecoder
{
    private readonly FieldTable _table;
    private readonly FieldErrors _errors;
    private readonly WantedField?[] _byColumn;
    private readonly EventTimeField? _eventTime;
    private readonly int _eventBytesMax;
    private readonly byte _separator;
    private readonly ByteArena _scratch = new();

    /// <summary>Creates a decoder.</summary>
    /// <exception cref="ArgumentException">A name stands twice, or the separator cannot be one.</exception>
    public CsvEventDecoder(EventDecoderOptions options, CsvFormat? format = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        format ??= new CsvFormat();
        if (!char.IsAscii(format.Separator) || format.Separator is '"' or '\r' or '\n' or '\0')
        {
            throw new ArgumentException("the separator must be an ASCII character other than quote and line end", nameof(format));
        }

        _separator = (byte)format.Separator;
        _table = new FieldTable(options);
        _errors = new FieldErrors(options.Fields.Count);
        _eventTime = options.EventTime;
        _eventBytesMax = options.MaxEventBytes;
        IReadOnlyList<string> header = format.Header ?? [.. options.Fields.Select(field => field.Name)];
        if (header.Distinct(StringComparer.Ordinal).Count() != header.Count)
        {
            throw new ArgumentException("a column name stands twice in the header", nameof(format));
        }

        _byColumn = [.. header.Select(name => _table.Find(Encoding.UTF8.GetBytes(name)))];
        MissingColumns = [.. _table.Wanted.Where(field => !_byColumn.Contains(field)).Select(field => field.Name)];
    }

    /// <summary>Needed fields that the header lacks; they are NULL in every record. The caller decides whether that is a mistake.</summary>
    public IReadOnlyList<string> MissingColumns { get; }

    /// <summary>The column names in a header record; null when it is not a well-formed record. A byte order mark is dropped.</summary>
    public static IReadOnlyList<string>? ParseHeader(ReadOnlySpan<byte> record, char separator = ',')
    {
        record = record.StartsWith("\uFEFF"u8) ? record[3..] : record;
        record = TrimLineEnd(record);
        if (!Utf8.IsValid(record))
        {
            return null;
        }

        var names = new List<string>();
        for (int at = 0; at <= record.Length; at++)
        {
            int end = EndOfField(record, at, (byte)separator, out bool isQuoted);
            if (end < 0)
            {
                return null;
            }

            string text = Encoding.UTF8.GetString(isQuoted ? record[(at + 1)..(end - 1)] : record[at..end]);
            names.Add(isQuoted ? text.Replace("\"\"", "\"", StringComparison.Ordinal) : text);
            at = end;
        }

        return names;
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
        if (!Utf8.IsValid(message))
        {
            return new DecodeResult(DecodeStatus.InvalidUtf8, BytePosition: JsonEventDecoder.FirstInvalid(message));
        }

        DecodeResult time = _eventTime is { } field ? new DecodeResult(DecodeStatus.MissingEventTime, field.Field, message.Length) : default;
        DecodeResult result = DecodeFields(TrimLineEnd(message), target, ref time);
        if (!result.IsOk)
        {
            return result;
        }

        result = _errors.First(_table, target.Cells, message.Length);
        return result.IsOk ? time : result;
    }

    private static ReadOnlySpan<byte> TrimLineEnd(ReadOnlySpan<byte> record)
    {
        record = record.EndsWith("\n"u8) ? record[..^1] : record;
        return record.EndsWith("\r"u8) ? record[..^1] : record;
    }

    // The end of the field that starts at `at`: a separator or the end of the record; −1 where the quoting is wrong.
    private static int EndOfField(ReadOnlySpan<byte> record, int at, byte separator, out bool isQuoted)
    {
        isQuoted = at < record.Length && record[at] == '"';
        if (!isQuoted)
        {
            int length = record[at..].IndexOf(separator);
            ReadOnlySpan<byte> field = length < 0 ? record[at..] : record.Slice(at, length);
            return field.ContainsAny((byte)'"', (byte)'\r', (byte)'\n') ? -1 : at + field.Length;
        }

        for (at++; ; at += 2)
        {
            int quote = record[at..].IndexOf((byte)'"');
            if (quote < 0)
            {
                return -1;
            }

            at += quote;
            if (at + 1 >= record.Length || record[at + 1] == separator)
            {
                return at + 1;
            }

            if (record[at + 1] != '"')
            {
                return -1;
            }
        }
    }

    private DecodeResult DecodeFields(ReadOnlySpan<byte> record, DecodedEvent target, ref DecodeResult time)
    {
        int column = 0;
        for (int at = 0; at <= record.Length; at++, column++)
        {
            int end = EndOfField(record, at, _separator, out bool isQuoted);
            if (end < 0)
            {
                return new DecodeResult(DecodeStatus.MalformedCsv, null, at, "a quote or line end stands in the wrong place of a field");
            }

            if (column >= _byColumn.Length)
            {
                return new DecodeResult(DecodeStatus.MalformedCsv, null, at, "the record has more fields than the header");
            }

            if (_byColumn[column] is { } field && end > at)
            {
                ReadOnlySpan<byte> text = isQuoted ? Unquote(record[(at + 1)..(end - 1)]) : record[at..end];
                Read(field, text, isQuoted, at, target, ref time);
            }

            at = end;
        }

        return column == _byColumn.Length
            ? DecodeResult.Ok
            : new DecodeResult(DecodeStatus.MalformedCsv, null, record.Length, "the record has fewer fields than the header");
    }

    private void Read(WantedField field, ReadOnlySpan<byte> text, bool isQuoted, int at, DecodedEvent target, ref DecodeResult time)
    {
        if (isQuoted && text.IsEmpty && field.Type != FieldType.String)
        {
            return;
        }

        if (field.Cell >= 0)
        {
            DecodeStatus status = FieldText.WriteText(
                field.Type, text, isLenient: true, ref target.Cells[field.Cell], target.Bytes, out string? detail);
            _errors.Set(field.Cell, status, at, detail);
        }

        if (field.IsEventTime && !text.IsEmpty)
        {
            bool isTime = EventTimeText.TryParse(text, _eventTime!.Value.Unit, isLenient: true, out long unixMs);
            target.EventTimeMs = unixMs;
            time = isTime
                ? DecodeResult.Ok
                : new DecodeResult(DecodeStatus.BadEventTime, field.Name, at, "not a time of the declared unit in 0001 to 9999");
        }
    }

    private ReadOnlySpan<byte> Unquote(ReadOnlySpan<byte> content)
    {
        int quote = content.IndexOf((byte)'"');
        if (quote < 0)
        {
            return content;
        }

        _scratch.Clear();
        Span<byte> room = _scratch.Reserve(content.Length);
        int written = 0;
        for (; quote >= 0; quote = content.IndexOf((byte)'"'))
        {
            content[..(quote + 1)].CopyTo(room[written..]);
            written += quote + 1;
            content = content[(quote + 2)..];
        }

        content.CopyTo(room[written..]);
        return room[..(written + content.Length)];
    }
}
