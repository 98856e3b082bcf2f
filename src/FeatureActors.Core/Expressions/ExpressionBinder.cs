using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Expressions;

/// <summary>
/// Binds expressions to columns and functions, checks types and builds what runs per row.
/// <para>
/// Types: long meets decimal as decimal, long or decimal meets double as double; a number literal with a fraction is a decimal beside
/// decimals and a double elsewhere. Nothing else converts by itself. Strings compare by their UTF-8 bytes. Arithmetic that
/// overflows, divides by zero or is not finite gives NULL, and so does a CAST that the value does not allow: data never throws.
/// NULL follows SQL: a condition holds only when it is true.
/// </para>
/// </summary>
public sealed partial class ExpressionBinder
{
    private readonly SqlExpression _source;
    private readonly IColumnResolver _columns;
    private readonly ScalarFunctionSet _functions;
    private readonly ICollection<ConfigError> _errors;
    private readonly SortedSet<int> _referenced = [];
    private readonly ByteArena _scratch = new();

    private ExpressionBinder(
        SqlExpression source, IColumnResolver columns, ScalarFunctionSet functions, ICollection<ConfigError> errors)
    {
        _source = source;
        _columns = columns;
        _functions = functions;
        _errors = errors;
    }

    /// <summary>
    /// Binds <paramref name="expression"/>. Every mistake found is added to <paramref name="errors"/>; then null is returned.
    /// </summary>
    /// <param name="expression">What to bind.</param>
    /// <param name="columns">The columns it may read.</param>
    /// <param name="expectedType">
    /// Type wanted by the place where it is written; a long or decimal is converted to it where that is implicit. Null: any.
    /// </param>
    /// <param name="errors">Takes the mistakes.</param>
    /// <param name="functions">Functions it may call; null for the built-in ones.</param>
    public static BoundExpression? Bind(
        SqlExpression expression,
        IColumnResolver columns,
        FieldType? expectedType,
        ICollection<ConfigError> errors,
        ScalarFunctionSet? functions = null)
    {
        ArgumentNullException.ThrowIfNull(expression);
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(errors);
        var binder = new ExpressionBinder(expression, columns, functions ?? ScalarFunctionSet.BuiltIn, errors);
        int errorsBefore = errors.Count;
        EvalNode? root = binder.BindNode(expression.Root);
        if (root is not null && expectedType is { } wanted)
        {
            root = binder.Convert(root, wanted, expression.Root.Start, $"the expression must be {Name(wanted)}");
        }

        return root is null || errors.Count > errorsBefore
            ? null
            : new BoundExpression(expression, root, [.. binder._referenced]);
    }

    internal static string Name(FieldType type) => type switch
    {
        FieldType.String => "string",
        FieldType.Long => "long",
        FieldType.Double => "double",
        FieldType.Decimal => "decimal",
        _ => "boolean",
    };

    private static bool IsNumeric(FieldType type) => type is FieldType.Long or FieldType.Double or FieldType.Decimal;

    private static bool IsUntyped(EvalNode node) => node is ConstantNode { IsUntypedNull: true };

    // Null means: already reported. Callers bind all children before they give up, so that one look shows all mistakes.
    private EvalNode? BindNode(SqlNode node) => node switch
    {
        SqlLiteral literal => BindLiteral(literal),
        SqlNumber number => new ConstantNode(FieldType.Double, number.Double) { LiteralDecimal = number.Decimal },
        SqlColumn column => BindColumn(column),
        SqlUnaryNode unary => BindUnary(unary),
        SqlBinaryNode binary => BindBinary(binary),
        SqlChainNode chain => BindChain(chain),
        SqlIn list => BindIn(list),
        SqlLike like => BindLike(like),
        SqlBetween between => BindBetween(between),
        SqlCase cases => BindCase(cases),
        SqlCast cast => BindNode(cast.Operand) is { } operand ? Fold(new CastNode(operand, cast.Target), operand) : null,
        SqlCall call => BindCall(call),
        _ => throw new InvalidOperationException($"unknown node {node.GetType().Name}"),
    };

    private static ConstantNode BindLiteral(SqlLiteral literal) => literal.Value switch
    {
        null => new ConstantNode(FieldType.String, null, isUntyped: true),
        bool value => new ConstantNode(FieldType.Boolean, value),
        long value => new ConstantNode(FieldType.Long, value),
        object value => new ConstantNode(FieldType.String, value),
    };

    private ColumnNode? BindColumn(SqlColumn node)
    {
        if (_columns.TryResolve(node.Name, out ResolvedColumn column))
        {
            _referenced.Add(column.Column);
            return new ColumnNode(column.Column, column.Type);
        }

        string? near = NameSuggestion.Nearest(node.Name, _columns.Names);
        return Error<ColumnNode>(node.Start, $"unknown column '{node.Name}'", near is null ? ColumnList() : $"did you mean '{near}'?");
    }

    private string? ColumnList()
    {
        string[] names = [.. _columns.Names.Order(StringComparer.Ordinal)];
        return names.Length is 0 or > 12 ? null : $"columns are {string.Join(", ", names)}";
    }

    private EvalNode? BindUnary(SqlUnaryNode node)
    {
        EvalNode? operand = BindNode(node.Operand);
        if (operand is null)
        {
            return null;
        }

        switch (node.Op)
        {
            case SqlUnary.Not:
                operand = Convert(operand, FieldType.Boolean, node.Operand.Start, "NOT needs a condition");
                return operand is null ? null : Fold(new NotNode(operand), operand);
            case SqlUnary.Negate:
                operand = IsUntyped(operand) ? new ConstantNode(FieldType.Long, null) : operand;
                return IsNumeric(operand.Type)
                    ? Fold(new NegateNode(operand), operand)
                    : Error<EvalNode>(node.Operand.Start, $"unary minus needs a number, this is {Name(operand.Type)}", CastHint(operand.Type));
            default:
                return Fold(new IsNullNode(operand, node.Op == SqlUnary.IsNotNull), operand);
        }
    }

    private EvalNode? BindBinary(SqlBinaryNode node)
    {
        EvalNode? left = BindNode(node.Left);
        EvalNode? right = BindNode(node.Right);
        if (left is null || right is null)
        {
            return null;
        }

        bool isArithmetic = node.Op >= SqlBinary.Add;
        string symbol = SqlText.Symbol(node.Op);
        if (isArithmetic)
        {
            left = IsUntyped(left) && IsUntyped(right) ? new ConstantNode(FieldType.Long, null) : left;
        }

        FieldType? type = CommonType(left, right);
        if (type is null || (isArithmetic && !IsNumeric(type.Value)))
        {
            string needs = isArithmetic ? "needs numbers" : "cannot compare";
            return Error<EvalNode>(
                node.Start,
                $"{symbol} {needs}: the left side is {Name(left.Type)}, the right side is {Name(right.Type)}",
                isArithmetic && left.Type == FieldType.String && right.Type == FieldType.String
                    ? "|| joins strings" : "convert one side with CAST(… AS …)");
        }

        EvalNode a = Promote(left, type.Value);
        EvalNode b = Promote(right, type.Value);
        EvalNode result = isArithmetic ? Arithmetic(node.Op, type.Value, a, b) : Compare(node.Op, a, b);
        return Fold(result, a, b);
    }

    private static EvalNode Arithmetic(SqlBinary op, FieldType type, EvalNode left, EvalNode right) => type switch
    {
        FieldType.Long => new LongArithmeticNode(op, left, right),
        FieldType.Double => new DoubleArithmeticNode(op, left, right),
        _ => new DecimalArithmeticNode(op, left, right),
    };

    private static EvalNode Compare(SqlBinary op, EvalNode left, EvalNode right)
    {
        if (op is SqlBinary.Equal or SqlBinary.NotEqual)
        {
            (EvalNode operand, EvalNode other) = left is ConstantNode ? (right, left) : (left, right);
            if (other is ConstantNode { Type: FieldType.String, Value: not null } constant)
            {
                return new Utf8EqualsNode(operand, constant.Utf8, op == SqlBinary.NotEqual);
            }
        }

        int mask = op switch
        {
            SqlBinary.Less => 1,
            SqlBinary.Equal => 2,
            SqlBinary.LessOrEqual => 3,
            SqlBinary.Greater => 4,
            SqlBinary.NotEqual => 5,
            _ => 6,
        };
        return new CompareNode(left, right, mask);
    }

    private EvalNode? BindChain(SqlChainNode node)
    {
        FieldType type = node.Op == SqlChain.Concat ? FieldType.String : FieldType.Boolean;
        string needs = node.Op switch { SqlChain.Concat => "|| joins strings", SqlChain.And => "AND needs conditions", _ => "OR needs conditions" };
        EvalNode[]? operands = BindAll(node.Operands, type, needs);
        if (operands is null)
        {
            return null;
        }

        EvalNode result = node.Op switch
        {
            SqlChain.Concat => new ConcatNode(operands),
            SqlChain.And => new AndNode(operands),
            _ => new OrNode(operands),
        };
        return Fold(result, operands);
    }

    private EvalNode? BindIn(SqlIn node)
    {
        EvalNode[]? all = BindSameType([node.Operand, .. node.Items], "IN compares values of one type");
        if (all is null)
        {
            return null;
        }

        EvalNode operand = all[0];
        EvalNode[] items = all[1..];
        if (!items.All(item => item is ConstantNode) || operand.Type is not (FieldType.String or FieldType.Long))
        {
            return Fold(new InListNode(operand, items, node.IsNegated), all);
        }

        ConstantNode[] present = [.. items.Cast<ConstantNode>().Where(item => item.Value is not null)];
        bool hasNull = present.Length < items.Length;
        EvalNode result = operand.Type == FieldType.String
            ? new InUtf8SetNode(operand, new Utf8Set([.. present.Select(item => item.Utf8)]), hasNull, node.IsNegated)
            : new InLongSetNode(operand, [.. present.Select(item => (long)item.Value!)], hasNull, node.IsNegated);
        return Fold(result, operand);
    }

    private EvalNode? BindLike(SqlLike node)
    {
        SqlNode[] parts = node.Escape is null ? [node.Operand, node.Pattern] : [node.Operand, node.Pattern, node.Escape];
        EvalNode[]? all = BindAll(parts, FieldType.String, "LIKE compares strings");
        if (all is null)
        {
            return null;
        }

        EvalNode? escape = all.Length > 2 ? all[2] : null;
        if (all[1] is ConstantNode { Value: not null } pattern && escape is null or ConstantNode { Value: not null })
        {
            byte[] escapeText = (escape as ConstantNode)?.Utf8 ?? [];
            string? mistake = escape is not null && escapeText.Length == 0
                ? "ESCAPE needs a single character" : LikePattern.Validate(pattern.Utf8, escapeText);
            if (mistake is not null)
            {
                return Error<EvalNode>((mistake[0] == 'E' ? node.Escape! : node.Pattern).Start, mistake, null);
            }

            if (LikePattern.TryGetLiteral(pattern.Utf8, escapeText, out byte[] literal, out bool before, out bool after))
            {
                return Fold(new LikeLiteralNode(all[0], literal, before, after, node.IsNegated), all[0]);
            }
        }

        return Fold(new LikeNode(all[0], all[1], escape, node.IsNegated), all);
    }

    private EvalNode? BindBetween(SqlBetween node)
    {
        EvalNode[]? all = BindSameType([node.Operand, node.Low, node.High], "BETWEEN compares values of one type");
        return all is null ? null : Fold(new BetweenNode(all[0], all[1], all[2], node.IsNegated), all);
    }

    private EvalNode? BindCase(SqlCase node)
    {
        SqlNode[] whenNodes = [.. node.Branches.Select(branch => branch.When)];
        EvalNode[]? whens = node.Operand is null
            ? BindAll(whenNodes, FieldType.Boolean, "WHEN needs a condition")
            : BindSameType([node.Operand, .. whenNodes], "CASE compares values of one type");
        List<SqlNode> results = [.. node.Branches.Select(branch => branch.Then)];
        if (node.Else is not null)
        {
            results.Add(node.Else);
        }

        EvalNode[]? values = BindSameType(results, "the results of CASE must have one type");
        if (whens is null || values is null)
        {
            return null;
        }

        FieldType type = values[0].Type;
        EvalNode[] thens = values[..node.Branches.Count];
        EvalNode? otherwise = node.Else is null ? null : values[^1];
        EvalNode result = node.Operand is null
            ? new CaseNode(type, whens, thens, otherwise)
            : new SimpleCaseNode(type, whens[0], whens[1..], thens, otherwise);
        return Fold(result, [.. whens, .. values]);
    }

    private EvalNode[]? BindAll(IReadOnlyList<SqlNode> nodes, FieldType type, string needs)
    {
        var bound = new EvalNode[nodes.Count];
        bool isGood = true;
        for (int i = 0; i < nodes.Count; i++)
        {
            EvalNode? node = BindNode(nodes[i]);
            node = node is null ? null : Convert(node, type, nodes[i].Start, needs);
            isGood &= node is not null;
            bound[i] = node!;
        }

        return isGood ? bound : null;
    }

    private EvalNode[]? BindSameType(IReadOnlyList<SqlNode> nodes, string needs)
    {
        EvalNode?[] bound = [.. nodes.Select(BindNode)];
        if (bound.Contains(null))
        {
            return null;
        }

        FieldType? type = CommonType(bound!);
        if (type is not null)
        {
            return [.. bound.Select(node => Promote(node!, type.Value))];
        }

        int first = Array.FindIndex(bound, node => !IsUntyped(node!));
        FieldType expected = bound[first]!.Type;
        int other = Array.FindIndex(bound, node => !IsUntyped(node!) && CommonType(bound[first]!, node!) is null);
        return Error<EvalNode[]>(
            nodes[other < 0 ? first : other].Start,
            $"{needs}: the first is {Name(expected)}, this is {Name(bound[other < 0 ? first : other]!.Type)}",
            "convert with CAST(… AS …)");
    }

    // The type to which all can be promoted; null when there is none. Untyped NULLs take any type.
    private static FieldType? CommonType(params ReadOnlySpan<EvalNode> nodes)
    {
        FieldType? common = null;
        bool isLiteralOnly = true;
        bool allLiteralsFit = true;
        bool hasDecimal = false;
        foreach (EvalNode node in nodes)
        {
            if (IsUntyped(node))
            {
                continue;
            }

            if (common is { } type && type != node.Type && !(IsNumeric(type) && IsNumeric(node.Type)))
            {
                return null;
            }

            hasDecimal |= node.Type == FieldType.Decimal;
            if (node.Type == FieldType.Double)
            {
                isLiteralOnly &= node is ConstantNode { LiteralDecimal: not null } or ConstantNode { Value: null };
                allLiteralsFit &= isLiteralOnly;
            }

            common = common is null || Rank(node.Type) > Rank(common.Value) ? node.Type : common;
        }

        if (common == FieldType.Double && hasDecimal && isLiteralOnly && allLiteralsFit)
        {
            return FieldType.Decimal;
        }

        return common ?? FieldType.String;
    }

    private static int Rank(FieldType type) => type switch
    {
        FieldType.Long => 1,
        FieldType.Decimal => 2,
        FieldType.Double => 3,
        _ => 0,
    };

    private static bool CanPromote(EvalNode node, FieldType type) => node.Type == type || IsUntyped(node)
        || PromoteNode.IsPromotion(node.Type, type)
        || (type == FieldType.Decimal && node is ConstantNode { LiteralDecimal: not null });

    private EvalNode Promote(EvalNode node, FieldType type)
    {
        if (IsUntyped(node))
        {
            return new ConstantNode(type, null);
        }

        if (node.Type == type)
        {
            return node;
        }

        if (node is ConstantNode constant && (constant.Value is null || (type == FieldType.Decimal && constant.LiteralDecimal is not null)))
        {
            return new ConstantNode(type, constant.Value is null ? null : constant.LiteralDecimal);
        }

        return Fold(new PromoteNode(node, type), node);
    }

    private EvalNode? Convert(EvalNode node, FieldType type, int start, string needs) => CanPromote(node, type)
        ? Promote(node, type)
        : Error<EvalNode>(start, $"{needs}, this is {Name(node.Type)}", CastHint(node.Type));

    private static string CastHint(FieldType type) => type == FieldType.Boolean
        ? "CASE WHEN … THEN … ELSE … END makes a value of a condition" : "convert with CAST(… AS …), or compare it";

    // Constant parts are computed now, by the same code that would compute them per row.
    private EvalNode Fold(EvalNode node, params ReadOnlySpan<EvalNode> children)
    {
        foreach (EvalNode child in children)
        {
            if (!child.IsConstant)
            {
                return node;
            }
        }

        _scratch.Clear();
        return new ConstantNode(node.Type, node.Eval(default, _scratch).ToObject());
    }

    private T? Error<T>(int start, string message, string? hint)
        where T : class
    {
        _errors.Add(new ConfigError(_source.PositionAt(start), message, hint));
        return null;
    }
}
