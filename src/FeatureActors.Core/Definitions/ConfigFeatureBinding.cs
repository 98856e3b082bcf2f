using System.Globalization;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Expressions;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Definitions;

/// <summary>
/// Lets a feature type read its settings from the definitions, and keeps what it read: the settings belong to the state shape and to
/// the canonical text. Used by one thread.
/// </summary>
internal sealed class ConfigFeatureBinding(
    string featureName, ConfigReader reader, FieldScope scope, IReadOnlyList<FeatureWindow> windows, ScalarFunctionSet functions)
    : FeatureBinding
{
    // A feature's sub-keys live in one block of its entity, which is loaded and written as a whole.
    public const long KeysMax = 1_000_000;

    private const long SessionMsMax = 366L * 86_400_000;

    private const string MaxKeys = "max-keys";

    private readonly SortedDictionary<string, FeatureSetting> _settings = new(StringComparer.Ordinal);

    public override string FeatureName => featureName;

    public override long SlotMsMax => windows.Select(WidestSlotMs).DefaultIfEmpty(0).Max();

    /// <summary>What was read, ordered by key.</summary>
    public IReadOnlyList<FeatureSetting> Settings => [.. _settings.Values];

    /// <summary>The columns that were read.</summary>
    public List<FeatureColumn> Columns { get; } = [];

    public override FeatureColumn? RequiredColumn(string key, params ReadOnlySpan<FieldType> allowed)
    {
        if (reader.Required(key) is not { } value || ReadColumn(value, allowed) is not { } column)
        {
            return null;
        }

        Keep(key, column);
        return Found(column);
    }

    public override IReadOnlyList<FeatureColumn>? RequiredColumns(string key, params ReadOnlySpan<FieldType> allowed)
    {
        if (reader.Required(key) is not { } value)
        {
            return null;
        }

        // Every part is read, so that one run shows every mistake.
        IReadOnlyList<ConfigValue> parts = value.AsOneOrMany();
        var columns = new List<ColumnSetting>();
        foreach (ConfigValue part in parts)
        {
            if (ReadColumn(part, allowed) is { } column)
            {
                columns.Add(column);
            }
        }

        if (parts.Count == 0)
        {
            value.Error("at least one field is needed");
        }

        if (columns.Count != parts.Count || columns.Count == 0)
        {
            return null;
        }

        // A list of one field is that field: both spellings have one state shape.
        if (columns.Count == 1)
        {
            Keep(key, columns[0]);
        }
        else
        {
            Keep(key, $"[{string.Join(", ", columns.Select(c => c.Value))}]", $"[{string.Join(", ", columns.Select(c => c.Text))}]");
        }

        return [.. columns.Select(Found)];
    }

    public override string FlagOrWord(string key, bool defaultValue, params ReadOnlySpan<string> words)
    {
        if (reader.Optional(key)?.Node is ConfigScalar { Text: { } text } && words.Contains(text))
        {
            Keep(key, text, HoconText.Quote(text));
            return text;
        }

        // Only what is neither a word nor a flag is a mistake, and then all words are named.
        if (reader.Optional(key) is { Node: ConfigScalar { Text: not ("yes" or "no" or "on" or "off") } } value)
        {
            string word = value.AsWord(["true", "false", .. words]) ?? "false";
            Keep(key, word, word);
            return word;
        }

        return Flag(key, defaultValue) ? "true" : "false";
    }

    public override long Integer(string key, long? defaultValue, long min, long max)
    {
        if (key == MaxKeys)
        {
            max = Math.Min(max, KeysMax);
        }

        long value = (defaultValue is null ? reader.Long(key, min, max) : reader.OptionalLong(key, min, max))
            ?? defaultValue ?? min;
        return Keep(key, value, value.ToString(CultureInfo.InvariantCulture));
    }

    public override double Number(string key, double? defaultValue, double min, double max)
    {
        double value = (defaultValue is null ? reader.Double(key, min, max) : reader.OptionalDouble(key, min, max))
            ?? defaultValue ?? min;
        return Keep(key, value, value.ToString("R", CultureInfo.InvariantCulture));
    }

    public override IReadOnlyList<double> Numbers(
        string key, IReadOnlyList<double>? defaultValue, double min, double max, int countMax, out bool isList)
    {
        isList = false;
        ConfigValue? value = defaultValue is null ? reader.Required(key) : reader.Optional(key);
        IReadOnlyList<double> numbers = defaultValue ?? [];
        if (value is not null)
        {
            IReadOnlyList<ConfigValue> items = value.AsOneOrMany();
            isList = items.Count != 1 || !ReferenceEquals(items[0], value);
            if (items.Count == 0 || items.Count > countMax)
            {
                value.Error($"expected 1 to {countMax} numbers, found {items.Count}");
            }

            numbers = [.. items.Select(i => i.AsDouble(min, max)).OfType<double>()];
        }

        string text = string.Join(", ", numbers.Select(static n => n.ToString("R", CultureInfo.InvariantCulture)));
        text = isList || numbers.Count != 1 ? $"[{text}]" : text;
        Keep(key, text, text);
        return numbers;
    }

    public override string Text(string key, string? defaultValue)
    {
        string value = (defaultValue is null ? reader.String(key) : reader.OptionalString(key)) ?? defaultValue ?? "";
        Keep(key, value, HoconText.Quote(value));
        return value;
    }

    public override bool Flag(string key, bool defaultValue)
    {
        bool value = reader.BooleanOr(key, defaultValue);
        return Keep(key, value, value ? "true" : "false");
    }

    public override long DurationMs(string key, long? defaultValue, long minMs, long maxMs)
    {
        long value = (defaultValue is null ? reader.DurationMs(key, minMs, maxMs) : reader.OptionalDurationMs(key, minMs, maxMs))
            ?? defaultValue ?? minMs;
        return Keep(key, value, value.ToString(CultureInfo.InvariantCulture) + "ms");
    }

    public override string Word(string key, string? defaultValue, params ReadOnlySpan<string> words)
    {
        string[] known = words.ToArray();
        string value = (defaultValue is null ? reader.Word(key, known) : reader.OptionalWord(key, known))
            ?? defaultValue ?? known[0];
        Keep(key, value, HoconText.Quote(value));
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

    /// <summary>A declared field, or else an expression over the fields, which becomes a column of its own.</summary>
    private ColumnSetting? ReadColumn(ConfigValue value, ReadOnlySpan<FieldType> allowed)
    {
        if (value.AsString() is not { } name)
        {
            return null;
        }

        if (scope.IsConflict(name, out string? message))
        {
            value.Error(message, "give the field the same type in all sources of the group");
            return null;
        }

        if (scope.TryResolve(name, out ResolvedColumn column))
        {
            return Typed(value, $"field '{name}'", name, column, HoconText.Quote(name), allowed);
        }

        var mistakes = new List<ConfigError>();
        ConfigPosition position = ((ConfigScalar)value.Node).TextPosition;
        SqlExpression? expression = SqlExpression.Parse(name, position, mistakes);
        if (expression?.SingleColumn is { } quoted && scope.TryResolve(quoted, out column))
        {
            return Typed(value, $"field '{quoted}'", quoted, column, HoconText.Quote(quoted), allowed);
        }

        // One word, or what is nearly a field with an odd name, is a field that was misspelt.
        if (expression?.SingleColumn is not null || (expression is null && NearestWord.Find(name, scope.Names) is not null))
        {
            value.Error($"unknown field '{expression?.SingleColumn ?? name}'", Names.Nearest(name, scope.Names));
            return null;
        }

        if (expression is null || HasConflict(expression, mistakes) || !scope.TryCompute(expression, functions, mistakes, out column))
        {
            value.Errors.AddRange(mistakes);
            return null;
        }

        string text = HoconText.Quote(expression.ToCanonicalText());
        return Typed(value, "the expression", FieldScope.ColumnName(expression), column, text, allowed);
    }

    private bool HasConflict(SqlExpression expression, List<ConfigError> mistakes)
    {
        foreach (string name in expression.ColumnNames)
        {
            if (scope.IsConflict(name, out string? message))
            {
                mistakes.Add(new ConfigError(
                    expression.Position, message, "give the field the same type in all sources of the group"));
            }
        }

        return mistakes.Count > 0;
    }

    private static ColumnSetting? Typed(
        ConfigValue value, string what, string name, ResolvedColumn column, string text, ReadOnlySpan<FieldType> allowed)
    {
        if (allowed.Length > 0 && !allowed.Contains(column.Type))
        {
            string types = string.Join(", ", allowed.ToArray().Select(FieldTypeWords.Of));
            value.Error($"{what} is {FieldTypeWords.Of(column.Type)}, expected {types}");
            return null;
        }

        var found = new FeatureColumn(column.Column, name, column.Type);
        return new ColumnSetting(found, $"{name}:{FieldTypeWords.Of(column.Type)}", text);
    }

    private FeatureColumn Found(ColumnSetting setting)
    {
        Columns.Add(setting.Column);
        return setting.Column;
    }

    private void Keep(string key, ColumnSetting column) => Keep(key, column.Value, column.Text);

    // No slot is wider than the widest cell of a window. A session is a slot of its own and has no bound; for worst cases it ends.
    private static long WidestSlotMs(FeatureWindow window) => window.Kind switch
    {
        WindowKind.Lifetime => long.MaxValue,
        WindowKind.Session => SessionMsMax,
        _ => window.ReachMs - window.HoldsMs,
    };

    private T Keep<T>(string key, T value, string text)
    {
        Keep(key, text, text);
        return value;
    }

    private void Keep(string key, string value, string text) =>
        _settings[key] = new FeatureSetting(key, value, text, reader.Has(key));

    /// <summary>A field as a setting names it.</summary>
    private readonly record struct ColumnSetting(FeatureColumn Column, string Value, string Text);
}
