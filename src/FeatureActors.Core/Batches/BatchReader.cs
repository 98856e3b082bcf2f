using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Formats;
using FeatureActors.Core.Slots;

namespace FeatureActors.Core.Batches;

/// <summary>
/// Reads batches that <see cref="BatchWriter"/> packed. Reused for many batches; a row read is valid until the next one.
/// Not safe for concurrent use.
/// </summary>
public sealed class BatchReader
{
    private readonly Dictionary<int, int> _columnByNumber;
    private readonly RowCell[] _cells;
    private readonly StringCache _sources = new();
    private int[] _map = [];
    private FieldType[] _types = [];
    private int _columns;
    private ArraySegment<byte> _batch = ArraySegment<byte>.Empty;
    private BatchHeader _header;
    private int _rows;

    /// <summary>A reader that presents rows with the given columns.</summary>
    /// <param name="columnNumbers">For each column of the row views, the persistent numbers that carry it.</param>
    public BatchReader(IReadOnlyList<IReadOnlyList<int>> columnNumbers)
    {
        _cells = new RowCell[columnNumbers.Count];
        _columnByNumber = [];
        for (int i = 0; i < columnNumbers.Count; i++)
        {
            foreach (int number in columnNumbers[i])
            {
                _columnByNumber.Add(number, i);
            }
        }
    }

    /// <summary>Rows in the open batch.</summary>
    public int Count { get; private set; }

    /// <summary>Format of the open batch.</summary>
    public byte Format { get; private set; }

    /// <summary>Head of the open batch.</summary>
    public ref readonly BatchHeader Header => ref _header;

    /// <summary>Offset of the first row, for <see cref="ReadHead(int)"/>.</summary>
    public int FirstRow => _rows;

    /// <summary>Opens a batch.</summary>
    /// <exception cref="StateFormatException">The bytes are damaged or of a newer format.</exception>
    public void Open(ReadOnlyMemory<byte> batch)
    {
        ReadOnlySpan<byte> b = batch.Span;
        if (b.Length < BatchWriter.CountAt || b[0] != (byte)'F' || b[1] != (byte)'A')
        {
            throw new StateFormatException("a log entry is not a batch of rows: another program wrote to this topic");
        }

        // Before the checksum: where that is, too, is the format's own.
        if (!StoredFormat.IsKnown(b[2]))
        {
            throw new StateFormatException(StoredFormat.UnknownText("a batch", b[2]));
        }

        if (Checksum.Of(b[8..]) != BinaryPrimitives.ReadUInt32LittleEndian(b[4..]))
        {
            throw new StateFormatException("the checksum of a batch does not match: the log's bytes are damaged");
        }

        Format = b[2];
        int at = BatchWriter.HeadBytesOf(Format);
#if FORMAT_PREVIEW
        if (Format > 1 && BinaryPrimitives.ReadInt32LittleEndian(b[BatchWriter.LengthAt..]) != b.Length)
        {
            throw new StateFormatException("the length of a batch does not match: the log's bytes are damaged");
        }
#endif
        int sourceBytes = b[at++];
        string source = _sources.Get(b.Slice(at, sourceBytes));
        at += sourceBytes;
        _header = new BatchHeader(
            BinaryPrimitives.ReadInt32LittleEndian(b[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(b[16..]),
            source,
            BinaryPrimitives.ReadInt32LittleEndian(b[20..]),
            BinaryPrimitives.ReadInt32LittleEndian(b[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(b[28..]),
            BinaryPrimitives.ReadInt64LittleEndian(b[36..]),
            BinaryPrimitives.ReadInt64LittleEndian(b[44..]),
            (b[3] & 1) != 0,
            BinaryPrimitives.ReadInt64LittleEndian(b[52..]))
        {
            NodeVersion = BinaryPrimitives.ReadInt32LittleEndian(b[12..]),
        };
        Count = BinaryPrimitives.ReadInt32LittleEndian(b[BatchWriter.CountAt..]);
        at = MapColumns(b, at);

        // Every row asks for the bytes, and an array answers faster than memory of any kind.
        _batch = MemoryMarshal.TryGetArray(batch, out ArraySegment<byte> segment) ? segment : new ArraySegment<byte>(batch.ToArray());
        _rows = at;
    }

    /// <summary>Reads the head of the row at <paramref name="position"/>.</summary>
    public RowHead ReadHead(int position)
    {
        RowHead head = default;
        ReadHead(position, ref head);
        return head;
    }

    /// <summary>Reads the head of the row at <paramref name="position"/> into <paramref name="head"/>, field by field: a copy of the whole would wait for its parts.</summary>
    public void ReadHead(int position, ref RowHead head)
    {
        ReadOnlySpan<byte> b = _batch;
        if (!TryReadCommon(b, position, ref head))
        {
            ReadAny(b, position, ref head);
        }
    }

    /// <summary>The open batch, which the places in row heads refer to.</summary>
    public ReadOnlySpan<byte> Bytes => _batch;

    /// <summary>Key of a row.</summary>
    public ReadOnlySpan<byte> KeyOf(in RowHead head) => _batch.AsSpan(head.KeyStart, head.KeyLength);

    /// <summary>Columns of a row; valid until the next call.</summary>
    public RowView ReadColumns(in RowHead head)
    {
        ReadOnlySpan<byte> b = _batch;
        int bits = head.ColumnsStart;
        int at = bits + ((_columns + 7) / 8);
        for (int i = 0; i < _columns; i++)
        {
            int target = _map[i];
            if ((b[bits + (i >> 3)] & (1 << (i & 7))) != 0)
            {
                if (target >= 0)
                {
                    _cells[target].IsPresent = false;
                }

                continue;
            }

            RowCell cell = default;
            cell.IsPresent = true;
            switch (_types[i])
            {
                case FieldType.Long:
                    cell.Bits = Varint.UnZigZag(Varint.Read(b, ref at));
                    break;
                case FieldType.Double:
                    cell.Bits = BinaryPrimitives.ReadInt64LittleEndian(b[at..]);
                    at += 8;
                    break;
                case FieldType.Boolean:
                    cell.Bits = b[at++];
                    break;
                case FieldType.Decimal:
                    cell.Offset = at;
                    cell.Length = 16;
                    at += 16;
                    break;
                default:
                    cell.Length = (int)Varint.Read(b, ref at);
                    cell.Offset = at;
                    at += cell.Length;
                    break;
            }

            if (target >= 0)
            {
                _cells[target] = cell;
            }
        }

        return new RowView(_cells, b, head.EventTimeMs, head.IngestTimeMs, head.Sign);
    }

    /// <summary>
    /// Reads a head as nearly all are: length, ordinal, ingest time, groups and key length in a byte each, the offset in one or two, no event
    /// id. A few words tell so and hold all of it.
    /// </summary>
    private bool TryReadCommon(ReadOnlySpan<byte> b, int position, ref RowHead head)
    {
        const int OnesBeforeTime = 4;
        const int BytesBehindTime = 3;
        if (Format != 1 || b.Length - position < OnesBeforeTime + 1 + (2 * sizeof(ulong)))
        {
            return false;
        }

        // The top bit of a byte says that the number goes on in the next.
        ulong first = BinaryPrimitives.ReadUInt64LittleEndian(b[position..]);
        ulong offset;
        int at = position + OnesBeforeTime;
        if ((first & 0x80808080) == 0x8000)
        {
            offset = ((first >> 8) & 0x7F) | ((first >> 9) & 0x3F80);
            at++;
            first >>= 8;
        }
        else if ((first & 0x808080) == 0)
        {
            offset = (first >> 8) & 0x7F;
        }
        else
        {
            return false;
        }

        ulong behind = BinaryPrimitives.ReadUInt64LittleEndian(b[(at + sizeof(long))..]);
        if ((behind & 0x808080) != 0 || ((first >> 24) & 2) != 0)
        {
            return false;
        }

        head.End = position + 1 + b[position];
        head.Offset = _header.FirstOffset + (long)offset;
        head.Ordinal = (byte)(first >> 16);
        head.Sign = 1 - (int)((first >> 23) & 2);
        head.EventTimeMs = BinaryPrimitives.ReadInt64LittleEndian(b[at..]);
        head.IngestTimeMs = _header.IngestTimeMs + Varint.UnZigZag((byte)behind);
        head.Groups = (byte)(behind >> 8);
        head.EventIdHash = 0;
        head.KeyLength = (byte)(behind >> 16);
        head.KeyStart = at + sizeof(long) + BytesBehindTime;
        head.ColumnsStart = head.KeyStart + head.KeyLength;
        return true;
    }

    private void ReadAny(ReadOnlySpan<byte> b, int position, ref RowHead head)
    {
        int at = position;
        int length = (int)Varint.Read(b, ref at);
        head.End = at + length;
        head.Offset = _header.FirstOffset + (long)Varint.Read(b, ref at);
        head.Ordinal = (int)Varint.Read(b, ref at);
        byte flags = b[at++];
        head.Sign = (flags & 1) != 0 ? -1 : 1;
#if FORMAT_PREVIEW
        if (Format > 1)
        {
            head.EventTimeMs = _header.IngestTimeMs + Varint.UnZigZag(Varint.Read(b, ref at));
        }
        else
#endif
        {
            head.EventTimeMs = BinaryPrimitives.ReadInt64LittleEndian(b[at..]);
            at += 8;
        }

        head.IngestTimeMs = _header.IngestTimeMs + Varint.UnZigZag(Varint.Read(b, ref at));
        head.Groups = Varint.Read(b, ref at);
        head.EventIdHash = 0;
        if ((flags & 2) != 0)
        {
            head.EventIdHash = BinaryPrimitives.ReadUInt64LittleEndian(b[at..]);
            at += 8;
        }

        head.KeyLength = (int)Varint.Read(b, ref at);
        head.KeyStart = at;
        head.ColumnsStart = at + head.KeyLength;
    }

    private int MapColumns(ReadOnlySpan<byte> b, int at)
    {
        _columns = BinaryPrimitives.ReadUInt16LittleEndian(b[at..]);
        at += 2;
        if (_map.Length < _columns)
        {
            _map = new int[_columns];
            _types = new FieldType[_columns];
        }

        // Columns that this source does not carry are NULL in every row of the batch.
        Array.Clear(_cells);
        for (int i = 0; i < _columns; i++)
        {
            _map[i] = _columnByNumber.GetValueOrDefault(BinaryPrimitives.ReadInt32LittleEndian(b[at..]), -1);
            _types[i] = (FieldType)b[at + 4];
            at += 5;
        }

        return at;
    }

    /// <summary>Source names repeat in every batch; they are made into strings once.</summary>
    private sealed class StringCache
    {
        private readonly List<(byte[] Utf8, string Text)> _entries = [];

        public string Get(ReadOnlySpan<byte> utf8)
        {
            foreach ((byte[] known, string text) in _entries)
            {
                if (utf8.SequenceEqual(known))
                {
                    return text;
                }
            }

            string added = Encoding.UTF8.GetString(utf8);
            _entries.Add((utf8.ToArray(), added));
            return added;
        }
    }
}
