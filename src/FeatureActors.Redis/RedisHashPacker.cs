using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Redis;

/// <summary>
/// Turns the fields of one key into one argument. Measured with 32 short fields a key, 200 keys a script: one argument per
/// field costs 22 µs of CPU per key (client and server), MessagePack 16 µs, a listpack given to <c>RESTORE</c> 7 µs, because
/// Redis keeps the bytes as they are. One argument per key and not per batch: a batch's bytes would land on the large object heap.
/// Not safe for concurrent use.
/// </summary>
internal sealed class RedisHashPacker
{
    // RDB type 16 is a hash as listpack; Redis 7.0 (RDB version 10) introduced it and every later version must load it.
    private const byte RdbHashListpack = 16;
    private const ushort RdbVersion = 10;

    // Type byte, 32-bit length form, listpack header of total bytes (4) and count (2).
    private const int BodyStart = 6;
    private const int HeaderLength = BodyStart + 6;

    // A listpack counts its entries in 16 bits, where 65535 means "too many to say".
    private const int FieldsMax = 32_000;

    private readonly FieldNameSet _names = new();
    private readonly List<ReadOnlyMemory<byte>> _checkedNames = [];
    private byte[] _buffer = new byte[4096];
    private int _length;

    /// <summary>Forgets the names of the batch before: their memory may hold others by now.</summary>
    public void BeginBatch()
    {
        _checkedNames.Clear();
        _names.Clear();
    }

    /// <summary>The hash as the payload of <c>RESTORE</c>: type, listpack, version, CRC-64.</summary>
    /// <exception cref="ArgumentException">A field occurs twice: Redis would keep both, or stop at converting them.</exception>
    public byte[] PackListpack(PublishBatch batch, in PublishItem item)
    {
        int count = CheckFields(batch, item);
        ReadOnlySpan<PublishField> fields = FieldsOf(batch, item);
        RefuseRepeatedNames(batch, fields);
        _length = HeaderLength;
        foreach (ref readonly PublishField field in fields)
        {
            AppendEntry(field.Name.Span);
            AppendEntry(field.Value.Span);
        }

        Reserve(1 + 2 + 8);
        _buffer[_length++] = 0xFF;
        int listpackLength = _length - BodyStart;
        _buffer[0] = RdbHashListpack;
        _buffer[1] = 0x80;
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(2), listpackLength);
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(BodyStart), listpackLength);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(BodyStart + 4), (ushort)(count * 2));
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(_length), RdbVersion);
        _length += 2;
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer.AsSpan(_length), Crc64.Compute(_buffer.AsSpan(0, _length)));
        _length += 8;
        return _buffer.AsSpan(0, _length).ToArray();
    }

    /// <summary>The hash as a MessagePack array of name, value, name, value ….</summary>
    public byte[] PackFields(PublishBatch batch, in PublishItem item)
    {
        int count = CheckFields(batch, item);
        _length = 0;
        Reserve(3);
        _buffer[_length++] = 0xDC;
        BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(_length), (ushort)(count * 2));
        _length += 2;
        foreach (ref readonly PublishField field in FieldsOf(batch, item))
        {
            AppendText(field.Name.Span);
            AppendText(field.Value.Span);
        }

        return _buffer.AsSpan(0, _length).ToArray();
    }

    private static int CheckFields(PublishBatch batch, in PublishItem item) => item.FieldsCount is > 0 and <= FieldsMax
        ? item.FieldsCount
        : throw new ArgumentException(
            $"a batch of shard {batch.Shard} writes a key with {item.FieldsCount} fields; 1 to {FieldsMax} are possible", nameof(batch));

    // The usual lists give their memory away; an interface call per field would cost as much as copying it.
    private static ReadOnlySpan<PublishField> FieldsOf(PublishBatch batch, in PublishItem item) => batch.Fields switch
    {
        PublishField[] array => array.AsSpan(item.FieldsStart, item.FieldsCount),
        List<PublishField> list => CollectionsMarshal.AsSpan(list).Slice(item.FieldsStart, item.FieldsCount),
        _ => Copy(batch.Fields, item.FieldsStart, item.FieldsCount),
    };

    private static PublishField[] Copy(IReadOnlyList<PublishField> fields, int start, int count)
    {
        var copy = new PublishField[count];
        for (int i = 0; i < count; i++)
        {
            copy[i] = fields[start + i];
        }

        return copy;
    }

    // A writer gives the same name memory for key after key; names that are those of the key before were looked at there.
    private void RefuseRepeatedNames(PublishBatch batch, ReadOnlySpan<PublishField> fields)
    {
        if (fields.Length == _checkedNames.Count)
        {
            ReadOnlySpan<ReadOnlyMemory<byte>> known = CollectionsMarshal.AsSpan(_checkedNames);
            int same = 0;
            while (same < fields.Length && fields[same].Name.Equals(known[same]))
            {
                same++;
            }

            if (same == fields.Length)
            {
                return;
            }
        }

        _checkedNames.Clear();
        _names.Clear();
        foreach (ref readonly PublishField field in fields)
        {
            if (!_names.TryAdd(field.Name))
            {
                throw new ArgumentException(
                    $"a batch of shard {batch.Shard} holds the field {Encoding.UTF8.GetString(field.Name.Span)} twice in one key", nameof(batch));
            }
        }

        foreach (ref readonly PublishField field in fields)
        {
            _checkedNames.Add(field.Name);
        }
    }

    private void AppendEntry(ReadOnlySpan<byte> text)
    {
        Reserve(text.Length + 10);
        if (text.Length < 64)
        {
            // The usual case: one byte of length before the text, and one of the whole entry behind it.
            Span<byte> entry = _buffer.AsSpan(_length, text.Length + 2);
            entry[0] = (byte)(0x80 | text.Length);
            text.CopyTo(entry[1..]);
            entry[^1] = (byte)(text.Length + 1);
            _length += entry.Length;
            return;
        }

        int start = _length;
        if (text.Length < 4096)
        {
            _buffer[_length++] = (byte)(0xE0 | (text.Length >> 8));
            _buffer[_length++] = (byte)text.Length;
        }
        else
        {
            _buffer[_length++] = 0xF0;
            BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_length), text.Length);
            _length += 4;
        }

        text.CopyTo(_buffer.AsSpan(_length));
        _length += text.Length;
        AppendBackLength(_length - start);
    }

    // The entry's length again behind it, read from right to left in groups of seven bits; all but the leftmost byte carry the high bit.
    private void AppendBackLength(int length)
    {
        int bytes = length < 128 ? 1 : length < 16_384 ? 2 : length < 2_097_152 ? 3 : length < 268_435_456 ? 4 : 5;
        for (int i = bytes - 1; i >= 0; i--)
        {
            int group = (length >> (7 * i)) & 127;
            _buffer[_length++] = (byte)(i == bytes - 1 ? group : group | 128);
        }
    }

    private void AppendText(ReadOnlySpan<byte> text)
    {
        Reserve(text.Length + 5);
        if (text.Length < 32)
        {
            _buffer[_length++] = (byte)(0xA0 | text.Length);
        }
        else if (text.Length <= ushort.MaxValue)
        {
            _buffer[_length++] = 0xDA;
            BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(_length), (ushort)text.Length);
            _length += 2;
        }
        else
        {
            _buffer[_length++] = 0xDB;
            BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(_length), text.Length);
            _length += 4;
        }

        text.CopyTo(_buffer.AsSpan(_length));
        _length += text.Length;
    }

    private void Reserve(int bytes)
    {
        if (_buffer.Length - _length < bytes)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + bytes));
        }
    }
}
