using System.Globalization;

namespace FeatureActors.Abstractions.Configuration;

/// <summary>
/// A cursor on one value: converts it to the wanted type, or adds an error with its path and position to a shared list
/// and returns null, so that one run reports every mistake. Not for concurrent use.
/// </summary>
/// <param name="node">The value.</param>
/// <param name="path">Its path, for messages; empty for the root.</param>
/// <param name="errors">Where mistakes are collected.</param>
public sealed class ConfigValue(ConfigNode node, string path, List<ConfigError> errors)
{
    // Long texts would hide the message that quotes them.
    private const int QuotedCharsMax = 60;

    /// <summary>The value itself.</summary>
    public ConfigNode Node { get; } = node;

    /// <summary>Its path, such as <c>groups.item_sales.triggers[0]</c>.</summary>
    public string Path { get; } = path;

    /// <summary>Where it was written.</summary>
    public ConfigPosition Position => Node.Position;

    /// <summary>Where mistakes are collected.</summary>
    public List<ConfigError> Errors { get; } = errors;

    /// <summary>True when the value is an object.</summary>
    public bool IsObject => Node is ConfigObject;

    /// <summary>True when the value is an array.</summary>
    public bool IsArray => Node is ConfigArray;

    /// <summary>True when the value is a string, number or boolean.</summary>
    public bool IsScalar => Node is ConfigScalar { Text: not null };

    /// <summary>True when the value is the literal <c>null</c>.</summary>
    public bool IsNull => Node is ConfigScalar { Text: null };

    /// <summary>The value as a string, number or boolean with its positions; null and an error when it is something else.</summary>
    public ConfigScalar? AsScalar() => AsScalar("a string");

    /// <summary>The value as text; numbers and booleans as written.</summary>
    public string? AsString() => AsScalar("a string")?.Text;

    /// <summary>The value as a whole number from <paramref name="min"/> to <paramref name="max"/>, both allowed.</summary>
    public int? AsInt(int min = int.MinValue, int max = int.MaxValue) => (int?)AsLong(min, max);

    /// <summary>The value as a whole number from <paramref name="min"/> to <paramref name="max"/>, both allowed.</summary>
    public long? AsLong(long min = long.MinValue, long max = long.MaxValue)
    {
        if (AsScalar("a whole number") is not { } scalar)
        {
            return null;
        }

        if (!decimal.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number)
            || number != decimal.Truncate(number))
        {
            return Mismatch<long>("a whole number", scalar);
        }

        return number >= min && number <= max ? (long)number : OutOfRange<long>(scalar, Text(min), Text(max));

        static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The value as a finite number from <paramref name="min"/> to <paramref name="max"/>, both allowed.</summary>
    public double? AsDouble(double min = double.MinValue, double max = double.MaxValue)
    {
        if (AsScalar("a number") is not { } scalar)
        {
            return null;
        }

        if (!double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            || !double.IsFinite(number))
        {
            return Mismatch<double>("a number", scalar);
        }

        return number >= min && number <= max ? number : OutOfRange<double>(scalar, Text(min), Text(max));

        static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The value as a boolean: <c>true</c>, <c>yes</c>, <c>on</c> or <c>false</c>, <c>no</c>, <c>off</c>.</summary>
    public bool? AsBoolean()
    {
        ConfigScalar? scalar = AsScalar("true or false");
        return scalar?.Text switch
        {
            null => null,
            "true" or "yes" or "on" => true,
            "false" or "no" or "off" => false,
            _ => Mismatch<bool>("true or false", scalar),
        };
    }

    /// <summary>The value as a duration in ms (<see cref="ConfigDuration"/>), from <paramref name="minMs"/> to <paramref name="maxMs"/>, both allowed.</summary>
    public long? AsDurationMs(long minMs = 0, long maxMs = long.MaxValue)
    {
        if (AsScalar(ConfigDuration.Example) is not { } scalar)
        {
            return null;
        }

        if (!ConfigDuration.TryParseMs(scalar.Text, out long ms))
        {
            string? hint = ConfigDuration.TryParse(scalar.Text, out _) ? "the finest step is 1ms" : null;
            return Mismatch<long>(ConfigDuration.Example, scalar, hint);
        }

        return ms >= minMs && ms <= maxMs
            ? ms
            : OutOfRange<long>(
                scalar, ConfigDuration.Format(minMs), maxMs == long.MaxValue ? null : ConfigDuration.Format(maxMs));
    }

    /// <summary>The value as a size in bytes (<see cref="ConfigSize"/>), from <paramref name="minBytes"/> to <paramref name="maxBytes"/>, both allowed.</summary>
    public long? AsSize(long minBytes = 0, long maxBytes = long.MaxValue)
    {
        if (AsScalar(ConfigSize.Example) is not { } scalar)
        {
            return null;
        }

        if (!ConfigSize.TryParse(scalar.Text, out long bytes))
        {
            string? hint = scalar.Text!.EndsWith("KB", StringComparison.Ordinal)
                ? "write kB for 1000 bytes or KiB for 1024"
                : null;
            return Mismatch<long>(ConfigSize.Example, scalar, hint);
        }

        return bytes >= minBytes && bytes <= maxBytes
            ? bytes
            : OutOfRange<long>(scalar, Text(minBytes), maxBytes == long.MaxValue ? null : Text(maxBytes));

        static string Text(long value) => string.Create(CultureInfo.InvariantCulture, $"{value} bytes");
    }

    /// <summary>The value as one of <paramref name="words"/>, compared exactly; the error names them all and the nearest one.</summary>
    public string? AsWord(IReadOnlyList<string> words)
    {
        if (AsScalar("one of " + string.Join(", ", words)) is not { } scalar)
        {
            return null;
        }

        if (words.Contains(scalar.Text!, StringComparer.Ordinal))
        {
            return scalar.Text;
        }

        string? nearest = NearestWord.Find(scalar.Text!, words);
        return Fail(
            $"{Prefix}expected one of {string.Join(", ", words)}, found {Quote(scalar)}",
            nearest is null ? null : $"did you mean '{nearest}'?");
    }

    /// <summary>The value as one of the words of <paramref name="choices"/>, translated; errors as with <see cref="AsWord"/>.</summary>
    public T? AsChoice<T>(IReadOnlyDictionary<string, T> choices)
        where T : struct => AsWord([.. choices.Keys]) is { } word ? choices[word] : null;

    /// <summary>The value as an object to read field by field.</summary>
    public ConfigReader? AsObject()
    {
        if (Node is ConfigObject value)
        {
            return new ConfigReader(value, Path, Errors);
        }

        Fail($"{Prefix}expected an object {{ … }}, found {Describe(Node)}");
        return null;
    }

    /// <summary>The items of the array; an object with numeric keys counts as one (<see cref="ConfigArrays"/>).</summary>
    public IReadOnlyList<ConfigValue>? AsArray()
    {
        if ((Node as ConfigArray ?? (Node is ConfigObject value ? ConfigArrays.FromNumericKeys(value) : null)) is { } array)
        {
            return [.. array.Items.Select((item, index) => new ConfigValue(item, ConfigPath.Append(Path, index), Errors))];
        }

        Fail($"{Prefix}expected an array [ … ], found {Describe(Node)}");
        return null;
    }

    /// <summary>The items of the array, or the value itself as the only item when it is no array: <c>key = a</c> and <c>key = [a, b]</c>.</summary>
    public IReadOnlyList<ConfigValue> AsOneOrMany() =>
        Node is ConfigArray || (Node is ConfigObject value && ConfigArrays.FromNumericKeys(value) is not null)
            ? AsArray()!
            : [this];

    /// <summary>The array as strings. Null when the value is no array or any item is no string; each such item is an error.</summary>
    public IReadOnlyList<string>? AsStrings()
    {
        IReadOnlyList<ConfigValue>? items = AsArray();
        if (items is null)
        {
            return null;
        }

        string[] strings = [.. items.Select(item => item.AsString()).OfType<string>()];
        return strings.Length == items.Count ? strings : null;
    }

    /// <summary>Adds an error about this value, at its position; the message is prefixed with the path.</summary>
    public void Error(string message, string? hint = null) => Fail(Prefix + message, hint);

    private string Prefix => Path.Length == 0 ? "" : Path + ": ";

    private ConfigScalar? AsScalar(string expected)
    {
        if (Node is ConfigScalar { Text: not null } scalar)
        {
            return scalar;
        }

        Fail($"{Prefix}expected {expected}, found {Describe(Node)}");
        return null;
    }

    private T? Mismatch<T>(string expected, ConfigScalar found, string? hint = null)
        where T : struct
    {
        Fail($"{Prefix}expected {expected}, found {Quote(found)}", hint);
        return null;
    }

    private T? OutOfRange<T>(ConfigScalar found, string min, string? max)
        where T : struct
    {
        string range = max is null ? $"at least {min}" : $"from {min} to {max}";
        Fail($"{Prefix}must be {range}, found {Quote(found)}");
        return null;
    }

    private string? Fail(string message, string? hint = null)
    {
        Errors.Add(new ConfigError(Position, message, hint));
        return null;
    }

    private static string Quote(ConfigScalar scalar) =>
        scalar.Text!.Length <= QuotedCharsMax ? $"'{scalar.Text}'" : $"'{scalar.Text[..QuotedCharsMax]}…'";

    private static string Describe(ConfigNode node) => node switch
    {
        ConfigObject => "an object",
        ConfigArray => "an array",
        ConfigScalar { Text: null } => "null",
        ConfigScalar scalar => Quote(scalar),
        _ => node.GetType().Name,
    };
}
