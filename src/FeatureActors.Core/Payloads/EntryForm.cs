using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// What one entry of a first/last list holds: a value alone, as its own bytes, or a value with side columns: the length of the value
/// (varint), the value, then for each side 0 for NULL or its length + 1 (varint) and its bytes. Entries of one time are ordered by
/// value, then by their sides, NULL below everything. Shared by all shards.
/// </summary>
internal sealed class EntryForm(FeatureColumn of, IReadOnlyList<FeatureColumn> sides)
{
    private const int LengthBytesMax = 4;

    [ThreadStatic]
    private static byte[]? Buffer;

    private readonly int _column = of.Index;
    private readonly FieldType _type = of.Type;
    private readonly FeatureColumn[] _sides = [.. sides];

    /// <summary>Most bytes of an entry.</summary>
    public long BytesMax => _sides.Length == 0
        ? FieldValue.BytesMax(_type)
        : LengthBytesMax + FieldValue.BytesMax(_type) + _sides.Sum(static s => (long)LengthBytesMax + FieldValue.BytesMax(s.Type));

    /// <summary>What a single entry is as a value.</summary>
    public FeatureTraits ScalarTraits => _sides.Length > 0 ? FeatureTraits.None
        : FieldValue.IsNumber(_type) ? FeatureTraits.Numeric
        : _type == FieldType.String ? FeatureTraits.Text
        : FeatureTraits.None;

    /// <summary>True when the row has a value; sides may be NULL.</summary>
    public bool Accepts(in RowView row) => !row.IsNull(_column);

    /// <summary>The entry of a row: in the row itself, in <paramref name="scratch"/>, or valid until the next call on this thread.</summary>
    /// <exception cref="InvalidOperationException">A string is too long.</exception>
    public ReadOnlySpan<byte> Encode(scoped in RowView row, Span<byte> scratch)
    {
        ReadOnlySpan<byte> value = FieldValue.Encode(row, _column, _type, scratch);
        if (_sides.Length == 0)
        {
            return value;
        }

        int length = 0;
        Append(value, value.Length, ref length);
        foreach (FeatureColumn side in _sides)
        {
            if (row.IsNull(side.Index))
            {
                Append(default, 0, ref length);
                continue;
            }

            ReadOnlySpan<byte> bytes = FieldValue.Encode(row, side.Index, side.Type, scratch);
            Append(bytes, bytes.Length + 1, ref length);
        }

        return Buffer.AsSpan(0, length);
    }

    /// <summary>The part of an entry by which it counts once.</summary>
    public ReadOnlySpan<byte> Identity(ReadOnlySpan<byte> entry)
    {
        if (_sides.Length == 0)
        {
            return entry;
        }

        int at = 0;
        int length = (int)Packed.ReadVarint(entry, ref at);
        return entry.Slice(at, length);
    }

    /// <summary>Order of two entries of one time.</summary>
    public int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (_sides.Length == 0)
        {
            return FieldValue.Compare(_type, left, right);
        }

        ReadOnlySpan<byte> leftValue = Identity(left);
        ReadOnlySpan<byte> rightValue = Identity(right);
        int order = FieldValue.Compare(_type, leftValue, rightValue);
        int leftAt = Behind(leftValue);
        int rightAt = Behind(rightValue);
        for (int i = 0; order == 0 && i < _sides.Length; i++)
        {
            bool hasLeft = TryReadSide(left, ref leftAt, out leftValue);
            bool hasRight = TryReadSide(right, ref rightAt, out rightValue);
            order = hasLeft && hasRight
                ? FieldValue.Compare(_sides[i].Type, leftValue, rightValue)
                : hasLeft.CompareTo(hasRight);
        }

        return order;
    }

    /// <summary>Writes an entry: a scalar, or with sides an array.</summary>
    public void Write(ReadOnlySpan<byte> entry, FeatureValueWriter value)
    {
        if (_sides.Length == 0)
        {
            FieldValue.Write(_type, entry, value);
            return;
        }

        value.BeginArray();
        ReadOnlySpan<byte> part = Identity(entry);
        FieldValue.Write(_type, part, value);
        int at = Behind(part);
        foreach (FeatureColumn side in _sides)
        {
            if (TryReadSide(entry, ref at, out part))
            {
                FieldValue.Write(side.Type, part, value);
            }
            else
            {
                value.WriteJson("null"u8);
            }
        }

        value.EndArray();
    }

    private static int Behind(ReadOnlySpan<byte> value) => Packed.VarintLength((ulong)value.Length) + value.Length;

    private static bool TryReadSide(ReadOnlySpan<byte> entry, scoped ref int at, out ReadOnlySpan<byte> side)
    {
        int length = (int)Packed.ReadVarint(entry, ref at) - 1;
        if (length < 0)
        {
            side = default;
            return false;
        }

        side = entry.Slice(at, length);
        at += length;
        return true;
    }

    private static void Append(ReadOnlySpan<byte> bytes, int header, ref int length)
    {
        int needed = length + LengthBytesMax + bytes.Length;
        if (Buffer is null || Buffer.Length < needed)
        {
            Array.Resize(ref Buffer, Math.Max(256, needed * 2));
        }

        length += Packed.WriteVarint(Buffer.AsSpan(length), (ulong)header);
        bytes.CopyTo(Buffer.AsSpan(length));
        length += bytes.Length;
    }
}
