using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Expressions;

/// <summary>
/// An expression bound to columns and type-checked: a tree of typed nodes, built once. Immutable; shards share it. What runs per
/// row is an evaluator, which owns scratch memory: take one per shard (or thread) from <see cref="CreatePredicate"/> or
/// <see cref="CreateEvaluator"/>.
/// </summary>
public sealed class BoundExpression
{
    internal BoundExpression(SqlExpression source, EvalNode root, IReadOnlyList<int> referencedColumns)
    {
        Source = source;
        Root = root;
        ReferencedColumns = referencedColumns;
    }

    /// <summary>The expression that was bound.</summary>
    public SqlExpression Source { get; }

    /// <summary>Type of the value.</summary>
    public FieldType Type => Root.Type;

    /// <summary>The columns it reads, ascending, each once.</summary>
    public IReadOnlyList<int> ReferencedColumns { get; }

    /// <summary>The column it stands for when it is nothing but a column, else null; callers then read the cell themselves.</summary>
    public int? SingleColumn => Root is ColumnNode column ? column.Column : null;

    /// <summary>True when it gives the same value for every row.</summary>
    public bool IsConstant => Root.IsConstant;

    internal EvalNode Root { get; }

    /// <summary>An evaluator for a condition.</summary>
    /// <exception cref="InvalidOperationException">The expression is not boolean.</exception>
    public CompiledPredicate CreatePredicate() => Type == FieldType.Boolean
        ? new CompiledPredicate(Root)
        : throw new InvalidOperationException($"'{Source}' has type {Type}, not boolean");

    /// <summary>An evaluator for a value.</summary>
    public CompiledValue CreateEvaluator() => new(Root);
}

/// <summary>A condition ready to run. Used by one thread at a time; allocates nothing after warm-up.</summary>
public sealed class CompiledPredicate
{
    private readonly EvalNode _root;
    private readonly ByteArena _scratch = new(64);

    internal CompiledPredicate(EvalNode root) => _root = root;

    /// <summary>True when the condition is true for <paramref name="row"/>; false when it is false or NULL.</summary>
    public bool IsTrue(scoped in RowView row)
    {
        _scratch.Clear();
        return _root.EvalBoolean(row, _scratch) == Ternary.True;
    }
}

/// <summary>A value ready to be computed. Used by one thread at a time; allocates nothing after warm-up.</summary>
public sealed class CompiledValue
{
    private readonly EvalNode _root;
    private readonly ByteArena _scratch = new(64);

    internal CompiledValue(EvalNode root) => _root = root;

    /// <summary>Type of the value.</summary>
    public FieldType Type => _root.Type;

    /// <summary>Computes the value for <paramref name="row"/>; it is valid until the next call and while the row is.</summary>
    public ExpressionValue Evaluate(scoped in RowView row)
    {
        _scratch.Clear();
        return _root.Eval(row, _scratch);
    }

    /// <summary>
    /// Computes the value for <paramref name="row"/> into a cell of another row whose byte area is <paramref name="bytes"/>; strings
    /// and decimals are appended there. <paramref name="row"/> may stand in <paramref name="bytes"/>: what is appended lies behind it. A
    /// double −0 becomes 0.
    /// </summary>
    public void Write(scoped in RowView row, ref RowCell cell, ByteArena bytes)
    {
        ExpressionValue value = Evaluate(row);
        cell.IsPresent = !value.IsNull;
        if (value.IsNull)
        {
            return;
        }

        switch (Type)
        {
            case FieldType.String:
                cell.Offset = bytes.Append(value.Utf8);
                cell.Length = value.Utf8.Length;
                break;
            case FieldType.Decimal:
                cell.Offset = bytes.Append(value.Decimal);
                cell.Length = sizeof(decimal);
                break;
            case FieldType.Double:
                cell.Bits = BitConverter.DoubleToInt64Bits(value.Double + 0.0);
                break;
            default:
                cell.Bits = value.Bits;
                break;
        }
    }
}
