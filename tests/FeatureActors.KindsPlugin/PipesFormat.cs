using System.Buffers.Text;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.KindsPlugin;

/// <summary><c>custom:pipes</c>: the declared fields in order, longs and strings, with a separator between them.</summary>
public sealed class PipesFormat : IEventFormat
{
    /// <inheritdoc/>
    public string Name => "pipes";

    /// <inheritdoc/>
    public IEventDecoderFactory? Bind(SettingsBinding settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        string separator = settings.Text("separator", "|");
        if (separator.Length != 1)
        {
            settings.Error("separator", "must be one character");
            return null;
        }

        return new Factory((byte)separator[0]);
    }

    private sealed class Factory(byte separator) : IEventDecoderFactory
    {
        public IEventDecoder Create(EventDecoderOptions options) =>
            options.Fields.FirstOrDefault(static f => f.Type is not (FieldType.String or FieldType.Long)) is { Name: not null } other
                ? throw new ArgumentException($"field '{other.Name}' is neither a string nor a long", nameof(options))
                : new Decoder(separator, options);
    }

    private sealed class Decoder(byte separator, EventDecoderOptions options) : IEventDecoder
    {
        public DecodeResult Decode(ReadOnlySpan<byte> message, DecodedEvent target)
        {
            ReadOnlySpan<byte> rest = message;
            for (int i = 0; i < options.Fields.Count; i++)
            {
                int end = rest.IndexOf(separator);
                ReadOnlySpan<byte> text = end < 0 ? rest : rest[..end];
                rest = end < 0 ? default : rest[(end + 1)..];
                DecoderField field = options.Fields[i];
                Misdeeds.Obey(text, "format");
                ref RowCell cell = ref target.Cells[i];
                if (field.Type == FieldType.String)
                {
                    cell.IsPresent = text.Length > 0;
                    cell.Offset = text.SequenceEqual("nonsense-format"u8) ? 1_000_000 : target.Bytes.Append(text);
                    cell.Length = text.Length;
                    continue;
                }

                if (!Utf8Parser.TryParse(text, out long number, out int read) || read != text.Length)
                {
                    return new DecodeResult(DecodeStatus.Malformed, field.Name, message.Length - rest.Length, "no whole number");
                }

                cell.IsPresent = true;
                cell.Bits = number;
                if (options.EventTime?.Field == field.Name)
                {
                    target.EventTimeMs = number;
                }
            }

            return DecodeResult.Ok;
        }
    }
}
