namespace FeatureActors.Abstractions.Rows;

/// <summary>Unit of a numeric event-time field, or ISO 8601 text. Values are persisted: append only.</summary>
public enum EventTimeUnit : byte
{
    /// <summary>Milliseconds since 1970-01-01T00:00:00Z.</summary>
    Milliseconds = 1,

    /// <summary>Seconds since 1970-01-01T00:00:00Z; a fraction is allowed.</summary>
    Seconds = 2,

    /// <summary>Microseconds since 1970-01-01T00:00:00Z, rounded down to milliseconds.</summary>
    Microseconds = 3,

    /// <summary>ISO 8601 date and time with <c>Z</c>, an offset, or neither (then UTC), rounded down to milliseconds.</summary>
    Iso8601 = 4,
}

/// <summary>One declared field of a source.</summary>
/// <param name="Name">Name in the event, matched exactly.</param>
/// <param name="Type">Declared type.</param>
/// <param name="IsNeeded">False: the field is skipped, not parsed, and stays NULL.</param>
/// <param name="IsRequired">True: a needed field that is missing or null is a <see cref="DecodeStatus.MissingField"/>.</param>
public readonly record struct DecoderField(string Name, FieldType Type, bool IsNeeded = true, bool IsRequired = false);

/// <summary>Where the event time stands.</summary>
/// <param name="Field">Name of the field; it need not be among the declared fields.</param>
/// <param name="Unit">Unit of the field.</param>
public readonly record struct EventTimeField(string Field, EventTimeUnit Unit);

/// <summary>What a decoder is built with. Immutable.</summary>
public sealed class EventDecoderOptions
{
    /// <summary>Nesting of objects and arrays that is accepted; the event itself is level 1.</summary>
    public const int MaxDepth = 64;

    /// <summary>Default of <see cref="MaxEventBytes"/>: 10 MB.</summary>
    public const int DefaultMaxEventBytes = 10_000_000;

    /// <summary>Declared fields; the position in this list is the position of the cell. Names are unique.</summary>
    public required IReadOnlyList<DecoderField> Fields { get; init; }

    /// <summary>Where the event time stands; null when the source has none (the caller then sets it).</summary>
    public EventTimeField? EventTime { get; init; }

    /// <summary>Longest accepted event in bytes.</summary>
    public int MaxEventBytes { get; init; } = DefaultMaxEventBytes;
}
