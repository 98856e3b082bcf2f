namespace FeatureActors.Abstractions.Rows;

/// <summary>Outcome of decoding one event. Values are the reasons of dead letters and of counters: append only.</summary>
public enum DecodeStatus : byte
{
    /// <summary>The event was decoded.</summary>
    Ok = 0,

    /// <summary>The bytes are not one JSON object.</summary>
    MalformedJson = 1,

    /// <summary>The bytes are not UTF-8, or a string escapes half a surrogate pair.</summary>
    InvalidUtf8 = 2,

    /// <summary>A field holds a value that its declared type cannot take.</summary>
    WrongType = 3,

    /// <summary>A number is too large for a double.</summary>
    NotFinite = 4,

    /// <summary>The event-time field is not a time between the years 0001 and 9999 in the declared unit.</summary>
    BadEventTime = 5,

    /// <summary>The event-time field is missing or null.</summary>
    MissingEventTime = 6,

    /// <summary>Objects and arrays are nested deeper than <see cref="EventDecoderOptions.MaxDepth"/>.</summary>
    TooDeep = 7,

    /// <summary>The event is longer than <see cref="EventDecoderOptions.MaxEventBytes"/>.</summary>
    TooLarge = 8,

    /// <summary>A required field is missing or null.</summary>
    MissingField = 9,

    /// <summary>The bytes are not one CSV record, or the record has another number of fields than the header.</summary>
    MalformedCsv = 10,

    /// <summary>The bytes are no event of the plug-in's format.</summary>
    Malformed = 11,
}
