using System.Globalization;
using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Hocon.Syntax;

/// <summary>White space, comments, and finding a place to go on after a mistake.</summary>
internal sealed partial class SyntaxReader
{
    // A value on a later line turned out to be the next field; it is read again as one.
    private bool _valueGivenBack;

    private char Next(int ahead) => _at + ahead < text.Length ? text[_at + ahead] : End;

    private bool IsCommentStart() => Current == '#' || (Current == '/' && Next(1) == '/');

    /// <summary>White space of the specification without the line feed: Unicode spaces, the control characters, the byte order mark.</summary>
    private static bool IsSpace(char c) =>
        c is ' ' or '\t' or '\r' or '\v' or '\f' or '\uFEFF' or (>= '\x1C' and <= '\x1F')
        || (c >= '\x80' && char.GetUnicodeCategory(c) is UnicodeCategory.SpaceSeparator
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    private void SkipSpaces()
    {
        while (!AtEnd && IsSpace(Current))
        {
            _at++;
        }
    }

    // Spaces, new lines and comments.
    private void SkipBlank()
    {
        while (!AtEnd)
        {
            if (Current == '\n')
            {
                NewLine();
            }
            else if (IsSpace(Current))
            {
                _at++;
            }
            else if (IsCommentStart())
            {
                SkipToEndOfLine();
            }
            else
            {
                return;
            }
        }
    }

    private void NewLine()
    {
        _at++;
        _line++;
        _lineStart = _at;
    }

    private void SkipToEndOfLine()
    {
        int end = text.IndexOf('\n', _at);
        _at = end < 0 ? text.Length : end;
    }

    private void RecoverFrom(ConfigPosition position)
    {
        // The mistake ended on an earlier line: what stands here is likely the next field.
        if (_line == position.Line && Current != '\n')
        {
            Recover();
        }
    }

    // Goes to the end of the line, or to the comma or bracket that ends the broken item, over whole brackets and strings.
    private void Recover()
    {
        int depth = 0;
        while (!AtEnd)
        {
            switch (Current)
            {
                case '\n' when depth == 0:
                    return;
                case ',' when depth == 0:
                    return;
                case '}' or ']' when depth == 0:
                    return;
                case '}' or ']':
                    depth--;
                    break;
                case '{' or '[':
                    depth++;
                    break;
                case '"':
                    SkipQuoted();
                    continue;
                case '\n':
                    NewLine();
                    continue;
                default:
                    if (IsCommentStart())
                    {
                        SkipToEndOfLine();
                        continue;
                    }

                    break;
            }

            _at++;
        }
    }

    private void SkipQuoted()
    {
        _at++;
        while (!AtEnd && Current is not ('"' or '\n'))
        {
            _at += Current == '\\' && Next(1) != '\n' ? 2 : 1;
        }

        _at = Math.Min(_at, text.Length);
        if (Current == '"')
        {
            _at++;
        }
    }

    private static string? ReservedHint(char c) =>
        Reserved.Contains(c) && c is not ('{' or '}' or '[' or ']' or ',') ? "put the text in double quotes" : null;
}
