namespace FeatureActors.Core.Batches;

/// <summary>The fixed part of a row in a batch. Mutable, so that a batch of rows is read in place.</summary>
/// <param name="Offset">Source offset of the row's event.</param>
/// <param name="Ordinal">Ordinal among the event's rows.</param>
/// <param name="Sign">+1, or −1 for a retraction.</param>
/// <param name="EventTimeMs">Event time, Unix milliseconds.</param>
/// <param name="IngestTimeMs">When ingest read the event, Unix milliseconds.</param>
/// <param name="Groups">Bits of the groups that take the row.</param>
/// <param name="EventIdHash">Hash of the event id, or 0.</param>
/// <param name="KeyStart">First byte of the key in the batch.</param>
/// <param name="KeyLength">Length of the key.</param>
/// <param name="ColumnsStart">First byte of the columns.</param>
/// <param name="End">First byte behind the row: where the next one starts.</param>
public record struct RowHead(
    long Offset,
    int Ordinal,
    int Sign,
    long EventTimeMs,
    long IngestTimeMs,
    ulong Groups,
    ulong EventIdHash,
    int KeyStart,
    int KeyLength,
    int ColumnsStart,
    int End);
