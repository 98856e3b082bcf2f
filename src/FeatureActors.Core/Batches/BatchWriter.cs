using System.Buffers.Binary;
using System.Text;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Formats;
using FeatureActors.Core.Slots;

namespace FeatureActors.Core.Batches;

/// <summary>
/// Packs rows into a batch. Format 1, little-endian:
/// <code>
/// magic "FA" | format u8 | flags u8 (1: end) | CRC-32C u32 of all behind | definitions version i32 | that of the node if above it, else 0, i32 | lane i32
/// source partition i32 | source partitions i32 | first offset i64 | last offset i64 | clock i64 | ingest time i64
/// row count i32 | source length u8 | source | columns u16, each: number u32, type u8 | rows
/// row: length varint | offset − first varint | ordinal varint | flags u8 (1: retraction, 2: event id) | event time i64
///      ingest time − base zigzag varint | group bits varint | event id hash u64 if flagged | key length varint | key
///      null bits, one per column, then each present column: long zigzag varint, double 8, decimal 16, boolean 1,
///      string length varint and bytes
/// </code>
/// Reused for many batches; not safe for concurrent use.
/// </summary>
public sealed class BatchWriter
{
    internal const int CountAt = 60;

    private readonly byte _format;
    private byte[] _buffer = new byte[4096];
    private int _length;
    private long _firstOffset;
    private long _ingestTimeMs;

    /// <summary>A writer of batches.</summary>
    /// <param name="format">Format to write, one of <see cref="StoredFormat"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">This release does not know it.</exception>
    public BatchWriter(byte format = StoredFormat.Default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(format, StoredFormat.Oldest);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(format, StoredFormat.Newest);
        _format = format;
    }

    /// <summary>Rows written since <see cref="Begin"/>.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes so far.</summary>
    public int Length => _length;

    /// <summary>Starts a batch. What is not known yet is given to <see cref="Complete"/>.</summary>
    public void Begin(string source, long firstOffset, long ingestTimeMs, IReadOnlyList<RowColumn> columns)
    {
        Count = 0;
        _firstOffset = firstOffset;
        _ingestTimeMs = ingestTimeMs;
        _length = 0;
        int head = HeadBytesOf(_format);
        Reserve(head + (source.Length * 3) + 3 + (columns.Count * 5));
        _length = head;
        int sourceBytes = Encoding.UTF8.GetBytes(source, _buffer.AsSpan(_length + 1));
        _buffer[_length] = (byte)sourceBytes;
        _length += 1 + sourceBytes;
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(_length), (ushort)columns.Count);
        _length += 2;
        foreach (RowColumn column in columns)
        {
            BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_length), column.Number);
            _buffer[_length + 4] = (byte)column.Type;
            _length += 5;
        }
    }

    /// <summary>Appends a row.</summary>
    /// <param name="offset">Source offset of its event.</param>
    /// <param name="ordinal">Ordinal among the event's rows.</param>
    /// <param name="groups">Bits of the groups that take it.</param>
    /// <param name="eventIdHash">Hash of the event id, or 0.</param>
    /// <param name="key">Entity key.</param>
    /// <param name="row">The decoded event.</param>
    /// <param name="columns">The columns given to <see cref="Begin"/>.</param>
    public void Add(
        long offset, int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row, IReadOnlyList<RowColumn> columns)
    {
        int bound = 64 + key.Length + SizeBound(row, columns);
        Reserve(bound);

        // The length is written in front once the row is known; five bytes hold any int.
        int start = _length + 5;
        int at = start;
        Span<byte> buffer = _buffer;
        at += Varint.Write(buffer[at..], (ulong)(offset - _firstOffset));
        at += Varint.Write(buffer[at..], (ulong)ordinal);
        buffer[at++] = (byte)((row.Sign < 0 ? 1 : 0) | (eventIdHash != 0 ? 2 : 0));
        at += WriteEventTime(buffer[at..], row.EventTimeMs);
        at += Varint.Write(buffer[at..], Varint.ZigZag(row.IngestTimeMs - _ingestTimeMs));
        at += Varint.Write(buffer[at..], groups);
        if (eventIdHash != 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(buffer[at..], eventIdHash);
            at += 8;
        }

        at += Varint.Write(buffer[at..], (ulong)key.Length);
        key.CopyTo(buffer[at..]);
        at += key.Length;
        at = WriteColumns(buffer, at, row, columns);
        int length = at - start;
        int prefix = Varint.Write(buffer[_length..], (ulong)length);
        if (prefix != 5)
        {
            buffer[start..at].CopyTo(buffer[(_length + prefix)..]);
        }

        _length += prefix + length;
        Count++;
    }

    /// <summary>Finishes the batch.</summary>
    /// <returns>The bytes; valid until the next <see cref="Begin"/>.</returns>
    public ReadOnlyMemory<byte> Complete(in BatchHeader header)
    {
        Span<byte> b = _buffer.AsSpan(0, _length);
        b[0] = (byte)'F';
        b[1] = (byte)'A';
        b[2] = _format;
        b[3] = (byte)(header.IsEnd ? 1 : 0);
        BinaryPrimitives.WriteInt32LittleEndian(b[8..], checked((int)header.DefinitionsVersion));
        BinaryPrimitives.WriteInt32LittleEndian(b[12..], header.NodeVersion > header.DefinitionsVersion ? checked((int)header.NodeVersion) : 0);
        BinaryPrimitives.WriteInt32LittleEndian(b[16..], header.Lane);
        BinaryPrimitives.WriteInt32LittleEndian(b[20..], header.SourcePartition);
        BinaryPrimitives.WriteInt32LittleEndian(b[24..], header.SourcePartitions);
        BinaryPrimitives.WriteInt64LittleEndian(b[28..], _firstOffset);
        BinaryPrimitives.WriteInt64LittleEndian(b[36..], header.LastOffset);
        BinaryPrimitives.WriteInt64LittleEndian(b[44..], header.ClockMs);
        BinaryPrimitives.WriteInt64LittleEndian(b[52..], _ingestTimeMs);
        BinaryPrimitives.WriteInt32LittleEndian(b[CountAt..], Count);
#if FORMAT_PREVIEW
        if (_format > 1)
        {
            BinaryPrimitives.WriteInt32LittleEndian(b[LengthAt..], _length);
        }
#endif
        BinaryPrimitives.WriteUInt32LittleEndian(b[4..], Checksum.Of(b[8..]));
        return _buffer.AsMemory(0, _length);
    }

#if FORMAT_PREVIEW
    // Format 2, of the test build only: the length of the whole behind the row count, and event times counted from the ingest time.
    internal const int LengthAt = 64;

    internal static int HeadBytesOf(byte format) => format > 1 ? 68 : 64;

    private int WriteEventTime(Span<byte> target, long eventTimeMs)
    {
        if (_format > 1)
        {
            return Varint.Write(target, Varint.ZigZag(eventTimeMs - _ingestTimeMs));
        }

        BinaryPrimitives.WriteInt64LittleEndian(target, eventTimeMs);
        return sizeof(long);
    }
#else
    internal static int HeadBytesOf(byte format) => 64;

    private static int WriteEventTime(Span<byte> target, long eventTimeMs)
    {
        BinaryPrimitives.WriteInt64LittleEndian(target, eventTimeMs);
        return sizeof(long);
    }
#endif

    private static int SizeBound(in RowView row, IReadOnlyList<RowColumn> columns)
    {
        int bound = (columns.Count + 7) / 8;
        for (int i = 0; i < columns.Count; i++)
        {
            bound += 16;
            if (columns[i].Type == FieldType.String && !row.IsNull(columns[i].Field))
            {
                bound += row.GetUtf8(columns[i].Field).Length;
            }
        }

        return bound;
    }

    private static int WriteColumns(Span<byte> buffer, int at, in RowView row, IReadOnlyList<RowColumn> columns)
    {
        int bits = at;
        int bitBytes = (columns.Count + 7) / 8;
        buffer.Slice(bits, bitBytes).Clear();
        at += bitBytes;
        for (int i = 0; i < columns.Count; i++)
        {
            RowColumn column = columns[i];
            if (row.IsNull(column.Field))
            {
                buffer[bits + (i >> 3)] |= (byte)(1 << (i & 7));
                continue;
            }

            switch (column.Type)
            {
                case FieldType.Long:
                    at += Varint.Write(buffer[at..], Varint.ZigZag(row.GetInt64(column.Field)));
                    break;
                case FieldType.Double:
                    BinaryPrimitives.WriteDoubleLittleEndian(buffer[at..], row.GetDouble(column.Field));
                    at += 8;
                    break;
                case FieldType.Boolean:
                    buffer[at++] = row.GetBoolean(column.Field) ? (byte)1 : (byte)0;
                    break;
                case FieldType.Decimal:
                    WriteDecimal(buffer[at..], row.GetDecimal(column.Field));
                    at += 16;
                    break;
                default:
                    ReadOnlySpan<byte> text = row.GetUtf8(column.Field);
                    at += Varint.Write(buffer[at..], (ulong)text.Length);
                    text.CopyTo(buffer[at..]);
                    at += text.Length;
                    break;
            }
        }

        return at;
    }

    private static void WriteDecimal(Span<byte> target, decimal value)
    {
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(value, parts);
        for (int i = 0; i < parts.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(target[(i * 4)..], parts[i]);
        }
    }

    private void Reserve(int bytes)
    {
        if (_buffer.Length - _length < bytes)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + bytes));
        }
    }
}
