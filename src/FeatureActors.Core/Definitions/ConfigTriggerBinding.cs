using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Expressions;
using FeatureActors.Core.Triggers;

namespace FeatureActors.Core.Definitions;

/// <summary>
/// Lets a trigger type read its settings from the definitions, and keeps what it read: the settings are its identity and belong to the
/// canonical text. Used by one thread.
/// </summary>
internal sealed class ConfigTriggerBinding(string group, ConfigReader reader, GroupFieldScope scope, ScalarFunctionSet functions) : TriggerBinding
{
    private readonly List<string> _named = [];
    private readonly ConfigSettingsBinding _settings = new(group, reader);

    public override string GroupName => group;

    /// <summary>True when a mistake was met that is reported where it stands, so that a refusal needs no reason.</summary>
    public bool HasMetKnownMistake { get; private set; }

    /// <summary>What was read, in that order.</summary>
    public IReadOnlyList<FeatureSetting> Settings => _settings.InOrderOfReading;

    /// <summary>Names of the fields that were read; the place is the index in <see cref="TriggerValues"/>.</summary>
    public IReadOnlyList<string> Fields => _named;

    public override TriggerField? RequiredField(string key, bool mustBeNumber)
    {
        if (reader.Required(key) is not { } value || value.AsString() is not { } name)
        {
            return null;
        }

        if (scope.Find(name) is not { } field)
        {
            if (scope.IsWrong(name))
            {
                HasMetKnownMistake = true;
            }
            else
            {
                value.Error($"the group has no field '{name}'", scope.HintFor(name));
            }

            return null;
        }

        if (mustBeNumber && !field.IsNumber)
        {
            value.Error($"the value of '{field.Name}' is not a number", "without 'by' any change of the value counts");
            return null;
        }

        _settings.Keep(key, HoconText.Quote(field.Name));
        return new TriggerField(IndexOf(field), field.Name, field.IsNumber);
    }

    public override TriggerCondition? RequiredCondition(string key)
    {
        if (reader.Scalar(key) is not { Text: { } text } scalar
            || SqlExpression.Parse(text, scalar.TextPosition, reader.Errors) is not { } expression)
        {
            return null;
        }

        if (expression.ColumnNames.Any(n => scope.Find(n) is null && scope.IsWrong(n)))
        {
            HasMetKnownMistake = true;
            return null;
        }

        foreach (string name in expression.ColumnNames.Where(n => scope.HasSeveral(n)))
        {
            reader.Errors.Add(new ConfigError(scalar.TextPosition, $"feature '{name}' has several windows", scope.HintFor(name)));
            HasMetKnownMistake = true;
        }

        if (HasMetKnownMistake
            || ExpressionBinder.Bind(expression, new Columns(this, scope), FieldType.Boolean, reader.Errors, functions) is not { } bound)
        {
            return null;
        }

        _settings.Keep(key, HoconText.Quote(expression.ToCanonicalText()));
        return new ValueCondition(bound);
    }

    public override long Integer(string key, long? defaultValue, long min, long max) => _settings.Integer(key, defaultValue, min, max);

    public override double Number(string key, double? defaultValue, double min, double max) => _settings.Number(key, defaultValue, min, max);

    public override bool Flag(string key, bool defaultValue) => _settings.Flag(key, defaultValue);

    public override long DurationMs(string key, long? defaultValue, long minMs, long maxMs) => _settings.DurationMs(key, defaultValue, minMs, maxMs);

    public override string Word(string key, string? defaultValue, params ReadOnlySpan<string> words) => _settings.Word(key, defaultValue, words);

    public override string Text(string key, string? defaultValue) => _settings.Text(key, defaultValue);

    public override bool Has(string key) => _settings.Has(key);

    public override void Error(string key, string message, string? hint = null) => _settings.Error(key, message, hint);

    private int IndexOf(GroupField field)
    {
        int index = _named.IndexOf(field.Name);
        if (index < 0)
        {
            index = _named.Count;
            _named.Add(field.Name);
        }

        return index;
    }

    /// <summary>The fields as columns: a number is a double, everything else its text.</summary>
    private sealed class Columns(ConfigTriggerBinding binding, GroupFieldScope scope) : IColumnResolver
    {
        public IEnumerable<string> Names => scope.Fields.Select(f => f.Name);

        public bool TryResolve(string name, out ResolvedColumn column)
        {
            if (scope.Find(name) is not { } field)
            {
                column = default;
                return false;
            }

            column = new ResolvedColumn(binding.IndexOf(field), field.IsNumber ? FieldType.Double : FieldType.String);
            return true;
        }
    }
}
