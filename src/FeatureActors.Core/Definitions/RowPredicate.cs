using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Definitions;

/// <summary>A compiled <c>where</c>: true only when the expression is true, not when it is NULL. Safe for concurrent calls.</summary>
public delegate bool RowPredicate(in RowView row);
