using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Expressions;

/// <summary>What a column name stands for.</summary>
/// <param name="Column">Position in the rows that the expression will read.</param>
/// <param name="Type">Type of the column.</param>
public readonly record struct ResolvedColumn(int Column, FieldType Type);

/// <summary>Maps the column names of expressions to the columns of a row. Names are matched exactly, as in the source's fields.</summary>
public interface IColumnResolver
{
    /// <summary>All names, for suggestions.</summary>
    IEnumerable<string> Names { get; }

    /// <summary>Finds a column; false when there is none of that name.</summary>
    bool TryResolve(string name, out ResolvedColumn column);
}
