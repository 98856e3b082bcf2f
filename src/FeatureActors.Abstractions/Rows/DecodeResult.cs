using System.Globalization;

namespace FeatureActors.Abstractions.Rows;

/// <summary>Outcome of decoding one event: fine, or the first mistake with its place. Making one never allocates.</summary>
/// <param name="Status">What happened.</param>
/// <param name="Field">Name of the field at fault, or null when the event as a whole is.</param>
/// <param name="BytePosition">0-based position in the event's bytes where the mistake was seen.</param>
/// <param name="Detail">What is wrong, in a few words; null when <paramref name="Status"/> says it all.</param>
public readonly record struct DecodeResult(
    DecodeStatus Status, string? Field = null, int BytePosition = 0, string? Detail = null)
{
    /// <summary>The result of a decoded event.</summary>
    public static DecodeResult Ok => default;

    /// <summary>True when the event was decoded.</summary>
    public bool IsOk => Status == DecodeStatus.Ok;

    /// <summary>The mistake as one line for dead letters and logs; it never holds the event's data. Allocates.</summary>
    public override string ToString()
    {
        if (IsOk)
        {
            return "ok";
        }

        string what = Status switch
        {
            DecodeStatus.MalformedJson => "malformed JSON",
            DecodeStatus.InvalidUtf8 => "invalid UTF-8",
            DecodeStatus.WrongType => "wrong type",
            DecodeStatus.NotFinite => "number is not finite",
            DecodeStatus.BadEventTime => "bad event time",
            DecodeStatus.MissingEventTime => "missing event time",
            DecodeStatus.TooDeep => $"nested more than {EventDecoderOptions.MaxDepth} levels deep",
            DecodeStatus.TooLarge => "event larger than max-event-bytes of its source",
            DecodeStatus.MissingField => "missing field",
            DecodeStatus.MalformedCsv => "malformed CSV",
            DecodeStatus.Malformed => "malformed event",
            _ => "cannot decode",
        };
        string field = Field is null ? string.Empty : $" in field '{Field}'";
        string detail = Detail is null ? string.Empty : $": {Detail}";
        return string.Create(CultureInfo.InvariantCulture, $"{what}{field}{detail} (byte {BytePosition})");
    }
}
