using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using StackExchange.Redis;

namespace FeatureActors.Client;

/// <summary>
/// The features of one key as read. An absent field, and every field of an absent key, answers null: the window holds no data. Values
/// are parsed when asked for. Immutable and safe for concurrent calls.
/// </summary>
public sealed class FeatureRow
{
    private readonly FeatureQuery _query;

    // Of a query with names: their values, then version, time and flags. Of a query for all: null, and the hash as listed.
    private readonly RedisValue[]? _values;
    private readonly HashEntry[]? _entries;
    private readonly long _readAtMs;

    internal FeatureRow(FeatureQuery query, string key, RedisValue[] values, long readAtMs)
    {
        _query = query;
        Key = key;
        _values = values;
        _readAtMs = readAtMs;
    }

    internal FeatureRow(FeatureQuery query, string key, HashEntry[] entries, long readAtMs)
    {
        _query = query;
        Key = key;
        _entries = entries;
        _readAtMs = readAtMs;
    }

    /// <summary>Group of the row.</summary>
    public string Group => _query.Group;

    /// <summary>The entity's key as asked for, escaped.</summary>
    public string Key { get; }

    /// <summary>False when Redis holds nothing for the key: no data in any window, or not published yet.</summary>
    public bool Exists => _entries is not null ? _entries.Length > 0 : !Meta(0).IsNull;

    /// <summary>Version of the row, or null when the key is absent.</summary>
    public FeatureVersion? Version => Bytes(Meta(0)) is not { } text
        ? null
        : FeatureVersion.TryParse(text, out FeatureVersion version) ? version : throw Malformed("_v", "a version");

    /// <summary>Time for which the row was evaluated, Unix milliseconds, or null when the key is absent.</summary>
    public long? EvaluatedAtMs => ParseLong(Meta(1), "_t");

    /// <summary>Time between the evaluation and the read, never negative, or null when the key is absent. An unchanged row is not rewritten, so a high age alone is no fault.</summary>
    public TimeSpan? Age => EvaluatedAtMs is { } at ? TimeSpan.FromMilliseconds(Math.Max(0, _readAtMs - at)) : null;

    /// <summary>What to know about the values; parsed with each call.</summary>
    public FeatureFlags Flags => Bytes(Meta(2)) is { } json ? ParseFlags(json) : FeatureFlags.None;

    /// <summary>Names of the fields that are present, in no order; without those that start with <c>_</c>.</summary>
    public IEnumerable<string> PresentFeatures
    {
        get
        {
            if (_entries is not null)
            {
                return _entries.Select(entry => (string)entry.Name!).Where(name => !name.StartsWith('_'));
            }

            return _query.Features.Where((_, index) => !_values![index].IsNull);
        }
    }

    /// <summary>True when the field is present.</summary>
    public bool Has(string feature) => !Find(feature).IsNull;

    /// <summary>An integer, or null when absent.</summary>
    /// <exception cref="FormatException">The value is not an integer of 64 bits.</exception>
    public long? Long(string feature) => ParseLong(Find(feature), feature);

    /// <summary>A number, or null when absent.</summary>
    /// <exception cref="FormatException">The value is not a number.</exception>
    public double? Double(string feature)
    {
        if (Bytes(Find(feature)) is not { } text)
        {
            return null;
        }

        return Utf8Parser.TryParse(text, out double value, out int used) && used == text.Length ? value : throw Malformed(feature, "a number");
    }

    /// <summary>The value as stored: a single string as it is, anything else as JSON. Null when absent.</summary>
    public string? Text(string feature) => Bytes(Find(feature)) is { } text ? Encoding.UTF8.GetString(text) : null;

    /// <summary>The stored UTF-8 bytes, or null when absent. Not to be changed.</summary>
    public ReadOnlyMemory<byte>? Raw(string feature) => Bytes(Find(feature)) is { } text ? text : default(ReadOnlyMemory<byte>?);

    /// <summary>A list such as <c>["u1","u2"]</c>, numbers as their text; null when absent.</summary>
    /// <exception cref="FormatException">The value is not a list of strings or numbers.</exception>
    public List<string>? List(string feature)
    {
        if (Bytes(Find(feature)) is not { } json)
        {
            return null;
        }

        return Parse(json, feature, "a list", static (ref Utf8JsonReader reader) =>
        {
            Expect(ref reader, JsonTokenType.StartArray);
            List<string> list = [];
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                list.Add(Scalar(ref reader));
            }

            return list;
        });
    }

    /// <summary>A map such as <c>{"c1":3}</c>, or null when absent. Integers above 2^53 are rounded; <see cref="Raw"/> has them in full.</summary>
    /// <exception cref="FormatException">The value is not a map of numbers.</exception>
    public Dictionary<string, double>? Map(string feature)
    {
        if (Bytes(Find(feature)) is not { } json)
        {
            return null;
        }

        return Parse(json, feature, "a map of numbers", static (ref Utf8JsonReader reader) =>
        {
            Expect(ref reader, JsonTokenType.StartObject);
            var map = new Dictionary<string, double>(StringComparer.Ordinal);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                string key = reader.GetString()!;
                reader.Read();
                map[key] = reader.GetDouble();
            }

            return map;
        });
    }

    /// <summary>A map of lists such as <c>{"c1":["u1","u2"]}</c>, or null when absent.</summary>
    /// <exception cref="FormatException">The value is not a map of lists.</exception>
    public Dictionary<string, List<string>>? MapOfLists(string feature)
    {
        if (Bytes(Find(feature)) is not { } json)
        {
            return null;
        }

        return Parse(json, feature, "a map of lists", static (ref Utf8JsonReader reader) =>
        {
            Expect(ref reader, JsonTokenType.StartObject);
            var map = new Dictionary<string, List<string>>(StringComparer.Ordinal);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                string key = reader.GetString()!;
                Expect(ref reader, JsonTokenType.StartArray);
                List<string> list = [];
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    list.Add(Scalar(ref reader));
                }

                map[key] = list;
            }

            return map;
        });
    }

    /// <summary>A top-k such as <c>[["u1",12],["u2",9]]</c>, highest first, or null when absent.</summary>
    /// <exception cref="FormatException">The value is not a top-k.</exception>
    public List<RankedKey>? TopK(string feature)
    {
        if (Bytes(Find(feature)) is not { } json)
        {
            return null;
        }

        return Parse(json, feature, "a top-k", static (ref Utf8JsonReader reader) =>
        {
            Expect(ref reader, JsonTokenType.StartArray);
            List<RankedKey> ranks = [];
            while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
            {
                reader.Read();
                string key = Scalar(ref reader);
                Expect(ref reader, JsonTokenType.Number);
                ranks.Add(new RankedKey(key, reader.GetDouble()));
                Expect(ref reader, JsonTokenType.EndArray);
            }

            return ranks;
        });
    }

    private static byte[]? Bytes(RedisValue value) => (byte[]?)value;

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (!reader.Read() || reader.TokenType != type)
        {
            throw new JsonException();
        }
    }

    private static string Scalar(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString()!,
        JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False => Encoding.UTF8.GetString(reader.ValueSpan),
        _ => throw new JsonException(),
    };

    private T Parse<T>(byte[] json, string feature, string expected, JsonParser<T> parse)
    {
        var reader = new Utf8JsonReader(json);
        try
        {
            T value = parse(ref reader);
            return reader.BytesConsumed == json.Length ? value : throw Malformed(feature, expected);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Malformed(feature, expected);
        }
    }

    private FeatureFlags ParseFlags(byte[] json) => Parse(json, "_flags", "the flags", static (ref Utf8JsonReader reader) =>
    {
        Expect(ref reader, JsonTokenType.StartObject);
        List<string> truncated = [], approximate = [], warming = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            // A flag of a later release is read over.
            List<string>? names = reader.ValueTextEquals("truncated"u8) ? truncated
                : reader.ValueTextEquals("approximate"u8) ? approximate
                : reader.ValueTextEquals("warming"u8) ? warming
                : null;
            Expect(ref reader, JsonTokenType.StartArray);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                names?.Add(Scalar(ref reader));
            }
        }

        return new FeatureFlags(truncated, approximate, warming);
    });

    private long? ParseLong(RedisValue value, string feature)
    {
        if (Bytes(value) is not { } text)
        {
            return null;
        }

        return Utf8Parser.TryParse(text, out long number, out int used) && used == text.Length ? number : throw Malformed(feature, "an integer");
    }

    private RedisValue Meta(int index) => _values is not null
        ? _values[_values.Length - FeatureQuery.MetaCount + index]
        : Scan(index == 0 ? "_v" : index == 1 ? "_t" : "_flags");

    private RedisValue Find(string feature) => _values is not null ? _values[_query.IndexOf(feature)] : Scan(feature);

    private RedisValue Scan(string feature)
    {
        foreach (HashEntry entry in _entries!)
        {
            if (entry.Name == feature)
            {
                return entry.Value;
            }
        }

        return RedisValue.Null;
    }

    private FormatException Malformed(string feature, string expected) =>
        new($"could not read the feature {feature} of {Group}, key {Key}: its value is not {expected}");

    private delegate T JsonParser<out T>(ref Utf8JsonReader reader);
}
