using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Core.Expressions;

/// <summary>The syntax of one expression, not yet bound to columns. Immutable.</summary>
public sealed class SqlExpression
{
    /// <summary>Longest accepted text, in characters.</summary>
    public const int TextLengthMax = 64 * 1024;

    private SqlExpression(string text, ConfigPosition position, SqlNode root)
    {
        Text = text;
        Position = position;
        Root = root;
    }

    /// <summary>The text as written.</summary>
    public string Text { get; }

    /// <summary>Where the first character of <see cref="Text"/> stands.</summary>
    public ConfigPosition Position { get; }

    /// <summary>The names of the columns it reads, each once, in the order of first use.</summary>
    public IReadOnlyList<string> ColumnNames => SqlText.ColumnNames(Root);

    /// <summary>The column that the expression is, when it is nothing else; else null.</summary>
    public string? SingleColumn => (Root as SqlColumn)?.Name;

    internal SqlNode Root { get; }

    /// <summary>
    /// Parses <paramref name="text"/>, whose first character stands at <paramref name="position"/>. On a mistake an error is added
    /// to <paramref name="errors"/> (the first: what follows a syntax error means little) and null is returned.
    /// </summary>
    public static SqlExpression? Parse(string text, ConfigPosition position, ICollection<ConfigError> errors)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(errors);
        if (text.Length > TextLengthMax)
        {
            errors.Add(new ConfigError(position, $"the expression is longer than {TextLengthMax} characters", null));
            return null;
        }

        try
        {
            return new SqlExpression(text, position, SqlParser.Parse(text));
        }
        catch (SqlSyntaxException error)
        {
            errors.Add(new ConfigError(PositionOf(text, position, error.Start), error.Message, error.Hint));
            return null;
        }
    }

    /// <summary>
    /// The same expression in one spelling: upper-case words, all operators in parentheses, column names quoted, no spaces or
    /// comments of the author. Equal texts mean equal expressions; it parses to itself. Part of the state shape of a feature.
    /// </summary>
    public string ToCanonicalText() => SqlText.Canonical(Root);

    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>Where the column called <paramref name="name"/> is named first; the whole expression when it is not.</summary>
    public ConfigPosition PositionOf(string name) => PositionAt(SqlText.StartOf(Root, name) ?? 0);

    internal ConfigPosition PositionAt(int index) => PositionOf(Text, Position, index);

    private static ConfigPosition PositionOf(string text, ConfigPosition position, int index)
    {
        ReadOnlySpan<char> before = text.AsSpan(0, Math.Min(index, text.Length));
        int lines = before.Count('\n');
        return lines == 0
            ? position.Shift(before.Length)
            : position with { Line = position.Line + lines, Column = before.Length - before.LastIndexOf('\n') };
    }
}
