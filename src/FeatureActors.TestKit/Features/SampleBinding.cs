using System.Globalization;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.TestKit.Features;

/// <summary>Settings of one feature as a dictionary, for tests of feature types; mistakes are collected as text.</summary>
public sealed class SampleBinding : FeatureBinding
{
    private readonly List<FeatureColumn> _columns = [];
    private readonly Dictionary<string, string> _settings = [];

    /// <summary>Mistakes reported so far, as <c>setting: message</c>.</summary>
    public IList<string> Errors { get; } = [];

    /// <inheritdoc/>
    public override string FeatureName => "sample";

    /// <inheritdoc/>
    public override long SlotMsMax => WidestSlotMs;

    /// <summary>The width that <see cref="SlotMsMax"/> answers; a day unless set.</summary>
    public long WidestSlotMs { get; init; } = 86_400_000;

    /// <summary>Declares the next column; its position is its index in rows.</summary>
    public SampleBinding Column(string name, FieldType type)
    {
        _columns.Add(new FeatureColumn(_columns.Count, name, type));
        return this;
    }

    /// <summary>Sets a setting; a list is written as <c>[a, b]</c>.</summary>
    public SampleBinding Set(string key, object value)
    {
        _settings[key] = Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty;
        return this;
    }

    /// <summary>Binds a type and fails on any reported mistake.</summary>
    /// <exception cref="InvalidOperationException">A mistake was reported; the message lists all.</exception>
    public FeatureAggregate Bind(IFeatureType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        FeatureAggregate? aggregate = type.Bind(this);
        return aggregate is not null && Errors.Count == 0
            ? aggregate
            : throw new InvalidOperationException($"{type.Name}: {string.Join("; ", Errors)}");
    }

    /// <inheritdoc/>
    public override FeatureColumn? RequiredColumn(string key, params ReadOnlySpan<FieldType> allowed)
    {
        if (!_settings.TryGetValue(key, out string? name))
        {
            Error(key, "missing");
            return null;
        }

        return Find(key, name, allowed);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<FeatureColumn>? RequiredColumns(string key, params ReadOnlySpan<FieldType> allowed)
    {
        if (!_settings.TryGetValue(key, out string? names))
        {
            Error(key, "missing");
            return null;
        }

        var columns = new List<FeatureColumn>();
        foreach (string name in names.Trim('[', ']').Split(',', StringSplitOptions.TrimEntries))
        {
            if (Find(key, name, allowed) is not { } column)
            {
                return null;
            }

            columns.Add(column);
        }

        return columns;
    }

    /// <inheritdoc/>
    public override long Integer(string key, long? defaultValue, long min, long max) =>
        (long)Bounded(key, defaultValue, min, max);

    /// <inheritdoc/>
    public override double Number(string key, double? defaultValue, double min, double max) =>
        Bounded(key, defaultValue, min, max);

    /// <inheritdoc/>
    /// <remarks>A list is written as <c>[0.5, 0.9]</c>.</remarks>
    public override IReadOnlyList<double> Numbers(
        string key, IReadOnlyList<double>? defaultValue, double min, double max, int countMax, out bool isList)
    {
        isList = false;
        if (!_settings.TryGetValue(key, out string? text))
        {
            if (defaultValue is null)
            {
                Error(key, "missing");
            }

            return defaultValue ?? [];
        }

        isList = text.StartsWith('[');
        string[] parts = text.Trim('[', ']').Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        double[] numbers = [.. parts.Select(static p => double.Parse(p, CultureInfo.InvariantCulture))];
        if (numbers.Length == 0 || numbers.Length > countMax)
        {
            Error(key, FormattableString.Invariant($"expected 1 to {countMax} numbers, found {numbers.Length}"));
        }

        if (numbers.Any(n => n < min || n > max))
        {
            Error(key, FormattableString.Invariant($"not in {min}..{max}"));
        }

        return numbers;
    }

    /// <inheritdoc/>
    public override string Text(string key, string? defaultValue)
    {
        if (_settings.GetValueOrDefault(key, defaultValue!) is { } text)
        {
            return text;
        }

        Error(key, "missing");
        return string.Empty;
    }

    /// <inheritdoc/>
    public override bool Flag(string key, bool defaultValue) =>
        _settings.TryGetValue(key, out string? text) ? bool.Parse(text) : defaultValue;

    /// <inheritdoc/>
    public override string FlagOrWord(string key, bool defaultValue, params ReadOnlySpan<string> words)
    {
        string text = _settings.TryGetValue(key, out string? set)
            ? set
            : defaultValue ? bool.TrueString : bool.FalseString;
        return bool.TryParse(text, out bool flag) ? (flag ? "true" : "false") : Word(key, null, words);
    }

    /// <inheritdoc/>
    public override long DurationMs(string key, long? defaultValue, long minMs, long maxMs) =>
        (long)Bounded(key, defaultValue, minMs, maxMs);

    /// <inheritdoc/>
    public override string Word(string key, string? defaultValue, params ReadOnlySpan<string> words)
    {
        string? word = _settings.GetValueOrDefault(key, defaultValue!);
        if (word is null || !words.Contains(word))
        {
            Error(key, word is null ? "missing" : $"unknown word {word}");
            return words[0];
        }

        return word;
    }

    /// <inheritdoc/>
    public override bool Has(string key) => _settings.ContainsKey(key);

    /// <inheritdoc/>
    public override void Error(string key, string message, string? hint = null) => Errors.Add($"{key}: {message}");

    private FeatureColumn? Find(string key, string name, ReadOnlySpan<FieldType> allowed)
    {
        foreach (FeatureColumn column in _columns)
        {
            if (column.Name == name)
            {
                if (!allowed.IsEmpty && !allowed.Contains(column.Type))
                {
                    Error(key, $"cannot be a {column.Type}");
                    return null;
                }

                return column;
            }
        }

        Error(key, $"unknown field {name}");
        return null;
    }

    private double Bounded(string key, double? defaultValue, double min, double max)
    {
        if (!_settings.TryGetValue(key, out string? text))
        {
            if (defaultValue is null)
            {
                Error(key, "missing");
            }

            return defaultValue ?? min;
        }

        double value = double.Parse(text, CultureInfo.InvariantCulture);
        if (value < min || value > max)
        {
            Error(key, FormattableString.Invariant($"not in {min}..{max}"));
            return min;
        }

        return value;
    }
}
