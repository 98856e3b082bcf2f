namespace FeatureActors.Abstractions.Configuration;

/// <summary>
/// A cursor over one object: binds fields by name and remembers which were asked for. Mistakes go to a shared list; the
/// caller goes on with what it got and throws <see cref="Errors.ConfigException"/> at the end when the list is not empty.
/// Every type comes in three forms: <c>Int(key)</c> is required, and null after its error was added; <c>OptionalInt(key)</c> is null
/// when the field is absent or wrong; <c>IntOr(key, fallback)</c> is the fallback when the field is absent or wrong. A field set to
/// <c>null</c> counts as absent. Ranges include both ends. Not for concurrent use.
/// </summary>
/// <param name="value">The object.</param>
/// <param name="path">Its path, for messages; empty for the root.</param>
/// <param name="errors">Where mistakes are collected.</param>
public sealed class ConfigReader(ConfigObject value, string path, List<ConfigError> errors)
{
    private readonly List<string> _known = [];

    /// <summary>The object.</summary>
    public ConfigObject Value { get; } = value;

    /// <summary>Its path, such as <c>groups.item_sales</c>.</summary>
    public string Path { get; } = path;

    /// <summary>Where it was written.</summary>
    public ConfigPosition Position => Value.Position;

    /// <summary>Where mistakes are collected.</summary>
    public List<ConfigError> Errors { get; } = errors;

    /// <summary>The keys of the object in the order of the file; asking for them does not count as reading.</summary>
    public IEnumerable<string> Keys => Value.Fields.Select(f => f.Key);

    /// <summary>True when the field exists and is not null. It counts as read.</summary>
    public bool Has(string key) => Optional(key) is not null;

    /// <summary>The field's value, or null when it is absent or null. It counts as read.</summary>
    public ConfigValue? Optional(string key)
    {
        Know(key);
        return Value.Find(key)?.Value is { } node and not ConfigScalar { Text: null } ? Child(key, node) : null;
    }

    /// <summary>The field's value; null and an error at the object's position when it is absent or null.</summary>
    public ConfigValue? Required(string key)
    {
        ConfigValue? value = Optional(key);
        if (value is null)
        {
            ConfigNode? found = Value.Find(key)?.Value;
            Errors.Add(found is null
                ? new ConfigError(Position, $"{ConfigPath.Append(Path, key)} is missing", $"add {key} = …")
                : new ConfigError(found.Position, $"{ConfigPath.Append(Path, key)} must not be null", "give it a value"));
        }

        return value;
    }

    /// <summary>Required scalar with its positions, for texts that are parsed further (expressions).</summary>
    public ConfigScalar? Scalar(string key) => Required(key)?.AsScalar();

    /// <summary>Optional scalar with its positions, for texts that are parsed further (expressions).</summary>
    public ConfigScalar? OptionalScalar(string key) => Optional(key)?.AsScalar();

    /// <summary>Required text.</summary>
    public string? String(string key) => Required(key)?.AsString();

    /// <summary>Optional text.</summary>
    public string? OptionalString(string key) => Optional(key)?.AsString();

    /// <summary>Text with a default.</summary>
    public string StringOr(string key, string fallback) => OptionalString(key) ?? fallback;

    /// <summary>Required whole number.</summary>
    public int? Int(string key, int min = int.MinValue, int max = int.MaxValue) => Required(key)?.AsInt(min, max);

    /// <summary>Optional whole number.</summary>
    public int? OptionalInt(string key, int min = int.MinValue, int max = int.MaxValue) => Optional(key)?.AsInt(min, max);

    /// <summary>Whole number with a default.</summary>
    public int IntOr(string key, int fallback, int min = int.MinValue, int max = int.MaxValue) =>
        OptionalInt(key, min, max) ?? fallback;

    /// <summary>Required whole number.</summary>
    public long? Long(string key, long min = long.MinValue, long max = long.MaxValue) => Required(key)?.AsLong(min, max);

    /// <summary>Optional whole number.</summary>
    public long? OptionalLong(string key, long min = long.MinValue, long max = long.MaxValue) =>
        Optional(key)?.AsLong(min, max);

    /// <summary>Whole number with a default.</summary>
    public long LongOr(string key, long fallback, long min = long.MinValue, long max = long.MaxValue) =>
        OptionalLong(key, min, max) ?? fallback;

    /// <summary>Required finite number.</summary>
    public double? Double(string key, double min = double.MinValue, double max = double.MaxValue) =>
        Required(key)?.AsDouble(min, max);

    /// <summary>Optional finite number.</summary>
    public double? OptionalDouble(string key, double min = double.MinValue, double max = double.MaxValue) =>
        Optional(key)?.AsDouble(min, max);

    /// <summary>Finite number with a default.</summary>
    public double DoubleOr(
        string key, double fallback, double min = double.MinValue, double max = double.MaxValue) =>
        OptionalDouble(key, min, max) ?? fallback;

    /// <summary>Required boolean.</summary>
    public bool? Boolean(string key) => Required(key)?.AsBoolean();

    /// <summary>Optional boolean.</summary>
    public bool? OptionalBoolean(string key) => Optional(key)?.AsBoolean();

    /// <summary>Boolean with a default.</summary>
    public bool BooleanOr(string key, bool fallback) => OptionalBoolean(key) ?? fallback;

    /// <summary>Required duration in ms.</summary>
    public long? DurationMs(string key, long minMs = 0, long maxMs = long.MaxValue) =>
        Required(key)?.AsDurationMs(minMs, maxMs);

    /// <summary>Optional duration in ms.</summary>
    public long? OptionalDurationMs(string key, long minMs = 0, long maxMs = long.MaxValue) =>
        Optional(key)?.AsDurationMs(minMs, maxMs);

    /// <summary>Duration in ms with a default.</summary>
    public long DurationMsOr(string key, long fallbackMs, long minMs = 0, long maxMs = long.MaxValue) =>
        OptionalDurationMs(key, minMs, maxMs) ?? fallbackMs;

    /// <summary>Required size in bytes.</summary>
    public long? Size(string key, long minBytes = 0, long maxBytes = long.MaxValue) =>
        Required(key)?.AsSize(minBytes, maxBytes);

    /// <summary>Optional size in bytes.</summary>
    public long? OptionalSize(string key, long minBytes = 0, long maxBytes = long.MaxValue) =>
        Optional(key)?.AsSize(minBytes, maxBytes);

    /// <summary>Size in bytes with a default.</summary>
    public long SizeOr(string key, long fallbackBytes, long minBytes = 0, long maxBytes = long.MaxValue) =>
        OptionalSize(key, minBytes, maxBytes) ?? fallbackBytes;

    /// <summary>Required word out of <paramref name="words"/>.</summary>
    public string? Word(string key, IReadOnlyList<string> words) => Required(key)?.AsWord(words);

    /// <summary>Optional word out of <paramref name="words"/>.</summary>
    public string? OptionalWord(string key, IReadOnlyList<string> words) => Optional(key)?.AsWord(words);

    /// <summary>Word out of <paramref name="words"/> with a default.</summary>
    public string WordOr(string key, string fallback, IReadOnlyList<string> words) => OptionalWord(key, words) ?? fallback;

    /// <summary>Required word out of the keys of <paramref name="choices"/>, translated.</summary>
    public T? Choice<T>(string key, IReadOnlyDictionary<string, T> choices)
        where T : struct => Required(key)?.AsChoice(choices);

    /// <summary>Optional word out of the keys of <paramref name="choices"/>, translated.</summary>
    public T? OptionalChoice<T>(string key, IReadOnlyDictionary<string, T> choices)
        where T : struct => Optional(key)?.AsChoice(choices);

    /// <summary>Word out of the keys of <paramref name="choices"/>, translated, with a default.</summary>
    public T ChoiceOr<T>(string key, T fallback, IReadOnlyDictionary<string, T> choices)
        where T : struct => OptionalChoice(key, choices) ?? fallback;

    /// <summary>Required object.</summary>
    public ConfigReader? Object(string key) => Required(key)?.AsObject();

    /// <summary>Optional object.</summary>
    public ConfigReader? OptionalObject(string key) => Optional(key)?.AsObject();

    /// <summary>The object, or an empty one at this object's position when it is absent or wrong, so that defaults apply to all its fields.</summary>
    public ConfigReader ObjectOrEmpty(string key) =>
        OptionalObject(key)
        ?? new ConfigReader(new ConfigObject(Position, []), ConfigPath.Append(Path, key), Errors);

    /// <summary>Required array.</summary>
    public IReadOnlyList<ConfigValue>? Array(string key) => Required(key)?.AsArray();

    /// <summary>Optional array.</summary>
    public IReadOnlyList<ConfigValue>? OptionalArray(string key) => Optional(key)?.AsArray();

    /// <summary>Required array of strings.</summary>
    public IReadOnlyList<string>? Strings(string key) => Required(key)?.AsStrings();

    /// <summary>Optional array of strings.</summary>
    public IReadOnlyList<string>? OptionalStrings(string key) => Optional(key)?.AsStrings();

    /// <summary>
    /// All fields of this object as named values in the order of the file, for maps whose keys are chosen by the user
    /// (<c>sources</c>, <c>features</c>). They count as read; fields set to null are left out.
    /// </summary>
    public IReadOnlyList<(ConfigField Field, ConfigValue Value)> Entries()
    {
        var entries = new List<(ConfigField, ConfigValue)>(Value.Fields.Count);
        foreach (ConfigField field in Value.Fields)
        {
            if (Optional(field.Key) is { } value)
            {
                entries.Add((field, value));
            }
        }

        return entries;
    }

    /// <summary>Marks keys as known without reading them, so that <see cref="RejectUnknown"/> accepts and suggests them.</summary>
    public void Know(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
        {
            if (!_known.Contains(key))
            {
                _known.Add(key);
            }
        }
    }

    /// <summary>
    /// Adds an error at the key for each field that was never asked for, with the nearest known key. Call it last, when all
    /// fields that can exist were asked for.
    /// </summary>
    public void RejectUnknown()
    {
        foreach (ConfigField field in Value.Fields)
        {
            if (_known.Contains(field.Key))
            {
                continue;
            }

            string inside = Path.Length == 0 ? "" : $" in {Path}";
            Errors.Add(new ConfigError(field.KeyPosition, $"unknown key '{field.Key}'{inside}", Suggest(field.Key)));
        }
    }

    /// <summary>Adds an error about this object, at its position; the message is prefixed with the path.</summary>
    public void Error(string message, string? hint = null) =>
        Errors.Add(new ConfigError(Position, Path.Length == 0 ? message : $"{Path}: {message}", hint));

    private string? Suggest(string key)
    {
        if (NearestWord.Find(key, _known) is { } nearest)
        {
            return $"did you mean '{nearest}'?";
        }

        return _known.Count == 0 ? null : $"known keys: {string.Join(", ", _known.Order(StringComparer.Ordinal))}";
    }

    private ConfigValue Child(string key, ConfigNode node) => new(node, ConfigPath.Append(Path, key), Errors);
}
