using System.Globalization;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Expressions;

/// <summary>
/// Recursive descent over the grammar of SQL scalar expressions. Precedence, loosest first: OR, AND, NOT, IS / comparison / IN /
/// LIKE / BETWEEN (not chainable), ||, + −, * / %, unary −.
/// </summary>
internal sealed class SqlParser
{
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "AND", "OR", "NOT", "IN", "LIKE", "ESCAPE", "BETWEEN", "IS", "NULL", "TRUE", "FALSE", "CASE", "WHEN", "THEN", "ELSE", "END",
        "CAST", "AS",
    };

    private static readonly Dictionary<string, string> Aliases = new(StringComparer.Ordinal)
    {
        ["SUBSTR"] = "SUBSTRING",
        ["CEILING"] = "CEIL",
        ["POW"] = "POWER",
        ["CHAR_LENGTH"] = "LENGTH",
        ["DAY"] = "DAY_OF_MONTH",
    };

    private readonly SqlLexer _lexer;
    private SqlToken _token;
    private int _depth;

    private SqlParser(string text)
    {
        _lexer = new SqlLexer(text);
        _token = _lexer.Next();
    }

    /// <summary>True when a column of this name has to be quoted.</summary>
    public static bool IsReserved(string name) => Reserved.Contains(name);

    public static SqlNode Parse(string text)
    {
        var parser = new SqlParser(text);
        if (parser._token.Kind == SqlTokenKind.End)
        {
            throw new SqlSyntaxException(0, "the expression is empty", null);
        }

        SqlNode node = parser.Or();
        return parser._token.Kind == SqlTokenKind.End ? node : throw parser.Unexpected("the end of the expression, or an operator");
    }

    private SqlNode Or() => Chain(SqlChain.Or, "OR", static parser => parser.And());

    private SqlNode And() => Chain(SqlChain.And, "AND", static parser => parser.Not());

    private SqlNode Chain(SqlChain op, string word, Func<SqlParser, SqlNode> operand)
    {
        SqlNode first = operand(this);
        if (!IsWord(word))
        {
            return first;
        }

        var operands = new List<SqlNode> { first };
        while (TakeWord(word))
        {
            operands.Add(operand(this));
        }

        return Bounded(new SqlChainNode(first.Start, op, operands));
    }

    private SqlNode Not()
    {
        int start = _token.Start;
        if (!TakeWord("NOT"))
        {
            return Comparison();
        }

        Enter(start);
        SqlNode operand = Not();
        _depth--;
        return Bounded(new SqlUnaryNode(start, SqlUnary.Not, operand));
    }

    private SqlNode Comparison()
    {
        SqlNode left = Concat();
        while (true)
        {
            int start = _token.Start;
            if (TakeWord("IS"))
            {
                bool isNot = TakeWord("NOT");
                ExpectWord("NULL");
                left = Bounded(new SqlUnaryNode(start, isNot ? SqlUnary.IsNotNull : SqlUnary.IsNull, left));
                continue;
            }

            if (Operator() is { } op)
            {
                Advance();
                left = Bounded(new SqlBinaryNode(start, op, left, Concat()));
                if (Operator() is not null)
                {
                    throw new SqlSyntaxException(_token.Start, "comparisons cannot be chained", "write a < b AND b < c");
                }

                continue;
            }

            bool isNegated = TakeWord("NOT");
            if (TakeWord("IN"))
            {
                left = Bounded(new SqlIn(start, left, List("IN needs a list in parentheses"), isNegated));
            }
            else if (TakeWord("LIKE"))
            {
                SqlNode pattern = Concat();
                left = Bounded(new SqlLike(start, left, pattern, TakeWord("ESCAPE") ? Concat() : null, isNegated));
            }
            else if (TakeWord("BETWEEN"))
            {
                SqlNode low = Concat();
                ExpectWord("AND");
                left = Bounded(new SqlBetween(start, left, low, Concat(), isNegated));
            }
            else if (isNegated)
            {
                throw Unexpected("IN, LIKE or BETWEEN after NOT");
            }
            else
            {
                return left;
            }
        }
    }

    private SqlBinary? Operator() => _token.Kind != SqlTokenKind.Symbol
        ? null
        : _token.Text switch
        {
            "=" => SqlBinary.Equal,
            "<>" or "!=" => SqlBinary.NotEqual,
            "<" => SqlBinary.Less,
            "<=" => SqlBinary.LessOrEqual,
            ">" => SqlBinary.Greater,
            ">=" => SqlBinary.GreaterOrEqual,
            _ => null,
        };

    private SqlNode Concat()
    {
        SqlNode first = Sum();
        if (!IsSymbol("||"))
        {
            return first;
        }

        var operands = new List<SqlNode> { first };
        while (TakeSymbol("||"))
        {
            operands.Add(Sum());
        }

        return Bounded(new SqlChainNode(first.Start, SqlChain.Concat, operands));
    }

    private SqlNode Sum()
    {
        SqlNode left = Product();
        while (IsSymbol("+") || IsSymbol("-"))
        {
            SqlBinary op = _token.Text == "+" ? SqlBinary.Add : SqlBinary.Subtract;
            int start = Advance().Start;
            left = Bounded(new SqlBinaryNode(start, op, left, Product()));
        }

        return left;
    }

    private SqlNode Product()
    {
        SqlNode left = Sign();
        while (IsSymbol("*") || IsSymbol("/") || IsSymbol("%"))
        {
            SqlBinary op = _token.Text switch { "*" => SqlBinary.Multiply, "/" => SqlBinary.Divide, _ => SqlBinary.Modulo };
            int start = Advance().Start;
            left = Bounded(new SqlBinaryNode(start, op, left, Sign()));
        }

        return left;
    }

    private SqlNode Sign()
    {
        int start = _token.Start;
        if (TakeSymbol("-"))
        {
            if (_token.Kind == SqlTokenKind.Long)
            {
                return new SqlLiteral(start, unchecked(-(long)Advance().Value));
            }

            Enter(start);
            SqlNode operand = Sign();
            _depth--;
            return operand switch
            {
                // A literal in parentheses is the same as one without: the canonical text has no parentheses to tell them apart.
                SqlNumber number => new SqlNumber(start, -number.Double, -number.Decimal),
                SqlLiteral { Value: long value and not long.MinValue } => new SqlLiteral(start, -value),
                _ => Bounded(new SqlUnaryNode(start, SqlUnary.Negate, operand)),
            };
        }

        if (!TakeSymbol("+"))
        {
            return Primary();
        }

        Enter(start);
        SqlNode positive = Sign();
        _depth--;
        return positive;
    }

    private SqlNode Primary()
    {
        SqlToken token = _token;
        switch (token.Kind)
        {
            case SqlTokenKind.String:
                Advance();
                return new SqlLiteral(token.Start, token.Text);
            case SqlTokenKind.Long when token.Value > long.MaxValue:
                throw new SqlSyntaxException(
                    token.Start, $"{token.Text} is too large for a long", "write it with a decimal point to get a double");
            case SqlTokenKind.Long:
                Advance();
                return new SqlLiteral(token.Start, (long)token.Value);
            case SqlTokenKind.Number:
                Advance();
                return Number(token);
            case SqlTokenKind.QuotedIdentifier:
                Advance();
                return IsSymbol("(")
                    ? throw new SqlSyntaxException(token.Start, "a function name is not quoted", "strings stand in single quotes")
                    : new SqlColumn(token.Start, token.Text);
            case SqlTokenKind.Identifier:
                return Word(token);
            case SqlTokenKind.Symbol when token.Text == "(":
                Advance();
                Enter(token.Start);
                SqlNode inner = Or();
                _depth--;
                ExpectSymbol(")");
                return inner;
            default:
                throw Unexpected("a value, a column or an opening parenthesis");
        }
    }

    private static SqlNumber Number(SqlToken token)
    {
        double value = double.Parse(token.Text, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (!double.IsFinite(value))
        {
            throw new SqlSyntaxException(token.Start, $"{token.Text} is too large for a double", null);
        }

        // A decimal only where it says the same: 1e-40 must not become 0.
        bool isDecimal = decimal.TryParse(token.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal exact)
            && (double)exact == value;
        return new SqlNumber(token.Start, value, isDecimal ? exact : null);
    }

    private SqlNode Word(SqlToken token)
    {
        Advance();
        switch (token.Text.ToUpperInvariant())
        {
            case "TRUE":
                return new SqlLiteral(token.Start, true);
            case "FALSE":
                return new SqlLiteral(token.Start, false);
            case "NULL":
                return new SqlLiteral(token.Start, null);
            case "CASE":
                return Case(token.Start);
            case "CAST":
                return Cast(token.Start);
            case string name when !Reserved.Contains(name):
                return IsSymbol("(")
                    ? Bounded(new SqlCall(token.Start, Aliases.GetValueOrDefault(name, name), Arguments()))
                    : new SqlColumn(token.Start, token.Text);
            default:
                throw new SqlSyntaxException(
                    token.Start, $"unexpected {token.Text.ToUpperInvariant()}", "a column of that name is written in double quotes");
        }
    }

    private SqlCase Case(int start)
    {
        Enter(start);
        SqlNode? operand = IsWord("WHEN") ? null : Or();
        var branches = new List<(SqlNode When, SqlNode Then)>();
        while (TakeWord("WHEN"))
        {
            SqlNode when = Or();
            ExpectWord("THEN");
            branches.Add((when, Or()));
        }

        if (branches.Count == 0)
        {
            throw Unexpected("WHEN");
        }

        SqlNode? otherwise = TakeWord("ELSE") ? Or() : null;
        ExpectWord("END");
        _depth--;
        return Bounded(new SqlCase(start, operand, branches, otherwise));
    }

    private SqlCast Cast(int start)
    {
        ExpectSymbol("(");
        Enter(start);
        SqlNode operand = Or();
        _depth--;
        ExpectWord("AS");
        FieldType? target = _token.Kind != SqlTokenKind.Identifier
            ? null
            : _token.Text.ToUpperInvariant() switch
            {
                "STRING" => FieldType.String,
                "LONG" => FieldType.Long,
                "DOUBLE" => FieldType.Double,
                "DECIMAL" => FieldType.Decimal,
                "BOOLEAN" => FieldType.Boolean,
                _ => null,
            };
        if (target is null)
        {
            throw Unexpected("one of the types string, long, double, decimal, boolean");
        }

        Advance();
        ExpectSymbol(")");
        return Bounded(new SqlCast(start, operand, target.Value));
    }

    private List<SqlNode> Arguments()
    {
        int start = Advance().Start;
        return TakeSymbol(")") ? [] : Items(start);
    }

    private List<SqlNode> List(string missing)
    {
        int start = _token.Start;
        if (!TakeSymbol("("))
        {
            throw new SqlSyntaxException(start, missing, "for example IN ('a', 'b')");
        }

        return IsSymbol(")") ? throw new SqlSyntaxException(start, "the list of IN is empty", null) : Items(start);
    }

    private List<SqlNode> Items(int start)
    {
        Enter(start);
        var items = new List<SqlNode> { Or() };
        while (TakeSymbol(","))
        {
            items.Add(Or());
        }

        _depth--;
        ExpectSymbol(")");
        return items;
    }

    private void Enter(int start)
    {
        if (++_depth > SqlNode.DepthMax)
        {
            throw TooDeep(start);
        }
    }

    private static T Bounded<T>(T node)
        where T : SqlNode => node.Depth <= SqlNode.DepthMax ? node : throw TooDeep(node.Start);

    private static SqlSyntaxException TooDeep(int start) =>
        new(start, $"the expression is nested deeper than {SqlNode.DepthMax} levels", "split it, or write it as a plug-in function");

    private SqlToken Advance()
    {
        SqlToken taken = _token;
        _token = _lexer.Next();
        return taken;
    }

    private bool IsWord(string word) =>
        _token.Kind == SqlTokenKind.Identifier && _token.Text.Equals(word, StringComparison.OrdinalIgnoreCase);

    private bool IsSymbol(string symbol) => _token.Kind == SqlTokenKind.Symbol && _token.Text == symbol;

    private bool TakeWord(string word)
    {
        bool isWord = IsWord(word);
        if (isWord)
        {
            Advance();
        }

        return isWord;
    }

    private bool TakeSymbol(string symbol)
    {
        bool isSymbol = IsSymbol(symbol);
        if (isSymbol)
        {
            Advance();
        }

        return isSymbol;
    }

    private void ExpectWord(string word)
    {
        if (!TakeWord(word))
        {
            throw Unexpected(word);
        }
    }

    private void ExpectSymbol(string symbol)
    {
        if (!TakeSymbol(symbol))
        {
            throw Unexpected($"'{symbol}'");
        }
    }

    private SqlSyntaxException Unexpected(string wanted)
    {
        string found = _token.Kind switch
        {
            SqlTokenKind.End => "the end of the expression",
            SqlTokenKind.String => "a string",
            SqlTokenKind.QuotedIdentifier => $"\"{_token.Text}\"",
            _ => $"'{_token.Text}'",
        };
        return new SqlSyntaxException(_token.Start, $"expected {wanted}, found {found}", null);
    }
}
