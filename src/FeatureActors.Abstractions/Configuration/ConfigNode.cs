namespace FeatureActors.Abstractions.Configuration;

/// <summary>One value of a resolved configuration tree. Immutable; every node knows where it was written.</summary>
/// <param name="Position">Where the value starts.</param>
public abstract record ConfigNode(ConfigPosition Position);

/// <summary>A string, number, boolean or null as written; conversion happens where it is bound, so errors name the wanted type.</summary>
/// <param name="Position">Where the value starts.</param>
/// <param name="Text">The text without quotes and escapes; null for the literal <c>null</c>.</param>
/// <param name="IsQuoted">True when the text was quoted, so that <c>"7"</c> and <c>7</c> can be told apart.</param>
/// <param name="TextPosition">Where the first character of <paramref name="Text"/> stands (one past the opening quote of a quoted string).</param>
public sealed record ConfigScalar(ConfigPosition Position, string? Text, bool IsQuoted, ConfigPosition TextPosition)
    : ConfigNode(Position);

/// <summary>An ordered list of values.</summary>
/// <param name="Position">Where the opening bracket stands.</param>
/// <param name="Items">The elements in order.</param>
public sealed record ConfigArray(ConfigPosition Position, IReadOnlyList<ConfigNode> Items) : ConfigNode(Position);

/// <summary>A set of fields in the order in which they were first written.</summary>
/// <param name="Position">Where the opening brace, or the first key of a braceless object, stands.</param>
/// <param name="Fields">The fields; keys are unique.</param>
public sealed record ConfigObject(ConfigPosition Position, IReadOnlyList<ConfigField> Fields) : ConfigNode(Position)
{
    private readonly Dictionary<string, ConfigField> _byKey = Index(Fields);

    /// <summary>The field called <paramref name="key"/>, or null when there is none.</summary>
    public ConfigField? Find(string key) => _byKey.GetValueOrDefault(key);

    private static Dictionary<string, ConfigField> Index(IReadOnlyList<ConfigField> fields)
    {
        var byKey = new Dictionary<string, ConfigField>(fields.Count, StringComparer.Ordinal);
        foreach (ConfigField field in fields)
        {
            byKey.Add(field.Key, field);
        }

        return byKey;
    }
}

/// <summary>A key and its value.</summary>
/// <param name="Key">The key as one path element, unquoted.</param>
/// <param name="KeyPosition">Where the key that gave the field its final value stands.</param>
/// <param name="Value">The value.</param>
public sealed record ConfigField(string Key, ConfigPosition KeyPosition, ConfigNode Value);
