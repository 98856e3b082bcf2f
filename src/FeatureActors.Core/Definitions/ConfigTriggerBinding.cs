using System.Globalization;
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
    private readonly List<FeatureSetting> _settings = [];

    public override string GroupName => group;

    /// <summary>True when a mistake was met that is reported where it stands, so that a refusal needs no reason.</summary>
    public bool HasMetKnownMistake { get; private set; }

    /// <summary>What was read, in that order.</summary>
    public IReadOnlyList<FeatureSetting> Settings => _settings;

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
            value.Error($"the value of '{field.Name}' is not a number");
            return null;
        }

        Keep(key, HoconText.Quote(field.Name));
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

        Keep(key, HoconText.Quote(expression.ToCanonicalText()));
        return new ValueCondition(bound);
    }

    public override long Integer(string key, long? defaultValue, long min, long max)
    {
        long value = (defaultValue is null ? reader.Long(key, min, max) : reader.OptionalLong(key, min, max)) ?? defaultValue ?? min;
        Keep(key, value.ToString(CultureInfo.InvariantCulture));
        return value;
    }

    public override double Number(string key, double? defaultValue, double min, double max)
    {
        double value = (defaultValue is null ? reader.Double(key, min, max) : reader.OptionalDouble(key, min, max)) ?? defaultValue ?? min;
        Keep(key, value.ToString("R", CultureInfo.InvariantCulture));
        return value;
    }

    public override bool Flag(string key, bool defaultValue)
    {
        bool value = reader.BooleanOr(key, defaultValue);
        Keep(key, value ? "true" : "false");
        return value;
    }

    public override long DurationMs(string key, long? defaultValue, long minMs, long maxMs)
    {
        long value = (defaultValue is null ? reader.DurationMs(key, minMs, maxMs) : reader.OptionalDurationMs(key, minMs, maxMs))
            ?? defaultValue ?? minMs;
        Keep(key, ConfigDuration.Format(value));
        return value;
    }

    public override string Word(string key, string? defaultValue, params ReadOnlySpan<string> words)
    {
        string[] known = words.ToArray();
        string value = (defaultValue is null ? reader.Word(key, known) : reader.OptionalWord(key, known)) ?? defaultValue ?? known[0];
        Keep(key, HoconText.Quote(value));
        return value;
    }

    public override string Text(string key, string? defaultValue)
    {
        string value = (defaultValue is null ? reader.String(key) : reader.OptionalString(key)) ?? defaultValue ?? "";
        Keep(key, HoconText.Quote(value));
        return value;
    }

    public override bool Has(string key) => reader.Has(key);

    public override void Error(string key, string message, string? hint = null)
    {
        if (reader.Optional(key) is { } value)
        {
            value.Error(message, hint);
        }
        else
        {
            reader.Error(message, hint);
        }
    }

    private void Keep(string key, string text)
    {
        _settings.RemoveAll(s => s.Key == key);
        _settings.Add(new FeatureSetting(key, text, text, reader.Has(key)));
    }

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
