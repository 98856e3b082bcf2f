using System.Buffers;
using System.Text;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using static FeatureActors.Abstractions.Rows.FieldType;

namespace FeatureActors.Core.Expressions;

/// <summary>
/// String functions over UTF-8. Positions and lengths count characters (code points) from 1, as PostgreSQL's do.
/// </summary>
internal static class TextFunctions
{
    public static IReadOnlyList<IScalarFunction> All { get; } =
    [
        new BuiltInFunction("LOWER", BuiltInFunction.Of(FieldType.String, static (scoped in RowView a, ref ScalarResult r) =>
            ChangeCase(a.GetUtf8(0), ref r, isUpper: false), FieldType.String)),
        new BuiltInFunction("UPPER", BuiltInFunction.Of(FieldType.String, static (scoped in RowView a, ref ScalarResult r) =>
            ChangeCase(a.GetUtf8(0), ref r, isUpper: true), FieldType.String)),
        new BuiltInFunction("LENGTH", BuiltInFunction.Of(Long, static (scoped in RowView a, ref ScalarResult r) =>
            r.SetInt64(CharacterCount(a.GetUtf8(0))), FieldType.String)),
        new BuiltInFunction(
            "SUBSTRING",
            BuiltInFunction.Of(FieldType.String, static (scoped in RowView a, ref ScalarResult r) =>
                Substring(a.GetUtf8(0), a.GetInt64(1), long.MaxValue, ref r), FieldType.String, Long),
            BuiltInFunction.Of(FieldType.String, static (scoped in RowView a, ref ScalarResult r) =>
                Substring(a.GetUtf8(0), a.GetInt64(1), a.GetInt64(2), ref r), FieldType.String, Long, Long)),
        new BuiltInFunction("TRIM", BuiltInFunction.Of(FieldType.String, static (scoped in RowView a, ref ScalarResult r) =>
            r.SetUtf8(a.GetUtf8(0).Trim((byte)' ')), FieldType.String)),
        new BuiltInFunction("LTRIM", BuiltInFunction.Of(FieldType.String, static (scoped in RowView a, ref ScalarResult r) =>
            r.SetUtf8(a.GetUtf8(0).TrimStart((byte)' ')), FieldType.String)),
        new BuiltInFunction("RTRIM", BuiltInFunction.Of(FieldType.String, static (scoped in RowView a, ref ScalarResult r) =>
            r.SetUtf8(a.GetUtf8(0).TrimEnd((byte)' ')), FieldType.String)),
        new BuiltInFunction("REPLACE", BuiltInFunction.Of(FieldType.String, static (scoped in RowView a, ref ScalarResult r) =>
            Replace(a.GetUtf8(0), a.GetUtf8(1), a.GetUtf8(2), ref r), FieldType.String, FieldType.String, FieldType.String)),
        new BuiltInFunction("STARTS_WITH", BuiltInFunction.Of(FieldType.Boolean, static (scoped in RowView a, ref ScalarResult r) =>
            r.SetBoolean(a.GetUtf8(0).StartsWith(a.GetUtf8(1))), FieldType.String, FieldType.String)),
        new BuiltInFunction("ENDS_WITH", BuiltInFunction.Of(FieldType.Boolean, static (scoped in RowView a, ref ScalarResult r) =>
            r.SetBoolean(a.GetUtf8(0).EndsWith(a.GetUtf8(1))), FieldType.String, FieldType.String)),
        new BuiltInFunction("CONTAINS", BuiltInFunction.Of(FieldType.Boolean, static (scoped in RowView a, ref ScalarResult r) =>
            r.SetBoolean(a.GetUtf8(0).IndexOf(a.GetUtf8(1)) >= 0), FieldType.String, FieldType.String)),
        new BuiltInFunction("SPLIT_PART", BuiltInFunction.Of(FieldType.String, static (scoped in RowView a, ref ScalarResult r) =>
            SplitPart(a.GetUtf8(0), a.GetUtf8(1), a.GetInt64(2), ref r), FieldType.String, FieldType.String, Long)),
        new ConcatFunction(),
    ];

    private static int CharacterCount(ReadOnlySpan<byte> text)
    {
        int count = 0;
        foreach (byte b in text)
        {
            count += (b & 0xC0) == 0x80 ? 0 : 1;
        }

        return count;
    }

    // One character at a time by the simple, culture-free case mapping of Unicode; a mapping may change the number of bytes.
    private static void ChangeCase(scoped ReadOnlySpan<byte> text, ref ScalarResult result, bool isUpper)
    {
        Span<byte> room = result.ReserveUtf8(text.Length);
        if (room.Length < text.Length)
        {
            return;
        }

        OperationStatus status = isUpper
            ? Ascii.ToUpper(text, room, out int written)
            : Ascii.ToLower(text, room, out written);
        if (status == OperationStatus.Done)
        {
            result.CommitUtf8(written);
            return;
        }

        // Two bytes may become three at most; four stay four.
        room = result.ReserveUtf8(text.Length + (text.Length / 2) + 4);
        if (room.IsEmpty)
        {
            return;
        }

        written = 0;
        while (!text.IsEmpty)
        {
            Rune.DecodeFromUtf8(text, out Rune rune, out int used);
            Rune changed = isUpper ? Rune.ToUpperInvariant(rune) : Rune.ToLowerInvariant(rune);
            written += changed.EncodeToUtf8(room[written..]);
            text = text[used..];
        }

        result.CommitUtf8(written);
    }

    // As PostgreSQL: characters from start to start + length − 1, of which those outside the text are left out.
    private static void Substring(scoped ReadOnlySpan<byte> text, long start, long length, ref ScalarResult result)
    {
        if (length < 0)
        {
            return;
        }

        long end = length == long.MaxValue || (start > 0 && length > long.MaxValue - start) ? long.MaxValue : start + length;
        long first = Math.Max(start, 1);
        long position = 1;
        int from = -1;
        int index = 0;
        for (; index < text.Length && position < end; position++)
        {
            from = position == first ? index : from;
            index += LikePattern.CharacterLength(text, index);
        }

        result.SetUtf8(from < 0 ? default : text[from..index]);
    }

    private static void Replace(
        scoped ReadOnlySpan<byte> text, scoped ReadOnlySpan<byte> old, scoped ReadOnlySpan<byte> with, ref ScalarResult result)
    {
        if (old.IsEmpty)
        {
            result.SetUtf8(text);
            return;
        }

        long size = text.Length + ((long)text.Count(old) * (with.Length - old.Length));
        Span<byte> room = size > ScalarResult.StringBytesMax ? default : result.ReserveUtf8((int)size);
        if (room.Length < size || size > ScalarResult.StringBytesMax)
        {
            return;
        }

        int written = 0;
        for (int found; (found = text.IndexOf(old)) >= 0; text = text[(found + old.Length)..])
        {
            text[..found].CopyTo(room[written..]);
            with.CopyTo(room[(written + found)..]);
            written += found + with.Length;
        }

        text.CopyTo(room[written..]);
        result.CommitUtf8(written + text.Length);
    }

    // Field n counted from 1, or from the end when n is negative; empty when there are fewer; NULL for n = 0.
    private static void SplitPart(
        scoped ReadOnlySpan<byte> text, scoped ReadOnlySpan<byte> delimiter, long number, ref ScalarResult result)
    {
        if (number == 0)
        {
            return;
        }

        int count = delimiter.IsEmpty ? 1 : text.Count(delimiter) + 1;
        long wanted = number > 0 ? number : count + number + 1;
        if (wanted < 1 || wanted > count)
        {
            result.SetUtf8(default);
            return;
        }

        for (long skipped = 1; skipped < wanted; skipped++)
        {
            text = text[(text.IndexOf(delimiter) + delimiter.Length)..];
        }

        int end = delimiter.IsEmpty ? -1 : text.IndexOf(delimiter);
        result.SetUtf8(end < 0 ? text : text[..end]);
    }

    /// <summary>CONCAT passes over NULLs, unlike ||.</summary>
    private sealed class ConcatFunction : IScalarFunction
    {
        public string Name => "CONCAT";

        public IReadOnlyList<ScalarSignature> Signatures { get; } =
            [new ScalarSignature([FieldType.String], FieldType.String, IsVariadic: true)];

        public bool IsStrict => false;

        public ScalarBinding Bind(int signature, IReadOnlyList<ScalarArgument> arguments) =>
            ScalarBinding.To(new Bound(arguments.Count));

        private sealed class Bound(int count) : IScalarEvaluator
        {
            public void Evaluate(scoped in RowView arguments, ref ScalarResult result)
            {
                long size = 0;
                for (int i = 0; i < count; i++)
                {
                    size += arguments.IsNull(i) ? 0 : arguments.GetUtf8(i).Length;
                }

                if (size > ScalarResult.StringBytesMax)
                {
                    return;
                }

                Span<byte> room = result.ReserveUtf8((int)size);
                int written = 0;
                for (int i = 0; i < count; i++)
                {
                    if (!arguments.IsNull(i))
                    {
                        ReadOnlySpan<byte> part = arguments.GetUtf8(i);
                        part.CopyTo(room[written..]);
                        written += part.Length;
                    }
                }

                result.CommitUtf8(written);
            }
        }
    }
}
