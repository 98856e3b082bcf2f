using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Expressions;

/// <summary>String concatenation; NULL when a part is NULL or the whole is longer than a string may be.</summary>
internal sealed class ConcatNode(EvalNode[] operands) : EvalNode(FieldType.String)
{
    public override bool TryUtf8(scoped in RowView row, ByteArena scratch, out ReadOnlySpan<byte> value)
    {
        // Each part may write to the scratch itself, so the parts are gathered at the end and the result is always one piece:
        // part so far + next part, copied behind whatever the next part left there.
        value = default;
        for (int i = 0; i < operands.Length; i++)
        {
            if (!operands[i].TryUtf8(row, scratch, out ReadOnlySpan<byte> part)
                || value.Length + part.Length > ScalarResult.StringBytesMax)
            {
                value = default;
                return false;
            }

            value = i == 0 ? part : Join(value, part, scratch);
        }

        return true;
    }

    private static ReadOnlySpan<byte> Join(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, ByteArena scratch)
    {
        // When the text so far is already the last thing in the scratch, only the new part is added behind it.
        ReadOnlySpan<byte> written = scratch.Written;
        bool isLast = left.Length > 0 && left.Length <= written.Length
            && System.Runtime.CompilerServices.Unsafe.AreSame(
                in System.Runtime.InteropServices.MemoryMarshal.GetReference(left),
                in System.Runtime.InteropServices.MemoryMarshal.GetReference(written[^left.Length..]));
        int start = isLast ? scratch.Length - left.Length : scratch.Append(left);
        scratch.Append(right);
        return scratch.Written[start..];
    }
}

/// <summary>
/// LIKE: % stands for any text, _ for one character (code point), a character after the escape character for itself. There is no
/// escape character unless ESCAPE names one.
/// </summary>
internal sealed class LikeNode(EvalNode operand, EvalNode pattern, EvalNode? escape, bool isNegated) : EvalNode(FieldType.Boolean)
{
    public override Ternary EvalBoolean(scoped in RowView row, ByteArena scratch)
    {
        ReadOnlySpan<byte> escapeText = default;
        if (!operand.TryUtf8(row, scratch, out ReadOnlySpan<byte> text)
            || !pattern.TryUtf8(row, scratch, out ReadOnlySpan<byte> patternText)
            || (escape is not null && !escape.TryUtf8(row, scratch, out escapeText)))
        {
            return Ternary.Null;
        }

        if (LikePattern.Validate(patternText, escapeText) is not null)
        {
            return Ternary.Null;
        }

        return LikePattern.IsMatch(text, patternText, escapeText) != isNegated ? Ternary.True : Ternary.False;
    }
}

/// <summary>LIKE with a constant pattern without _ that is one literal with % at an end or both: most patterns are.</summary>
internal sealed class LikeLiteralNode(EvalNode operand, byte[] literal, bool isOpenBefore, bool isOpenAfter, bool isNegated)
    : EvalNode(FieldType.Boolean)
{
    public override Ternary EvalBoolean(scoped in RowView row, ByteArena scratch)
    {
        if (!operand.TryUtf8(row, scratch, out ReadOnlySpan<byte> text))
        {
            return Ternary.Null;
        }

        bool isMatch = (isOpenBefore, isOpenAfter) switch
        {
            (false, false) => text.SequenceEqual(literal),
            (false, true) => text.StartsWith(literal),
            (true, false) => text.EndsWith(literal),
            (true, true) => text.IndexOf(literal) >= 0,
        };
        return isMatch != isNegated ? Ternary.True : Ternary.False;
    }
}

/// <summary>Matching of LIKE patterns over UTF-8.</summary>
internal static class LikePattern
{
    /// <summary>What is wrong with a pattern, or null.</summary>
    public static string? Validate(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> escape)
    {
        if (escape.IsEmpty)
        {
            return null;
        }

        if (CharacterLength(escape, 0) != escape.Length)
        {
            return "ESCAPE needs a single character";
        }

        for (int i = 0; i < pattern.Length;)
        {
            if (pattern[i..].StartsWith(escape))
            {
                i += escape.Length;
                if (i == pattern.Length)
                {
                    return "the pattern ends with its escape character";
                }
            }

            i += CharacterLength(pattern, i);
        }

        return null;
    }

    /// <summary>
    /// True when the whole text matches. On a mismatch only the last % is widened, so the time is at most text × pattern.
    /// </summary>
    public static bool IsMatch(ReadOnlySpan<byte> text, ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> escape)
    {
        int t = 0;
        int p = 0;
        int resumePattern = -1;
        int resumeText = 0;
        while (true)
        {
            if (p == pattern.Length && t == text.Length)
            {
                return true;
            }

            if (p < pattern.Length)
            {
                bool isEscaped = !escape.IsEmpty && pattern[p..].StartsWith(escape);
                if (!isEscaped && pattern[p] == '%')
                {
                    resumePattern = ++p;
                    resumeText = t;
                    continue;
                }

                int literal = isEscaped ? p + escape.Length : p;
                int length = CharacterLength(pattern, literal);
                if (t < text.Length && !isEscaped && pattern[p] == '_')
                {
                    t += CharacterLength(text, t);
                    p++;
                    continue;
                }

                if (text[t..].StartsWith(pattern.Slice(literal, length)) && (isEscaped || pattern[p] != '_'))
                {
                    t += length;
                    p = literal + length;
                    continue;
                }
            }

            if (resumePattern < 0 || resumeText >= text.Length)
            {
                return false;
            }

            resumeText += CharacterLength(text, resumeText);
            t = resumeText;
            p = resumePattern;
        }
    }

    /// <summary>
    /// Splits a pattern into one literal with optional % before and after it; false when it has another form.
    /// </summary>
    public static bool TryGetLiteral(
        ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> escape, out byte[] literal, out bool isOpenBefore, out bool isOpenAfter)
    {
        literal = [];
        isOpenBefore = pattern.Length > 0 && pattern[0] == '%' && !escape.SequenceEqual("%"u8);
        ReadOnlySpan<byte> rest = isOpenBefore ? pattern[1..] : pattern;
        isOpenAfter = rest.Length > 0 && rest[^1] == '%';
        rest = isOpenAfter ? rest[..^1] : rest;
        if (rest.ContainsAny((byte)'%', (byte)'_') || (!escape.IsEmpty && pattern.IndexOf(escape) >= 0))
        {
            return false;
        }

        literal = rest.ToArray();
        return true;
    }

    public static int CharacterLength(ReadOnlySpan<byte> text, int index)
    {
        int length = text[index] switch { < 0xC0 => 1, < 0xE0 => 2, < 0xF0 => 3, _ => 4 };
        return Math.Min(length, text.Length - index);
    }
}
