using System.Globalization;
using System.Text;

namespace FeatureActors.Core.Expressions;

/// <summary>Writes a syntax tree in its canonical spelling and lists its columns.</summary>
internal static class SqlText
{
    public static string Canonical(SqlNode node)
    {
        var text = new StringBuilder();
        Write(text, node);
        return text.ToString();
    }

    public static IReadOnlyList<string> ColumnNames(SqlNode root)
    {
        var names = new List<string>();
        Collect(root, names);
        return names;
    }

    /// <summary>Start of the first column called <paramref name="name"/>, or null.</summary>
    public static int? StartOf(SqlNode node, string name)
    {
        if (node is SqlColumn column)
        {
            return column.Name == name ? column.Start : null;
        }

        foreach (SqlNode child in Children(node))
        {
            if (StartOf(child, name) is { } start)
            {
                return start;
            }
        }

        return null;
    }

    public static string Symbol(SqlBinary op) => op switch
    {
        SqlBinary.Equal => "=",
        SqlBinary.NotEqual => "<>",
        SqlBinary.Less => "<",
        SqlBinary.LessOrEqual => "<=",
        SqlBinary.Greater => ">",
        SqlBinary.GreaterOrEqual => ">=",
        SqlBinary.Add => "+",
        SqlBinary.Subtract => "-",
        SqlBinary.Multiply => "*",
        SqlBinary.Divide => "/",
        _ => "%",
    };

    /// <summary>The direct children, in the order of the text.</summary>
    public static IEnumerable<SqlNode> Children(SqlNode node) => node switch
    {
        SqlUnaryNode unary => [unary.Operand],
        SqlBinaryNode binary => [binary.Left, binary.Right],
        SqlChainNode chain => chain.Operands,
        SqlIn list => [list.Operand, .. list.Items],
        SqlLike like => like.Escape is null ? [like.Operand, like.Pattern] : [like.Operand, like.Pattern, like.Escape],
        SqlBetween between => [between.Operand, between.Low, between.High],
        SqlCase cases => CaseChildren(cases),
        SqlCast cast => [cast.Operand],
        SqlCall call => call.Arguments,
        _ => [],
    };

    private static List<SqlNode> CaseChildren(SqlCase node)
    {
        var children = new List<SqlNode>();
        if (node.Operand is not null)
        {
            children.Add(node.Operand);
        }

        foreach ((SqlNode when, SqlNode then) in node.Branches)
        {
            children.Add(when);
            children.Add(then);
        }

        if (node.Else is not null)
        {
            children.Add(node.Else);
        }

        return children;
    }

    private static void Collect(SqlNode node, List<string> names)
    {
        if (node is SqlColumn column && !names.Contains(column.Name))
        {
            names.Add(column.Name);
        }

        foreach (SqlNode child in Children(node))
        {
            Collect(child, names);
        }
    }

    private static void Write(StringBuilder text, SqlNode node)
    {
        switch (node)
        {
            case SqlLiteral literal:
                WriteLiteral(text, literal.Value);
                break;
            case SqlNumber number:
                WriteNumber(text, number);
                break;
            case SqlColumn column:
                Quote(text, column.Name, '"');
                break;
            case SqlUnaryNode { Op: SqlUnary.IsNull or SqlUnary.IsNotNull } unary:
                Write(text.Append('('), unary.Operand);
                text.Append(unary.Op == SqlUnary.IsNull ? " IS NULL)" : " IS NOT NULL)");
                break;
            case SqlUnaryNode unary:
                Write(text.Append(unary.Op == SqlUnary.Not ? "(NOT " : "(- "), unary.Operand);
                text.Append(')');
                break;
            case SqlBinaryNode binary:
                WriteList(text, "(", [binary.Left, binary.Right], $" {Symbol(binary.Op)} ", ")");
                break;
            case SqlChainNode chain:
                string op = chain.Op switch { SqlChain.And => " AND ", SqlChain.Or => " OR ", _ => " || " };
                WriteList(text, "(", chain.Operands, op, ")");
                break;
            case SqlIn list:
                Write(text.Append('('), list.Operand);
                WriteList(text, list.IsNegated ? " NOT IN (" : " IN (", list.Items, ", ", "))");
                break;
            case SqlLike like:
                WriteList(text, "(", [like.Operand, like.Pattern], like.IsNegated ? " NOT LIKE " : " LIKE ", string.Empty);
                WriteIf(text, " ESCAPE ", like.Escape);
                text.Append(')');
                break;
            case SqlBetween between:
                Write(text.Append('('), between.Operand);
                WriteList(text, between.IsNegated ? " NOT BETWEEN " : " BETWEEN ", [between.Low, between.High], " AND ", ")");
                break;
            case SqlCase cases:
                WriteCase(text, cases);
                break;
            case SqlCast cast:
                Write(text.Append("CAST("), cast.Operand);
                text.Append(" AS ").Append(cast.Target.ToString().ToUpperInvariant()).Append(')');
                break;
            case SqlCall call:
                WriteList(text.Append(call.Name), "(", call.Arguments, ", ", ")");
                break;
        }
    }

    private static void WriteCase(StringBuilder text, SqlCase node)
    {
        text.Append("CASE");
        WriteIf(text, " ", node.Operand);
        foreach ((SqlNode when, SqlNode then) in node.Branches)
        {
            Write(text.Append(" WHEN "), when);
            Write(text.Append(" THEN "), then);
        }

        WriteIf(text, " ELSE ", node.Else);
        text.Append(" END");
    }

    private static void WriteIf(StringBuilder text, string before, SqlNode? node)
    {
        if (node is not null)
        {
            Write(text.Append(before), node);
        }
    }

    private static void WriteList(StringBuilder text, string open, IReadOnlyList<SqlNode> nodes, string separator, string close)
    {
        text.Append(open);
        for (int i = 0; i < nodes.Count; i++)
        {
            Write(i == 0 ? text : text.Append(separator), nodes[i]);
        }

        text.Append(close);
    }

    private static void WriteLiteral(StringBuilder text, object? value)
    {
        switch (value)
        {
            case null:
                text.Append("NULL");
                break;
            case bool isTrue:
                text.Append(isTrue ? "TRUE" : "FALSE");
                break;
            case long number:
                text.Append(CultureInfo.InvariantCulture, $"{number}");
                break;
            default:
                Quote(text, (string)value, '\'');
                break;
        }
    }

    private static void WriteNumber(StringBuilder text, SqlNumber number)
    {
        // Division by a one of full scale drops the trailing zeros of a decimal; both spellings keep a point or an exponent.
        string digits = number.Decimal is { } exact
            ? (exact / 1.0000000000000000000000000000m).ToString(CultureInfo.InvariantCulture)
            : number.Double.ToString("R", CultureInfo.InvariantCulture);
        text.Append(digits);
        if (!digits.AsSpan().ContainsAny('.', 'E'))
        {
            text.Append(".0");
        }
    }

    private static void Quote(StringBuilder text, string value, char quote)
    {
        text.Append(quote);
        foreach (char c in value)
        {
            text.Append(c);
            if (c == quote)
            {
                text.Append(c);
            }
        }

        text.Append(quote);
    }
}
