using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Plugins;

/// <summary>
/// Makes a feature type of a conversion: the value of the newest row that has one, without windows; among rows of one time the value
/// whose bytes are larger. What is behind it, a <see cref="PluginFeatureType"/> supervises like any other type.
/// </summary>
/// <param name="inner">The plug-in's conversion.</param>
public sealed class ConvertFeatureType(IFeatureConvertType inner) : IFeatureType
{
    /// <summary>Most bytes of one value: it is written through as it is, and read by servers in one piece.</summary>
    public const int ValueBytesMax = 64 * 1024;

    /// <inheritdoc/>
    public string Name { get; } = inner.Name;

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding) => inner.Bind(binding) is { } convert ? new Aggregate(convert) : null;

    /// <summary>The payload: event time (8 bytes), kind, flags, then the value's text. Empty while no row had a value.</summary>
    private sealed class Aggregate(IFeatureConvert convert) : FeatureAggregate
    {
        private const int HeadBytes = 10;

        [ThreadStatic]
        private static FeatureValueWriter? Writer;

        public override byte CodecVersion => 1;

        public override FeatureTraits Traits { get; } =
            FeatureTraits.Unwindowed | (convert.Traits & (FeatureTraits.Numeric | FeatureTraits.Text));

        public override long PayloadBytesMax => HeadBytes + ValueBytesMax;

        public override void Apply(in RowView row, ref FeatureSlot slot)
        {
            FeatureValueWriter writer = Writer ??= new FeatureValueWriter();
            writer.Clear();
            convert.Convert(row, writer);
            if (FlawOf(writer) is { } flaw)
            {
                throw new PluginFaultException(flaw);
            }

            if (writer.Kind == FeatureValueKind.Absent)
            {
                return;
            }

            ReadOnlySpan<byte> value = writer.Value;
            Span<byte> payload = slot.Payload;
            if (!payload.IsEmpty)
            {
                long held = BinaryPrimitives.ReadInt64LittleEndian(payload);
                if (held > row.EventTimeMs || (held == row.EventTimeMs && payload[HeadBytes..].SequenceCompareTo(value) >= 0))
                {
                    return;
                }
            }

            slot.ResizePayload(HeadBytes + value.Length);
            payload = slot.Payload;
            BinaryPrimitives.WriteInt64LittleEndian(payload, row.EventTimeMs);
            payload[8] = (byte)writer.Kind;
            payload[9] = (byte)writer.Quality;
            value.CopyTo(payload[HeadBytes..]);
        }

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
            if (!payload.IsEmpty && (into.Payload.IsEmpty || IsNewer(payload, into.Payload)))
            {
                into.ResizePayload(payload.Length);
                payload.CopyTo(into.Payload);
            }
        }

        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
            ReadOnlySpan<byte> newest = default;
            for (int i = 0; i < slots.Count; i++)
            {
                ReadOnlySpan<byte> payload = slots.Payload(i);
                newest = !payload.IsEmpty && (newest.IsEmpty || IsNewer(payload, newest)) ? payload : newest;
            }

            if (newest.IsEmpty)
            {
                return;
            }

            value.Flag((ValueQuality)newest[9]);
            ReadOnlySpan<byte> text = newest[HeadBytes..];
            switch ((FeatureValueKind)newest[8])
            {
                case FeatureValueKind.Number:
                    WriteNumber(text, value);
                    break;
                case FeatureValueKind.Text:
                    value.WriteString(text);
                    break;
                default:
                    value.WriteJson(text);
                    break;
            }
        }

        private static bool IsNewer(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> than)
        {
            long time = BinaryPrimitives.ReadInt64LittleEndian(payload);
            long other = BinaryPrimitives.ReadInt64LittleEndian(than);
            return time > other || (time == other && payload[HeadBytes..].SequenceCompareTo(than[HeadBytes..]) > 0);
        }

        // Back through the type that wrote it, so that derived features read a number and the text stays the same.
        private static void WriteNumber(ReadOnlySpan<byte> text, FeatureValueWriter value)
        {
            if (Utf8Parser.TryParse(text, out long whole, out int read) && read == text.Length)
            {
                value.Write(whole);
            }
            else if (Int128.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out Int128 wide))
            {
                value.Write(wide);
            }
            else if (decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal exact)
                && !IsShortestDouble(text))
            {
                value.Write(exact);
            }
            else
            {
                value.Write(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture));
            }
        }

        private static bool IsShortestDouble(ReadOnlySpan<byte> text)
        {
            Span<byte> written = stackalloc byte[32];
            return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
                && number.TryFormat(written, out int length, "R", CultureInfo.InvariantCulture)
                && written[..length].SequenceEqual(text);
        }

        private string? FlawOf(FeatureValueWriter writer) =>
            PluginAggregate.FlawOf(writer)
            ?? (writer.Value.Length > ValueBytesMax ? $"the value has {writer.Value.Length} bytes, more than {ValueBytesMax}"
                : writer.Kind == FeatureValueKind.Absent ? null
                : (Traits & FeatureTraits.Numeric) != 0 && writer.Kind != FeatureValueKind.Number ? "the value is no number, though its traits say so"
                : (Traits & FeatureTraits.Text) != 0 && writer.Kind != FeatureValueKind.Text ? "the value is no single string, though its traits say so"
                : null);
    }
}
