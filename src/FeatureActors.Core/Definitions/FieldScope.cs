using System.Diagnostics.CodeAnalysis;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Expressions;

namespace FeatureActors.Core.Definitions;

/// <summary>
/// The fields that a feature or a filter may name, and which of them were named. A field that two sources declare with different
/// types is in it with a message: it may exist, but nobody may use it.
/// </summary>
internal sealed class FieldScope : IColumnResolver
{
    private readonly List<string> _names = [];
    private readonly Dictionary<string, ResolvedColumn> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _conflicts = new(StringComparer.Ordinal);
    private readonly List<FieldDefinition> _used = [];

    /// <summary>The fields of one source, in its order: what the filters of a feed see.</summary>
    public static FieldScope OfSource(SourceDefinition source) => OfColumns(source.Fields);

    /// <summary>Columns whose place is their index.</summary>
    public static FieldScope OfColumns(IReadOnlyList<FieldDefinition> columns)
    {
        var scope = new FieldScope();
        for (int i = 0; i < columns.Count; i++)
        {
            scope._names.Add(columns[i].Name);
            scope._byName.Add(columns[i].Name, new ResolvedColumn(i, columns[i].Type));
        }

        return scope;
    }

    /// <summary>The columns out of <paramref name="columns"/> that <paramref name="group"/> used; an entity may have two of one name for two groups.</summary>
    public static FieldScope OfEntity(IReadOnlyList<FieldDefinition> columns, FieldScope group)
    {
        var scope = new FieldScope();
        for (int i = 0; i < columns.Count; i++)
        {
            if (group._used.Contains(columns[i]))
            {
                scope._names.Add(columns[i].Name);
                scope._byName.Add(columns[i].Name, new ResolvedColumn(i, columns[i].Type));
            }
        }

        return scope;
    }

    /// <summary>The fields of all sources that feed a group, each name once.</summary>
    public static FieldScope OfSources(IEnumerable<SourceDefinition> sources)
    {
        var scope = new FieldScope();
        var declaredBy = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (SourceDefinition source in sources)
        {
            foreach (FieldDefinition field in source.Fields)
            {
                if (!scope._byName.TryGetValue(field.Name, out ResolvedColumn known))
                {
                    declaredBy.Add(field.Name, source.Name);
                    scope._names.Add(field.Name);
                    scope._byName.Add(field.Name, new ResolvedColumn(scope._byName.Count, field.Type));
                }
                else if (known.Type != field.Type)
                {
                    scope._conflicts.TryAdd(
                        field.Name,
                        $"field '{field.Name}' is {FieldTypeWords.Of(known.Type)} in source {declaredBy[field.Name]} and "
                        + $"{FieldTypeWords.Of(field.Type)} in source {source.Name}");
                }
            }
        }

        return scope;
    }

    /// <inheritdoc/>
    public IEnumerable<string> Names => _names;

    /// <summary>The fields that were found by name, in the order of first use.</summary>
    public IReadOnlyList<FieldDefinition> Used => _used;

    /// <inheritdoc/>
    public bool TryResolve(string name, out ResolvedColumn column)
    {
        if (!_byName.TryGetValue(name, out column))
        {
            return false;
        }

        var field = new FieldDefinition(name, column.Type);
        if (!_used.Contains(field))
        {
            _used.Add(field);
        }

        return true;
    }

    /// <summary>Why nobody may use <paramref name="name"/>, although it is declared.</summary>
    public bool IsConflict(string name, [NotNullWhen(true)] out string? message) => _conflicts.TryGetValue(name, out message);

    /// <summary>Reads the optional condition <paramref name="key"/>; parsed once, bound here for its mistakes.</summary>
    public SqlExpression? ParseFilter(ConfigReader reader, string key, ScalarFunctionSet functions)
    {
        if (reader.OptionalScalar(key) is not { Text: { } text } scalar
            || SqlExpression.Parse(text, scalar.TextPosition, reader.Errors) is not { } expression)
        {
            return null;
        }

        foreach (string name in expression.ColumnNames)
        {
            if (IsConflict(name, out string? message))
            {
                reader.Errors.Add(new ConfigError(
                    scalar.TextPosition, message, "give the field the same type in all sources of the group"));
            }
        }

        return Bind(expression, functions, reader.Errors) is null ? null : expression;
    }

    /// <summary>Binds a condition to these fields; null when mistakes were added.</summary>
    public FilterDefinition? Bind(SqlExpression expression, ScalarFunctionSet functions, List<ConfigError> errors) =>
        ExpressionBinder.Bind(expression, this, FieldType.Boolean, errors, functions) is { } bound
            ? new FilterDefinition(bound)
            : null;
}
