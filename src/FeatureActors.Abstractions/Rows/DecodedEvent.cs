namespace FeatureActors.Abstractions.Rows;

/// <summary>
/// The fields of one decoded event, reused from event to event: cells in the order of the decoder's field list and the bytes of
/// their strings and decimals. Fields that nobody needs are NULL. Filled by one decoder at a time; not thread-safe.
/// </summary>
public sealed class DecodedEvent
{
    private readonly RowCell[] _cells;

    /// <summary>Creates room for <paramref name="fieldCount"/> fields.</summary>
    public DecodedEvent(int fieldCount) => _cells = new RowCell[fieldCount];

    /// <summary>One cell per declared field.</summary>
    public Span<RowCell> Cells => _cells;

    /// <summary>Strings and decimals of the cells.</summary>
    public ByteArena Bytes { get; } = new();

    /// <summary>
    /// Event time in Unix milliseconds as the event says it; clamping to <c>max-future</c> is the caller's, who may write the
    /// clamped time back. 0 when the decoder has no event-time field.
    /// </summary>
    public long EventTimeMs { get; set; }

    /// <summary>Makes every field NULL and forgets the bytes; keeps the memory.</summary>
    public void Clear()
    {
        Array.Clear(_cells);
        Bytes.Clear();
        EventTimeMs = 0;
    }

    /// <summary>The event as a row; valid until the next decode into this instance.</summary>
    public RowView View(long ingestTimeMs, int sign = 1) => new(_cells, Bytes.Written, EventTimeMs, ingestTimeMs, sign);
}
