using System.Globalization;
using System.Text;

namespace FeatureActors.Core.Expressions;

internal enum SqlTokenKind
{
    End,
    Identifier,
    QuotedIdentifier,
    String,
    Long,
    Number,
    Symbol,
}

/// <param name="Kind">What it is.</param>
/// <param name="Start">Index of the first character.</param>
/// <param name="Text">Unquoted text; the symbol itself for symbols; the name as written for identifiers.</param>
/// <param name="Value">The magnitude of a <see cref="SqlTokenKind.Long"/>.</param>
internal readonly record struct SqlToken(SqlTokenKind Kind, int Start, string Text, ulong Value = 0);

/// <summary>Splits the text of an expression into tokens.</summary>
internal sealed class SqlLexer(string text)
{
    private static readonly string[] TwoCharacterSymbols = ["<>", "!=", "<=", ">=", "||"];
    private int _position;

    /// <summary>Reads the next token; throws <see cref="SqlSyntaxException"/> where there is none.</summary>
    public SqlToken Next()
    {
        SkipSpaceAndComments();
        if (_position >= text.Length)
        {
            return new SqlToken(SqlTokenKind.End, text.Length, string.Empty);
        }

        char c = text[_position];
        if (IsIdentifierStart(c))
        {
            return Identifier();
        }

        if (char.IsAsciiDigit(c) || (c == '.' && _position + 1 < text.Length && char.IsAsciiDigit(text[_position + 1])))
        {
            return Number();
        }

        return c switch
        {
            '\'' => Quoted('\'', SqlTokenKind.String, "this string has no closing quote", "a quote inside a string is written ''"),
            '"' => Quoted('"', SqlTokenKind.QuotedIdentifier, "this column name has no closing quote", "strings stand in single quotes"),
            _ => Symbol(c),
        };
    }

    internal static bool IsIdentifierStart(char c) => char.IsLetter(c) || c == '_';

    internal static bool IsIdentifierPart(char c) => char.IsLetterOrDigit(c) || c is '_' or '$';

    private void SkipSpaceAndComments()
    {
        while (_position < text.Length)
        {
            if (char.IsWhiteSpace(text[_position]))
            {
                _position++;
            }
            else if (text[_position] == '-' && _position + 1 < text.Length && text[_position + 1] == '-')
            {
                int end = text.IndexOf('\n', _position);
                _position = end < 0 ? text.Length : end + 1;
            }
            else
            {
                return;
            }
        }
    }

    private SqlToken Identifier()
    {
        int start = _position;
        while (_position < text.Length && IsIdentifierPart(text[_position]))
        {
            _position++;
        }

        return new SqlToken(SqlTokenKind.Identifier, start, text[start.._position]);
    }

    private SqlToken Quoted(char quote, SqlTokenKind kind, string unclosed, string hint)
    {
        int start = _position++;
        var value = new StringBuilder();
        while (_position < text.Length)
        {
            char c = text[_position++];
            if (c != quote)
            {
                value.Append(c);
            }
            else if (_position < text.Length && text[_position] == quote)
            {
                value.Append(quote);
                _position++;
            }
            else
            {
                return Checked(new SqlToken(kind, start, value.ToString()));
            }
        }

        throw new SqlSyntaxException(start, unclosed, hint);
    }

    private static SqlToken Checked(SqlToken token)
    {
        if (token is { Kind: SqlTokenKind.QuotedIdentifier, Text.Length: 0 })
        {
            throw new SqlSyntaxException(token.Start, "a column name cannot be empty", "an empty string is written ''");
        }

        ReadOnlySpan<char> rest = token.Text;
        while (!rest.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out int used) != System.Buffers.OperationStatus.Done)
            {
                throw new SqlSyntaxException(token.Start, "this text holds half a surrogate pair", null);
            }

            rest = rest[used..];
        }

        return token;
    }

    private SqlToken Number()
    {
        int start = _position;
        Digits();
        bool isWhole = true;
        if (_position < text.Length && text[_position] == '.')
        {
            isWhole = false;
            _position++;
            Digits();
        }

        if (_position < text.Length && text[_position] is 'e' or 'E')
        {
            int mark = _position++;
            if (_position < text.Length && text[_position] is '+' or '-')
            {
                _position++;
            }

            if (_position < text.Length && char.IsAsciiDigit(text[_position]))
            {
                isWhole = false;
                Digits();
            }
            else
            {
                _position = mark;
            }
        }

        if (_position < text.Length && IsIdentifierPart(text[_position]))
        {
            throw new SqlSyntaxException(
                start, "this is neither a number nor a name", "a column whose name starts with a digit is written in double quotes");
        }

        string digits = text[start.._position];
        if (!isWhole)
        {
            return new SqlToken(SqlTokenKind.Number, start, digits);
        }

        return ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) && value <= 1UL << 63
            ? new SqlToken(SqlTokenKind.Long, start, digits, value)
            : throw new SqlSyntaxException(start, $"{digits} is too large for a long", "write it with a decimal point to get a double");
    }

    private void Digits()
    {
        while (_position < text.Length && char.IsAsciiDigit(text[_position]))
        {
            _position++;
        }
    }

    private SqlToken Symbol(char c)
    {
        int start = _position;
        foreach (string symbol in TwoCharacterSymbols)
        {
            if (string.CompareOrdinal(text, start, symbol, 0, 2) == 0)
            {
                _position += 2;
                return new SqlToken(SqlTokenKind.Symbol, start, symbol);
            }
        }

        if ("=<>+-*/%(),".Contains(c, StringComparison.Ordinal))
        {
            _position++;
            return new SqlToken(SqlTokenKind.Symbol, start, c.ToString());
        }

        string? hint = c switch
        {
            '&' => "write AND",
            '|' => "write OR, or || to join strings",
            '!' => "write NOT, or <> for not equal",
            '`' or '[' => "column names with other characters stand in double quotes",
            '.' => "columns have plain names here; a name with a dot stands in double quotes",
            ';' => "an expression has no end mark",
            _ => null,
        };
        throw new SqlSyntaxException(start, $"unexpected character '{c}'", hint);
    }
}

/// <summary>The one syntax error that ends parsing; never leaves <see cref="SqlExpression"/>.</summary>
#pragma warning disable CA1032, RCS1194 // Private signal between lexer, parser and SqlExpression: only this constructor makes sense.
internal sealed class SqlSyntaxException(int start, string message, string? hint) : Exception(message)
#pragma warning restore CA1032, RCS1194
{
    public int Start { get; } = start;

    public string? Hint { get; } = hint;
}
