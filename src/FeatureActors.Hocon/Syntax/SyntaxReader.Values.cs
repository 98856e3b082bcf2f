using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Hocon.Syntax;

/// <summary>Values: texts, substitutions and what stands beside each other.</summary>
internal sealed partial class SyntaxReader
{
    private const string TripleQuote = "\"\"\"";

    // Reads one value up to the end of the line, a comma or a closing bracket; null when there is none or it is broken.
    private SyntaxValue? ReadValue()
    {
        var pieces = new List<SyntaxPiece>();
        var plain = new List<ConfigScalar>();
        ConfigPosition start = Here;
        bool isBroken = false;
        while (true)
        {
            int spaceStart = _at;
            SkipSpaces();
            string space = text[spaceStart.._at];
            if (AtEnd || Current is '\n' or ',' or '}' or ']' || IsCommentStart())
            {
                break;
            }

            int before = _at;
            SyntaxValue? piece = ReadPiece();
            if (piece is null)
            {
                // Broken, or a character that ends the value without belonging to it, such as '=': the caller judges that.
                isBroken = _at > before;
                break;
            }

            if (pieces.Count > 0 && space.Length > 0)
            {
                pieces.Add(new SyntaxPiece(null, space));
            }

            pieces.Add(new SyntaxPiece(Slot.Of(piece), ""));
            if (piece is SyntaxScalar scalar)
            {
                plain.Add(scalar.Node);
            }
        }

        if (isBroken || pieces.Count == 0)
        {
            return null;
        }

        if (pieces.Count == 1)
        {
            return pieces[0].Slot!.Definitions[0].Value;
        }

        int values = pieces.Count(piece => piece.Slot is not null);
        return plain.Count == values ? JoinTexts(pieces, plain) : new SyntaxConcatenation(start, pieces);
    }

    private static SyntaxScalar JoinTexts(List<SyntaxPiece> pieces, List<ConfigScalar> plain)
    {
        var joined = new StringBuilder();
        foreach (SyntaxPiece piece in pieces)
        {
            joined.Append(piece.Slot is null ? piece.Space : TextOf(piece.Slot));
        }

        return new SyntaxScalar(
            new ConfigScalar(plain[0].Position, joined.ToString(), plain.Exists(p => p.IsQuoted), plain[0].TextPosition));

        static string TextOf(Slot slot) => ((SyntaxScalar)slot.Definitions[0].Value).Node.Text ?? "null";
    }

    private SyntaxValue? ReadPiece()
    {
        switch (Current)
        {
            case '{':
                return ReadObject();
            case '[':
                return ReadArray();
            case '"':
                return ReadQuoted() is { } scalar ? new SyntaxScalar(scalar) : null;
            case '$' when Next(1) == '{':
                return ReadSubstitution();
            default:
                return ReadUnquoted();
        }
    }

    private SyntaxScalar? ReadUnquoted()
    {
        ConfigPosition start = Here;
        int from = _at;
        while (IsUnquotedChar())
        {
            _at++;
        }

        if (_at == from)
        {
            return null;
        }

        string word = text[from.._at];
        return new SyntaxScalar(new ConfigScalar(start, word == "null" ? null : word, false, start));
    }

    private bool IsUnquotedChar() =>
        !AtEnd && Current != '\n' && !IsSpace(Current) && !Reserved.Contains(Current) && !IsCommentStart();

    // Null after an error; the position is then behind the broken string.
    private ConfigScalar? ReadQuoted()
    {
        ConfigPosition start = Here;
        if (text.AsSpan(_at).StartsWith(TripleQuote))
        {
            return ReadTripleQuoted(start);
        }

        _at++;
        var content = new StringBuilder();
        bool isBroken = false;
        while (true)
        {
            if (AtEnd || Current == '\n')
            {
                Error(start, "this quote is never closed", "close it on the same line, or use \"\"\" for several lines");
                return null;
            }

            char c = text[_at++];
            if (c == '"')
            {
                break;
            }

            if (c != '\\')
            {
                content.Append(c);
            }
            else if (ReadEscape() is { } escaped)
            {
                content.Append(escaped);
            }
            else
            {
                isBroken = true;
            }
        }

        return isBroken ? null : new ConfigScalar(start, content.ToString(), true, start.Shift(1));
    }

    private ConfigScalar? ReadTripleQuoted(ConfigPosition start)
    {
        int from = _at + TripleQuote.Length;
        int close = text.IndexOf(TripleQuote, from, StringComparison.Ordinal);
        if (close < 0)
        {
            Error(start, "these triple quotes are never closed", "close them with \"\"\"");
            _at = text.Length;
            return null;
        }

        // The last three of a run of quotes close the text; the ones before belong to it.
        while (close + TripleQuote.Length < text.Length && text[close + TripleQuote.Length] == '"')
        {
            close++;
        }

        string content = text[from..close];
        while (_at < close + TripleQuote.Length)
        {
            if (Current == '\n')
            {
                NewLine();
            }
            else
            {
                _at++;
            }
        }

        return new ConfigScalar(start, content, true, start.Shift(TripleQuote.Length));
    }

    // Behind the backslash. Null after an error.
    private char? ReadEscape()
    {
        ConfigPosition backslash = Here.Shift(-1);
        char c = Current;
        if (AtEnd || c == '\n')
        {
            return null;
        }

        _at++;
        switch (c)
        {
            case '"' or '\\' or '/':
                return c;
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u' when _at + 4 <= text.Length
                && ushort.TryParse(text.AsSpan(_at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code):
                _at += 4;
                return (char)code;
            case 'u':
                Error(backslash, "\\u needs four hexadecimal digits");
                return null;
            default:
                Error(backslash, $"'\\{c}' is no escape sequence", "write \\\\ for a backslash, or use \"\"\" where nothing is escaped");
                return null;
        }
    }

    private SyntaxSubstitution? ReadSubstitution()
    {
        ConfigPosition start = Here;
        _at += 2;
        bool isOptional = Current == '?';
        if (isOptional)
        {
            _at++;
        }

        SkipSpaces();
        List<(string Key, ConfigPosition Position)>? keys = ReadPath(isSubstitution: true);
        if (keys is not null && Current != '}')
        {
            Error(start, "this substitution is never closed", "write ${path} or ${?path}");
            keys = null;
        }

        if (keys is null)
        {
            Recover();
        }

        if (Current == '}')
        {
            _at++;
        }

        return keys is null ? null : Substitution(start, keys, isOptional);
    }

    private SyntaxSubstitution? Substitution(
        ConfigPosition start, List<(string Key, ConfigPosition Position)> keys, bool isOptional)
    {
        var scopes = new List<IReadOnlyList<string>>();
        for (IncludeScope? outer = scope; outer is not null; outer = outer.Outer)
        {
            if (outer.Path is null)
            {
                Error(
                    start,
                    "a substitution in a file that is included inside an array cannot be resolved",
                    "move the include out of the array");
                return null;
            }

            scopes.Add(outer.Path);
        }

        return new SyntaxSubstitution(start, [.. keys.Select(key => key.Key)], scopes, isOptional);
    }
}
