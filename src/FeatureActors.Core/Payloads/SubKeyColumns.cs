using System.Buffers.Text;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// Makes the sub-key of a row: the text of one column, or of several, each escaped as part of an entity key and joined by <c>|</c>.
/// Shared by all shards.
/// </summary>
internal sealed class SubKeyColumns(IReadOnlyList<FeatureColumn> columns)
{
    /// <summary>Room that <see cref="TextOf"/> needs.</summary>
    public const int ScratchBytes = 20;

    [ThreadStatic]
    private static byte[]? Buffer;

    private readonly FeatureColumn[] _columns = [.. columns];
    private readonly int _first = columns[0].Index;

    /// <summary>True for one long column: its sub-keys are numbers.</summary>
    public bool IsLong { get; } = columns is [{ Type: FieldType.Long }];

    /// <summary>False when a part is NULL.</summary>
    public bool Accepts(in RowView row)
    {
        for (int i = 0; i < _columns.Length; i++)
        {
            if (row.IsNull(_columns[i].Index))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The sub-key of a row: in the row itself, in <paramref name="scratch"/>, or valid until the next call on this thread.</summary>
    /// <exception cref="InvalidOperationException">It is longer than <see cref="SubKeys.TextBytesMax"/>.</exception>
    public ReadOnlySpan<byte> TextOf(scoped in RowView row, Span<byte> scratch)
    {
        if (_columns.Length > 1)
        {
            return Join(row);
        }

        if (IsLong)
        {
            Utf8Formatter.TryFormat(row.GetInt64(_first), scratch, out int written);
            return scratch[..written];
        }

        ReadOnlySpan<byte> text = row.GetUtf8(_first);
        return text.Length <= SubKeys.TextBytesMax ? text : throw TooLong(text.Length);
    }

    private ReadOnlySpan<byte> Join(scoped in RowView row)
    {
        Buffer ??= new byte[SubKeys.TextBytesMax];
        Span<byte> target = Buffer;
        int length = 0;
        for (int i = 0; i < _columns.Length; i++)
        {
            FeatureColumn column = _columns[i];
            if (i > 0 && length < target.Length)
            {
                target[length++] = EntityKey.PartSeparator;
            }

            bool fits = column.Type == FieldType.Long
                ? Utf8Formatter.TryFormat(row.GetInt64(column.Index), target[length..], out int written)
                : EntityKey.TryEscape(row.GetUtf8(column.Index), target[length..], out written);
            if (!fits)
            {
                throw TooLong(null);
            }

            length += written;
        }

        return target[..length];
    }

    private static InvalidOperationException TooLong(int? length) =>
        new($"the sub-key has {(length is null ? "more" : length)} bytes; a map keeps sub-keys of at most {SubKeys.TextBytesMax} bytes");
}
