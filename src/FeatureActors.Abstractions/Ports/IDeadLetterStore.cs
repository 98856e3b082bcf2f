namespace FeatureActors.Abstractions.Ports;

/// <summary>
/// Keeps events and rows that could not be used, bounded by number and bytes: the oldest give way. Unique by (origin, group,
/// feature, reason) among those held, so a replay adds nothing; origin = (source, lane, partition, offset, ordinal).
/// Methods may throw <see cref="Errors.DependencyUnavailableException"/>. Safe for concurrent calls.
/// </summary>
public interface IDeadLetterStore
{
    /// <summary>
    /// Adds letters, all or none, with rising ids in the order given; repetitions are ignored. The store keeps the first
    /// <see cref="DeadLetter.BytesMax"/> bytes of each. The memory belongs to the caller again when the call ends.
    /// </summary>
    ValueTask AddAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken);

    /// <summary>Lists letters, newest id first, without their bytes.</summary>
    /// <param name="reason">Only this reason, or null for all.</param>
    /// <param name="beforeId">Only ids below this one; null starts at the newest.</param>
    /// <param name="limit">Most letters to answer.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<IReadOnlyList<DeadLetter>> ListAsync(string? reason, long? beforeId, int limit, CancellationToken cancellationToken);

    /// <summary>One letter with its bytes, or null.</summary>
    ValueTask<DeadLetter?> ReadAsync(long id, CancellationToken cancellationToken);

    /// <summary>Number of letters held, by reason.</summary>
    ValueTask<IReadOnlyDictionary<string, long>> CountAsync(CancellationToken cancellationToken);
}

/// <summary>An event or row that could not be used.</summary>
public sealed record DeadLetter
{
    /// <summary>Most bytes of an event that are kept.</summary>
    public const int BytesMax = 64 * 1024;

    /// <summary>Id given by the store; 0 before.</summary>
    public long Id { get; init; }

    /// <summary>Source name.</summary>
    public required string Source { get; init; }

    /// <summary>Lane of the source, see <see cref="SourcePosition.Lane"/>: offsets of a recreated source repeat.</summary>
    public int Lane { get; init; }

    /// <summary>Source partition.</summary>
    public required int Partition { get; init; }

    /// <summary>Source offset.</summary>
    public required long Offset { get; init; }

    /// <summary>Ordinal of the row among the event's rows; −1 for the whole event.</summary>
    public int Ordinal { get; init; } = -1;

    /// <summary>Group that refused the row; empty for the whole event.</summary>
    public string Group { get; init; } = "";

    /// <summary>Feature that refused the row; empty when not one feature's.</summary>
    public string Feature { get; init; } = "";

    /// <summary>Short reason, such as <c>malformed-json</c>; also a metric label.</summary>
    public required string Reason { get; init; }

    /// <summary>Full error with its place in the event.</summary>
    public required string Error { get; init; }

    /// <summary>When it was refused, Unix milliseconds.</summary>
    public required long AtMs { get; init; }

    /// <summary>The event's first <see cref="BytesMax"/> bytes; for a row, its key.</summary>
    public ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>Length of the whole event in bytes.</summary>
    public required long Length { get; init; }

    /// <summary>SHA-256 of the whole event, lower-case hex; empty for a row.</summary>
    public string Sha256 { get; init; } = "";
}
