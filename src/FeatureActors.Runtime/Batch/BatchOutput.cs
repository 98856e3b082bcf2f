using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;

namespace FeatureActors.Runtime.Batch;

/// <summary>Writes values as JSON lines: <c>{"group","key","feature","window","at","value"}</c>.</summary>
internal sealed class BatchOutput : IDisposable
{
    private const int FlushBytes = 64 * 1024;

    private readonly Stream _stream;
    private readonly ArrayBufferWriter<byte> _buffer = new(FlushBytes * 2);
    private readonly Utf8JsonWriter _json;
    private byte[] _part = new byte[256];

    public BatchOutput(Stream stream)
    {
        _stream = stream;

        // The content is our own and well-formed; names outside ASCII stay readable.
        _json = new Utf8JsonWriter(
            _buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
    }

    /// <summary>Values written.</summary>
    public long Count { get; private set; }

    /// <summary>Writes every field of a group, absent ones as null.</summary>
    public void Write(GroupPlan group, IReadOnlyList<FieldType> keyTypes, ReadOnlySpan<byte> key, long atMs, GroupValues values)
    {
        for (int i = 0; i < group.Fields.Count; i++)
        {
            FieldPlan field = group.Fields[i];
            _json.Reset();
            _json.WriteStartObject();
            _json.WriteString("group"u8, group.Name);
            WriteKey(keyTypes, key);
            _json.WriteString("feature"u8, field.FeatureName);
            if (field.WindowName.Length == 0)
            {
                _json.WriteNull("window"u8);
            }
            else
            {
                _json.WriteString("window"u8, field.WindowName);
            }

            _json.WriteNumber("at"u8, atMs);
            WriteValue(values.Fields[i].Kind, values.Text(i));
            _json.WriteEndObject();
            _json.Flush();
            _buffer.Write("\n"u8);
            Count++;
        }

        if (_buffer.WrittenCount >= FlushBytes)
        {
            Flush();
        }
    }

    /// <summary>Hands what is left to the stream.</summary>
    public void Flush()
    {
        _stream.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
    }

    public void Dispose() => _json.Dispose();

    private void WriteKey(IReadOnlyList<FieldType> types, ReadOnlySpan<byte> key)
    {
        _json.WritePropertyName("key"u8);
        if (types.Count == 1)
        {
            WritePart(types[0], key);
            return;
        }

        _json.WriteStartArray();
        for (int i = 0; i < types.Count; i++)
        {
            int end = key.IndexOf(EntityKey.PartSeparator);
            WritePart(types[i], end < 0 ? key : key[..end]);
            key = end < 0 ? default : key[(end + 1)..];
        }

        _json.WriteEndArray();
    }

    private void WritePart(FieldType type, ReadOnlySpan<byte> part)
    {
        if (type == FieldType.Long)
        {
            _json.WriteRawValue(part, skipInputValidation: true);
            return;
        }

        if (_part.Length < part.Length)
        {
            _part = new byte[part.Length];
        }

        EntityKey.TryUnescape(part, _part, out int length);
        _json.WriteStringValue(_part.AsSpan(0, length));
    }

    private void WriteValue(FeatureValueKind kind, ReadOnlySpan<byte> text)
    {
        _json.WritePropertyName("value"u8);
        switch (kind)
        {
            case FeatureValueKind.Absent:
                _json.WriteNullValue();
                break;
            case FeatureValueKind.Text:
                _json.WriteStringValue(text);
                break;
            default:
                _json.WriteRawValue(text, skipInputValidation: true);
                break;
        }
    }
}
