using System.Text.Json.Nodes;

namespace FeatureActors.Deployment.Tests.Kustomize;

/// <summary>A patch over an object, as kustomize lays it: mappings field by field, null takes away, lists by their key.</summary>
internal static class StrategicMerge
{
    // Lists that the API merges, with the field that names their items; others are replaced.
    private static readonly Dictionary<string, string> Keys = new(StringComparer.Ordinal)
    {
        ["containers"] = "name",
        ["initContainers"] = "name",
        ["env"] = "name",
        ["ports"] = "containerPort",
        ["volumes"] = "name",
        ["volumeMounts"] = "mountPath",
    };

    public static void Apply(JsonObject target, JsonObject patch)
    {
        foreach ((string name, JsonNode? value) in patch)
        {
            if (value is null)
            {
                target.Remove(name);
            }
            else if (value is JsonObject fields && target[name] is JsonObject under)
            {
                Apply(under, fields);
            }
            else if (value is JsonArray items && Keys.TryGetValue(name, out string? key) && target[name] is JsonArray list)
            {
                Merge(list, items, key);
            }
            else
            {
                target[name] = value.DeepClone();
            }
        }
    }

    private static void Merge(JsonArray list, JsonArray items, string key)
    {
        foreach (JsonObject item in items.OfType<JsonObject>())
        {
            if (list.OfType<JsonObject>().FirstOrDefault(i => i.Text(key) == item.Text(key)) is { } same)
            {
                Apply(same, item);
            }
            else
            {
                list.Add(item.DeepClone());
            }
        }
    }
}
