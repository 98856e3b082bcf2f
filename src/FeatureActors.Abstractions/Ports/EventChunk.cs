namespace FeatureActors.Abstractions.Ports;

/// <summary>
/// A run of raw events of one source partition, packed into one reused buffer, in offset order. Filled by an
/// <see cref="IEventReader"/>, read by the ingest actor; not safe for concurrent use.
/// </summary>
public sealed class EventChunk
{
    private readonly List<RawEvent> _events = [];
    private byte[] _bytes = new byte[64 * 1024];
    private int _used;

    /// <summary>The events in offset order.</summary>
    public IReadOnlyList<RawEvent> Events => _events;

    /// <summary>Number of events.</summary>
    public int Count => _events.Count;

    /// <summary>Bytes of all events.</summary>
    public int ByteCount => _used;

    /// <summary>Event <paramref name="index"/>.</summary>
    public RawEvent this[int index] => _events[index];

    /// <summary>Offset of the next event behind this chunk.</summary>
    public long NextOffset { get; set; }

    /// <summary>
    /// When not null, the source partition ends behind this chunk: nothing more will come, and event time is at least this
    /// (Unix milliseconds).
    /// </summary>
    public long? EndMs { get; set; }

    /// <summary>
    /// When not null, the events from this offset up to the chunk's first were asked for and are not held any more:
    /// the source's retention was shorter than the outage.
    /// </summary>
    public long? SkippedFrom { get; set; }

    /// <summary>Bytes of an event.</summary>
    public ReadOnlySpan<byte> Bytes(int index) => _bytes.AsSpan(_events[index].Start, _events[index].Length);

    /// <summary>Empties the chunk, keeping its buffer unless one huge event blew it up.</summary>
    public void Clear()
    {
        _events.Clear();
        _used = 0;
        EndMs = null;
        SkippedFrom = null;
        if (_bytes.Length > BytesKept)
        {
            _bytes = new byte[64 * 1024];
        }
    }

    /// <summary>Appends an event.</summary>
    /// <param name="offset">Its offset, above the one before.</param>
    /// <param name="bytes">Its bytes; copied.</param>
    public void Add(long offset, ReadOnlySpan<byte> bytes)
    {
        if (_bytes.Length - _used < bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _used + bytes.Length));
        }

        bytes.CopyTo(_bytes.AsSpan(_used));
        _events.Add(new RawEvent(offset, _used, bytes.Length));
        _used += bytes.Length;
        NextOffset = offset + 1;
    }

    // One event may have max-event-bytes (10 MB); a buffer of that size is not worth keeping for chunks of 64 KiB.
    private const int BytesKept = 4 * 1024 * 1024;
}

/// <summary>Place of one event in its chunk.</summary>
/// <param name="Offset">Source offset.</param>
/// <param name="Start">First byte in the chunk.</param>
/// <param name="Length">Number of bytes.</param>
public readonly record struct RawEvent(long Offset, int Start, int Length);
