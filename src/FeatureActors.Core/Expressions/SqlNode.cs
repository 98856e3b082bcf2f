using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Expressions;

/// <summary>A node of the syntax tree. <see cref="Start"/> is the character of the text to blame; depth is bounded by the parser.</summary>
internal abstract record SqlNode(int Start)
{
    /// <summary>Deepest tree that is accepted: parser, binder and evaluator recurse, and the stack of a shard is finite.</summary>
    public const int DepthMax = 200;

    public int Depth { get; protected init; } = 1;

    protected static int Above(params ReadOnlySpan<SqlNode?> children)
    {
        int depth = 0;
        foreach (SqlNode? child in children)
        {
            depth = Math.Max(depth, child?.Depth ?? 0);
        }

        return depth + 1;
    }
}

/// <summary>A constant: string, long, bool, or null for NULL.</summary>
internal sealed record SqlLiteral(int Start, object? Value) : SqlNode(Start);

/// <summary>A number with a fraction or exponent: a decimal where it meets decimals and fits, a double elsewhere.</summary>
internal sealed record SqlNumber(int Start, double Double, decimal? Decimal) : SqlNode(Start);

internal sealed record SqlColumn(int Start, string Name) : SqlNode(Start);

internal enum SqlUnary
{
    Not,
    Negate,
    IsNull,
    IsNotNull,
}

internal sealed record SqlUnaryNode : SqlNode
{
    public SqlUnaryNode(int start, SqlUnary op, SqlNode operand)
        : base(start)
    {
        Op = op;
        Operand = operand;
        Depth = Above(operand);
    }

    public SqlUnary Op { get; }

    public SqlNode Operand { get; }
}

internal enum SqlBinary
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

internal sealed record SqlBinaryNode : SqlNode
{
    public SqlBinaryNode(int start, SqlBinary op, SqlNode left, SqlNode right)
        : base(start)
    {
        Op = op;
        Left = left;
        Right = right;
        Depth = Above(left, right);
    }

    public SqlBinary Op { get; }

    public SqlNode Left { get; }

    public SqlNode Right { get; }
}

internal enum SqlChain
{
    And,
    Or,
    Concat,
}

/// <summary>A chain of one associative operator, kept flat so that a long chain is not a deep tree.</summary>
internal sealed record SqlChainNode : SqlNode
{
    public SqlChainNode(int start, SqlChain op, IReadOnlyList<SqlNode> operands)
        : base(start)
    {
        Op = op;
        Operands = operands;
        Depth = Above([.. operands]);
    }

    public SqlChain Op { get; }

    public IReadOnlyList<SqlNode> Operands { get; }
}

internal sealed record SqlIn : SqlNode
{
    public SqlIn(int start, SqlNode operand, IReadOnlyList<SqlNode> items, bool isNegated)
        : base(start)
    {
        Operand = operand;
        Items = items;
        IsNegated = isNegated;
        Depth = Math.Max(Above(operand), Above([.. items]));
    }

    public SqlNode Operand { get; }

    public IReadOnlyList<SqlNode> Items { get; }

    public bool IsNegated { get; }
}

internal sealed record SqlLike : SqlNode
{
    public SqlLike(int start, SqlNode operand, SqlNode pattern, SqlNode? escape, bool isNegated)
        : base(start)
    {
        Operand = operand;
        Pattern = pattern;
        Escape = escape;
        IsNegated = isNegated;
        Depth = Above(operand, pattern, escape);
    }

    public SqlNode Operand { get; }

    public SqlNode Pattern { get; }

    public SqlNode? Escape { get; }

    public bool IsNegated { get; }
}

internal sealed record SqlBetween : SqlNode
{
    public SqlBetween(int start, SqlNode operand, SqlNode low, SqlNode high, bool isNegated)
        : base(start)
    {
        Operand = operand;
        Low = low;
        High = high;
        IsNegated = isNegated;
        Depth = Above(operand, low, high);
    }

    public SqlNode Operand { get; }

    public SqlNode Low { get; }

    public SqlNode High { get; }

    public bool IsNegated { get; }
}

/// <summary>Both forms of CASE: <see cref="Operand"/> is null in the searched form.</summary>
internal sealed record SqlCase : SqlNode
{
    public SqlCase(int start, SqlNode? operand, IReadOnlyList<(SqlNode When, SqlNode Then)> branches, SqlNode? otherwise)
        : base(start)
    {
        Operand = operand;
        Branches = branches;
        Else = otherwise;
        int depth = Above(operand, otherwise);
        foreach ((SqlNode when, SqlNode then) in branches)
        {
            depth = Math.Max(depth, Above(when, then));
        }

        Depth = depth;
    }

    public SqlNode? Operand { get; }

    public IReadOnlyList<(SqlNode When, SqlNode Then)> Branches { get; }

    public SqlNode? Else { get; }
}

internal sealed record SqlCast : SqlNode
{
    public SqlCast(int start, SqlNode operand, FieldType target)
        : base(start)
    {
        Operand = operand;
        Target = target;
        Depth = Above(operand);
    }

    public SqlNode Operand { get; }

    public FieldType Target { get; }
}

/// <summary>A call; the name is upper-case and aliases are already resolved.</summary>
internal sealed record SqlCall : SqlNode
{
    public SqlCall(int start, string name, IReadOnlyList<SqlNode> arguments)
        : base(start)
    {
        Name = name;
        Arguments = arguments;
        Depth = Above([.. arguments]);
    }

    public string Name { get; }

    public IReadOnlyList<SqlNode> Arguments { get; }
}
