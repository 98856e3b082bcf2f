using FeatureActors.Core.Expressions;

namespace FeatureActors.Core.Definitions;

/// <summary>A checked <c>where</c>. Immutable.</summary>
public sealed class FilterDefinition
{
    internal FilterDefinition(BoundExpression expression)
    {
        Expression = expression;
        CanonicalText = expression.Source.ToCanonicalText();
    }

    /// <summary>The condition, bound to the columns of the rows it will see.</summary>
    public BoundExpression Expression { get; }

    /// <summary>The condition in one spelling: part of the state shape.</summary>
    public string CanonicalText { get; }

    /// <summary>The filter as the plans carry it, safe for concurrent calls.</summary>
    public RowPredicate ToPredicate()
    {
        // An evaluator owns scratch memory, while one predicate serves every shard and ingest actor: one evaluator per thread.
        var perThread = new ThreadLocal<CompiledPredicate>(Expression.CreatePredicate);
        return (in row) => perThread.Value!.IsTrue(row);
    }
}
