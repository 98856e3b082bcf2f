using System.Globalization;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Definitions;

/// <summary>
/// Lets a plug-in read its settings from a configuration tree, and keeps what it read, for the canonical text. Used by one thread.
/// </summary>
/// <param name="name">What is bound.</param>
/// <param name="reader">The object that holds the settings.</param>
public sealed class ConfigSettingsBinding(string name, ConfigReader reader) : SettingsBinding
{
    private readonly List<FeatureSetting> _settings = [];

    /// <inheritdoc/>
    public override string Name => name;

    /// <summary>What was read, ordered by key.</summary>
    public IReadOnlyList<FeatureSetting> Settings => [.. _settings.OrderBy(static s => s.Key, StringComparer.Ordinal)];

    /// <summary>What was read, in that order.</summary>
    public IReadOnlyList<FeatureSetting> InOrderOfReading => _settings;

    /// <inheritdoc/>
    public override long Integer(string key, long? defaultValue, long min, long max)
    {
        long value = (defaultValue is null ? reader.Long(key, min, max) : reader.OptionalLong(key, min, max)) ?? defaultValue ?? min;
        Keep(key, value.ToString(CultureInfo.InvariantCulture));
        return value;
    }

    /// <inheritdoc/>
    public override double Number(string key, double? defaultValue, double min, double max)
    {
        double value = (defaultValue is null ? reader.Double(key, min, max) : reader.OptionalDouble(key, min, max)) ?? defaultValue ?? min;
        Keep(key, value.ToString("R", CultureInfo.InvariantCulture));
        return value;
    }

    /// <inheritdoc/>
    public override bool Flag(string key, bool defaultValue)
    {
        bool value = reader.BooleanOr(key, defaultValue);
        Keep(key, value ? "true" : "false");
        return value;
    }

    /// <inheritdoc/>
    public override long DurationMs(string key, long? defaultValue, long minMs, long maxMs)
    {
        long value = (defaultValue is null ? reader.DurationMs(key, minMs, maxMs) : reader.OptionalDurationMs(key, minMs, maxMs))
            ?? defaultValue ?? minMs;
        Keep(key, ConfigDuration.Format(value));
        return value;
    }

    /// <inheritdoc/>
    public override string Word(string key, string? defaultValue, params ReadOnlySpan<string> words)
    {
        string[] known = words.ToArray();
        string value = (defaultValue is null ? reader.Word(key, known) : reader.OptionalWord(key, known)) ?? defaultValue ?? known[0];
        Keep(key, HoconText.Quote(value));
        return value;
    }

    /// <inheritdoc/>
    public override string Text(string key, string? defaultValue)
    {
        string value = (defaultValue is null ? reader.String(key) : reader.OptionalString(key)) ?? defaultValue ?? "";
        Keep(key, HoconText.Quote(value));
        return value;
    }

    /// <inheritdoc/>
    public override bool Has(string key) => reader.Has(key);

    /// <inheritdoc/>
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

    /// <summary>Remembers a setting as read; one that is read again counts once, as the last.</summary>
    internal void Keep(string key, string text)
    {
        _settings.RemoveAll(s => s.Key == key);
        _settings.Add(new FeatureSetting(key, text, text, reader.Has(key)));
    }
}
