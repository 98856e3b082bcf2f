using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Definitions;
using FeatureActors.Runtime.Ingest;

namespace FeatureActors.Node.Commands;

/// <summary>
/// Turns a record of a file in another form, or with other columns, into a message as the source's topic carries it. Only declared
/// fields and the event time survive.
/// </summary>
internal sealed class EventReencoder
{
    private readonly SourceDefinition _source;
    private readonly IEventDecoder _decoder;
    private readonly DecodedEvent _event;
    private readonly ArrayBufferWriter<byte> _buffer = new();

    public EventReencoder(SourceDefinition source, EventFile file)
    {
        if (source.Custom is { } custom)
        {
            throw new UsageException(
                $"{file.Path} holds no events of format {custom.Name}, and nothing can write them: replay a file that holds one event a line and ends in neither .csv nor .jsonl");
        }

        _source = source;
        _decoder = file.CreateDecoder(new EventDecoderOptions
        {
            Fields = [.. source.Fields.Select(static f => new DecoderField(f.Name, f.Type))],
            EventTime = source.EventTime,
            MaxEventBytes = source.MaxEventBytes,
        });
        _event = new DecodedEvent(source.Fields.Count);
    }

    /// <summary>The message; valid until the next call. False with the mistake when the record is none.</summary>
    public bool TryEncode(ReadOnlyMemory<byte> record, out ReadOnlyMemory<byte> message, out string error)
    {
        DecodeResult result = _decoder.Decode(record.Span, _event);
        if (!result.IsOk)
        {
            message = default;
            error = result.ToString();
            return false;
        }

        _buffer.ResetWrittenCount();
        RowView row = _event.View(0);
        if (_source.Csv is { } csv)
        {
            WriteCsv(csv, row);
        }
        else
        {
            WriteJson(row);
        }

        message = _buffer.WrittenMemory;
        error = "";
        return true;
    }

    private string EventTimeText => _source.EventTime.Unit switch
    {
        EventTimeUnit.Seconds => ((decimal)_event.EventTimeMs / 1000).ToString(CultureInfo.InvariantCulture),
        EventTimeUnit.Microseconds => (_event.EventTimeMs * 1000).ToString(CultureInfo.InvariantCulture),
        EventTimeUnit.Iso8601 => DateTimeOffset.FromUnixTimeMilliseconds(_event.EventTimeMs).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
        _ => _event.EventTimeMs.ToString(CultureInfo.InvariantCulture),
    };

    private void WriteCsv(CsvDefinition csv, in RowView row)
    {
        for (int i = 0; i < csv.Columns.Count; i++)
        {
            if (i > 0)
            {
                Append(csv.Delimiter.ToString());
            }

            int field = _source.IndexOf(csv.Columns[i]);
            if (field < 0)
            {
                Append(csv.Columns[i] == _source.EventTime.Field ? EventTimeText : "");
            }
            else if (!row.IsNull(field))
            {
                string text = TextOf(field, row);
                bool isQuoted = text.Length == 0 || text.AsSpan().IndexOfAny("\"\r\n") >= 0 || text.Contains(csv.Delimiter, StringComparison.Ordinal);
                Append(isQuoted ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text);
            }
        }
    }

    private void WriteJson(in RowView row)
    {
        using var json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        for (int i = 0; i < _source.Fields.Count; i++)
        {
            FieldDefinition field = _source.Fields[i];
            json.WritePropertyName(field.Name);
            if (row.IsNull(i))
            {
                json.WriteNullValue();
            }
            else if (field.Type == FieldType.String)
            {
                json.WriteStringValue(row.GetUtf8(i));
            }
            else
            {
                json.WriteRawValue(TextOf(i, row));
            }
        }

        if (_source.IndexOf(_source.EventTime.Field) < 0)
        {
            json.WritePropertyName(_source.EventTime.Field);
            if (_source.EventTime.Unit == EventTimeUnit.Iso8601)
            {
                json.WriteStringValue(EventTimeText);
            }
            else
            {
                json.WriteRawValue(EventTimeText);
            }
        }

        json.WriteEndObject();
    }

    private string TextOf(int field, in RowView row) => _source.Fields[field].Type switch
    {
        FieldType.Long => row.GetInt64(field).ToString(CultureInfo.InvariantCulture),
        FieldType.Double => row.GetDouble(field).ToString("R", CultureInfo.InvariantCulture),
        FieldType.Decimal => row.GetDecimal(field).ToString(CultureInfo.InvariantCulture),
        FieldType.Boolean => row.GetBoolean(field) ? "true" : "false",
        _ => Encoding.UTF8.GetString(row.GetUtf8(field)),
    };

    private void Append(string text) => Encoding.UTF8.GetBytes(text, _buffer);
}
