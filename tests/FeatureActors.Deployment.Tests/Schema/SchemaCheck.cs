using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace FeatureActors.Deployment.Tests.Schema;

/// <summary>Holds objects to the types of the API: unknown, missing and read-only fields, and the form of values.</summary>
internal static partial class SchemaCheck
{
    private const string QuantityType = "api/resource.Quantity";

    // Kinds of the Prometheus operator, which the package lacks: the fields that are used here, from its API reference (v1).
    private static readonly Dictionary<string, HashSet<string>> Custom = new(StringComparer.Ordinal)
    {
        ["monitoring.coreos.com/v1 ServiceMonitor"] =
        [
            "spec/selector/matchLabels/*", "spec/endpoints/#/port", "spec/endpoints/#/path", "spec/endpoints/#/interval", "spec/endpoints/#/scrapeTimeout",
            "spec/endpoints/#/authorization/type", "spec/endpoints/#/authorization/credentials/name", "spec/endpoints/#/authorization/credentials/key",
        ],
        ["monitoring.coreos.com/v1 PrometheusRule"] =
        [
            "spec/groups/#/name", "spec/groups/#/rules/#/alert", "spec/groups/#/rules/#/expr", "spec/groups/#/rules/#/for",
            "spec/groups/#/rules/#/labels/*", "spec/groups/#/rules/#/annotations/*",
        ],
    };

    // Fields whose type is a text, of which the API takes a few only. By the name of the field: these mean the same wherever they stand here.
    private static readonly Dictionary<string, string[]> Words = new(StringComparer.Ordinal)
    {
        ["podManagementPolicy"] = ["OrderedReady", "Parallel"],
        ["protocol"] = ["TCP", "UDP", "SCTP"],
        ["whenUnsatisfiable"] = ["DoNotSchedule", "ScheduleAnyway"],
        ["imagePullPolicy"] = ["Always", "IfNotPresent", "Never"],
        ["fsGroupChangePolicy"] = ["Always", "OnRootMismatch"],
        ["restartPolicy"] = ["Always", "OnFailure", "Never"],
    };

    /// <summary>What is wrong with an object.</summary>
    public static IEnumerable<string> Of(JsonObject manifest, KubernetesTypes types)
    {
        string version = manifest.Text("apiVersion");
        string kind = manifest.Text("kind");
        if (Custom.TryGetValue($"{version} {kind}", out HashSet<string>? known))
        {
            return OfCustom(manifest, kind, known, types);
        }

        return types.KindOf(version, kind) is { } type
            ? OfValue(manifest, type, $"{kind}/{manifest.Text("metadata/name")}", "", types)
            : [$"there is no kind {version} {kind}"];
    }

    private static IEnumerable<string> OfCustom(JsonObject manifest, string kind, HashSet<string> known, KubernetesTypes types)
    {
        string name = $"{kind}/{manifest.Text("metadata/name")}";
        foreach (string error in OfValue(manifest["metadata"], "meta/v1.ObjectMeta", name + "/metadata", "metadata", types))
        {
            yield return error;
        }

        foreach ((string path, JsonNode node) in manifest.All())
        {
            string form = Index().Replace(path.TrimStart('/'), "/#$1");
            bool isKnown = known.Any(k => k == form || (k[^1] == '*' && form.StartsWith(k[..^1], StringComparison.Ordinal)));
            if (node is JsonValue && !isKnown && form is not ("apiVersion" or "kind") && !form.StartsWith("metadata/", StringComparison.Ordinal))
            {
                yield return $"{name}{path}: is not among the fields that are known here";
            }
        }
    }

    private static IEnumerable<string> OfValue(JsonNode? value, string type, string path, string field, KubernetesTypes types)
    {
        if (value is null)
        {
            return [$"{path}: is null"];
        }

        if (type == QuantityType)
        {
            return Quantity().IsMatch(value.ToString()) && value is JsonValue ? [] : [$"{path}: '{value}' is no quantity"];
        }

        if (types.Alias(type) is { } alias)
        {
            return OfValue(value, alias, path, field, types);
        }

        if (Generic().Match(type) is { Success: true } generic)
        {
            return OfMany(value, generic.Groups["of"].Value, generic.Groups["item"].Value, path, types);
        }

        return types.Fields(type) is { } fields ? OfObject(value, type, fields, path, types) : OfScalar(value, type, path, field);
    }

    private static IEnumerable<string> OfMany(JsonNode value, string of, string item, string path, KubernetesTypes types) => (of, value) switch
    {
        ("Array", JsonArray list) => list.SelectMany((n, i) => OfValue(n, item, $"{path}/{i}", "", types)),
        ("Map", JsonObject map) => map.SelectMany(f => OfValue(f.Value, item, $"{path}/{f.Key}", "", types)),
        _ => [$"{path}: is no {(of == "Array" ? "list" : "mapping")}"],
    };

    private static IEnumerable<string> OfObject(
        JsonNode value, string type, IReadOnlyDictionary<string, ApiField> fields, string path, KubernetesTypes types)
    {
        if (value is not JsonObject map)
        {
            yield return $"{path}: is no mapping ({type})";
            yield break;
        }

        foreach (string missing in fields.Where(f => f.Value.IsRequired && !map.ContainsKey(f.Key)).Select(static f => f.Key))
        {
            yield return $"{path}/{missing}: is missing ({type})";
        }

        foreach ((string name, JsonNode? child) in map)
        {
            if (!fields.TryGetValue(name, out ApiField? field))
            {
                yield return $"{path}/{name}: is no field of {type}";
            }
            else if (field.IsReadOnly || (name == "status" && fields.ContainsKey("spec")))
            {
                yield return $"{path}/{name}: only the server writes it";
            }
            else
            {
                foreach (string error in OfValue(child, field.Type, $"{path}/{name}", name, types))
                {
                    yield return error;
                }
            }
        }
    }

    private static IEnumerable<string> OfScalar(JsonNode value, string type, string path, string field)
    {
        JsonValueKind kind = value.GetValueKind();
        bool isRight = type.Split(" | ").Any(t => t switch
        {
            "string" => kind == JsonValueKind.String && (!Words.TryGetValue(field, out string[]? words) || words.Contains(value.ToString())),
            "number" => kind == JsonValueKind.Number && !value.ToString().Contains('.', StringComparison.Ordinal),
            "boolean" => kind is JsonValueKind.True or JsonValueKind.False,
            ['"', .. string word, '"'] => kind == JsonValueKind.String && value.ToString() == word,
            _ => throw new InvalidOperationException($"{path}: the type {t} is not understood"),
        });
        if (!isRight)
        {
            yield return $"{path}: '{value}' is no {(Words.TryGetValue(field, out string[]? words) ? string.Join(" | ", words) : type)}";
        }
    }

    [GeneratedRegex(@"^[+-]?(\d+|\d+\.\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+)?$")]
    private static partial Regex Quantity();

    [GeneratedRegex("^(?<of>Array|Map)<(?<item>.+)>$")]
    private static partial Regex Generic();

    [GeneratedRegex(@"/\d+(/|$)")]
    private static partial Regex Index();
}
