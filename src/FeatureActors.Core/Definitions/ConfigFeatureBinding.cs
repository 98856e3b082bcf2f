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
internal sealed class ConfigFeatureBinding(string featureName, ConfigReader reader, FieldScope scope, IReadOnlyList<FeatureWindow> windows)
    : FeatureBinding
{
    // A feature's sub-keys live in one block of its entity, which is loaded and written as a whole.
    public const long KeysMax = 1_000_000;

    private const string MaxKeys = "max-keys";

    private readonly SortedDictionary<string, FeatureSetting> _settings = new(StringComparer.Ordinal);

    public override string FeatureName => featureName;

    // No slot is wider than the widest cell of a window.
    public override long SlotMsMax =>
        windows.Select(static w => w.IsLifetime ? long.MaxValue : w.ReachMs - w.HoldsMs).DefaultIfEmpty(0).Max();

    /// <summary>What was read, ordered by key.</summary>
    public IReadOnlyList<FeatureSetting> Settings => [.. _settings.Values];

    /// <summary>The columns that were read.</summary>
    public List<FeatureColumn> Columns { get; } = [];

    public override FeatureColumn? RequiredColumn(string key, params ReadOnlySpan<FieldType> allowed)
    {
        if (reader.Required(key) is not { } value || value.AsString() is not { } name)
        {
            return null;
        }

        if (scope.IsConflict(name, out string? message))
        {
            value.Error(message, "give the field the same type in all sources of the group");
            return null;
        }

        if (!scope.TryResolve(name, out ResolvedColumn column))
        {
            value.Error($"unknown field '{name}'", Names.Nearest(name, scope.Names));
            return null;
        }

        if (allowed.Length > 0 && !allowed.Contains(column.Type))
        {
            string types = string.Join(", ", allowed.ToArray().Select(FieldTypeWords.Of));
            value.Error($"field '{name}' is {FieldTypeWords.Of(column.Type)}, expected {types}");
            return null;
        }

        Keep(key, $"{name}:{FieldTypeWords.Of(column.Type)}", HoconText.Quote(name));
        var found = new FeatureColumn(column.Column, name, column.Type);
        Columns.Add(found);
        return found;
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

    private T Keep<T>(string key, T value, string text)
    {
        Keep(key, text, text);
        return value;
    }

    private void Keep(string key, string value, string text) =>
        _settings[key] = new FeatureSetting(key, value, text, reader.Has(key));
}
