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
    private readonly List<SqlExpression> _expressions = [];

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

    /// <summary>The fields of all sources that feed a group, with the columns of their lookups, each name once.</summary>
    public static FieldScope OfSources(IEnumerable<SourceDefinition> sources)
    {
        var scope = new FieldScope();
        var declaredBy = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (SourceDefinition source in sources)
        {
            foreach (FieldDefinition field in source.Fields.Concat(source.LookupColumns))
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

    /// <summary>The columns that were found by name or computed, in the order of first use.</summary>
    public IReadOnlyList<FieldDefinition> Used => _used;

    /// <summary>The expressions among them.</summary>
    public IReadOnlyList<SqlExpression> Expressions => _expressions;

    /// <summary>The name of the column that an expression becomes.</summary>
    public static string ColumnName(SqlExpression expression) => "=" + expression.ToCanonicalText();

    /// <summary>
    /// Makes a column of an expression over these fields. Of the entity's columns it is the one that the group made before. The fields
    /// that it reads are needed where events are read, not by the features, so they do not count as used.
    /// </summary>
    /// <returns>False when mistakes were added.</returns>
    public bool TryCompute(
        SqlExpression expression, ScalarFunctionSet functions, List<ConfigError> errors, out ResolvedColumn column)
    {
        string name = ColumnName(expression);
        if (_byName.TryGetValue(name, out column))
        {
            return true;
        }

        if (ExpressionBinder.Bind(expression, new Reading(this), null, errors, functions) is not { } bound)
        {
            return false;
        }

        if (bound.IsConstant)
        {
            errors.Add(new ConfigError(expression.Position, $"'{expression}' is no field, and the same for every row", Definitions.Names.Nearest(expression.Text, _names)));
            return false;
        }

        column = new ResolvedColumn(_byName.Count, bound.Type);
        _byName.Add(name, column);
        _used.Add(new FieldDefinition(name, bound.Type));
        _expressions.Add(expression);
        return true;
    }

    /// <summary>An expression of this scope, bound to the events of one of its sources; what other sources declare is NULL there.</summary>
    public ExpressionColumn ColumnOf(SqlExpression expression, SourceDefinition source, ScalarFunctionSet functions)
    {
        var errors = new List<ConfigError>();
        BoundExpression bound = ExpressionBinder.Bind(expression, new SourceReading(this, source), null, errors, functions)
            ?? throw new InvalidOperationException($"'{expression}' was bound once and then refused: {string.Join("; ", errors)}");
        return new ExpressionColumn(ColumnName(expression), bound.Type, bound);
    }

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

    /// <summary>Finds fields without counting them as used.</summary>
    private sealed class Reading(FieldScope scope) : IColumnResolver
    {
        public IEnumerable<string> Names => scope._names;

        public bool TryResolve(string name, out ResolvedColumn column) => scope._byName.TryGetValue(name, out column);
    }

    /// <summary>Finds the fields of a source, and those of others in the cell behind them, which is always NULL.</summary>
    private sealed class SourceReading(FieldScope scope, SourceDefinition source) : IColumnResolver
    {
        public IEnumerable<string> Names => scope._names;

        public bool TryResolve(string name, out ResolvedColumn column)
        {
            if (!scope._byName.TryGetValue(name, out column))
            {
                return false;
            }

            column = new ResolvedColumn(source.CellOfName(name), column.Type);
            return true;
        }
    }
}
