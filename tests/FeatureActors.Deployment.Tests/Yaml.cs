using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace FeatureActors.Deployment.Tests;

/// <summary>YAML as JSON, as Kubernetes reads it.</summary>
internal static class Yaml
{
    // YAML 1.1, which Kubernetes speaks, takes them for true and false; 1.2 does not.
    private static readonly HashSet<string> Ambiguous = new(["yes", "no", "on", "off", "y", "n"], StringComparer.OrdinalIgnoreCase);

    /// <summary>All documents of a text.</summary>
    /// <exception cref="YamlException">The text is no YAML, or a mapping has a key twice.</exception>
    internal static IReadOnlyList<JsonObject> Parse(string text)
    {
        var stream = new YamlStream();
        using var reader = new StringReader(text);
        stream.Load(reader);
        return [.. stream.Documents.Select(static d => Convert(d.RootNode)).OfType<JsonObject>()];
    }

    /// <summary>What stands under names and indices joined by <c>/</c>; null for nothing.</summary>
    internal static JsonNode? At(this JsonNode? node, string path)
    {
        foreach (string part in path.Split('/'))
        {
            node = node switch
            {
                JsonObject o => o[part],
                JsonArray a when int.TryParse(part, CultureInfo.InvariantCulture, out int index) && index < a.Count => a[index],
                _ => null,
            };
        }

        return node;
    }

    /// <summary>The text of a scalar; empty for nothing.</summary>
    internal static string Text(this JsonNode? node, string path) => node.At(path)?.ToString() ?? "";

    /// <summary>The items of a list; none for nothing.</summary>
    internal static IEnumerable<JsonNode> Items(this JsonNode? node, string path) => (node.At(path) as JsonArray ?? []).Select(static n => n!);

    /// <summary>The fields of a mapping; none for nothing.</summary>
    internal static IEnumerable<KeyValuePair<string, JsonNode?>> Fields(this JsonNode? node, string path) => node.At(path) as JsonObject ?? [];

    /// <summary>A node and all below it, with their paths.</summary>
    internal static IEnumerable<(string Path, JsonNode Node)> All(this JsonNode node, string path = "")
    {
        yield return (path, node);
        IEnumerable<(string, JsonNode?)> below = node switch
        {
            JsonObject o => o.Select(f => ($"{path}/{f.Key}", f.Value)),
            JsonArray a => a.Select((n, i) => ($"{path}/{i}", n)),
            _ => [],
        };
        foreach ((string name, JsonNode? child) in below)
        {
            foreach ((string, JsonNode) deeper in child is null ? [] : child.All(name))
            {
                yield return deeper;
            }
        }
    }

    private static JsonNode? Convert(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(static c => KeyValuePair.Create(((YamlScalarNode)c.Key).Value!, Convert(c.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(Convert)]),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar => Plain(scalar),
        YamlScalarNode scalar => JsonValue.Create(scalar.Value),
        _ => throw new InvalidOperationException($"{node.GetType().Name} at {node.Start}"),
    };

    private static JsonValue? Plain(YamlScalarNode scalar)
    {
        string text = scalar.Value ?? "";
        if (Ambiguous.Contains(text))
        {
            throw new YamlException(scalar.Start, scalar.End, $"'{text}' is a truth value to some readers and a text to others: quote it");
        }

        return text switch
        {
            "" or "~" or "null" => null,
            "true" => JsonValue.Create(true),
            "false" => JsonValue.Create(false),
            ['0', .. { Length: > 0 } octal] when octal.All(static c => c is >= '0' and <= '7') => JsonValue.Create(System.Convert.ToInt64(octal, 8)),
            _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) => JsonValue.Create(number),
            _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) => JsonValue.Create(number),
            _ => JsonValue.Create(text),
        };
    }
}
