using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Definitions;

/// <summary>
/// State shapes as text: what must stay the same for stored state to keep its meaning. A shape is one line of JSON, so that two of
/// them can be compared part by part. The texts are persisted: changing how one is written gives every feature a new number.
/// </summary>
internal static class StateShape
{
    private static readonly JsonSerializerOptions Format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// The shape of a state of a feature.
    /// <list type="bullet">
    /// <item>Type and all settings its type read, with defaults: only the type knows which of them its payload depends on (the n
    /// of <c>last</c> does, the k of <c>top-k</c> does not), so every one counts.</item>
    /// <item>Filters, sources with their keys, and the source's event-time field and unit, which choose the slot.</item>
    /// <item>Types of the entity key.</item>
    /// <item>Of the slots only how time is cut where events are written: the finest width and the calendar periods that it does not
    /// fall on. Stored slots then start at multiples of one unit, as the block format may assume. Which coarser widths older slots fold to is not in the shape: a window that is unchanged was part
    /// of every fold, so it still decides exactly, and a window that is new is warming until no older slot is in it, unless the
    /// folds were fine enough for it all along (<see cref="WindowHistory"/>).</item>
    /// <item>Not in it: names of windows, the topic, late policy, triggers, max-future.</item>
    /// </list>
    /// </summary>
    public static string Of(DefinitionsModel model, GroupDefinition group, FeatureDefinition feature, WindowFamily family)
    {
        var settings = new JsonObject();
        foreach (FeatureSetting setting in feature.Settings)
        {
            settings[setting.Key] = setting.Value;
        }

        var shape = new JsonObject
        {
            ["type"] = feature.Type,
            ["settings"] = settings,
            ["where"] = feature.Where?.CanonicalText,
            ["entity"] = group.Entity + "(" + KeyTypes(model.Entity(group.Entity)) + ")",
            ["from"] = new JsonArray([.. Feeds(model, group).Select(f => (JsonNode)f)]),
            ["slot"] = new SlotTimeline(family.Windows).GridText,
        };
        return shape.ToJsonString(Format);
    }

    /// <summary>The shape of a group: what its shard log and its rows' keys depend on.</summary>
    public static string Of(EntityDefinition entity) =>
        new JsonObject { ["key"] = KeyTypes(entity), ["shards"] = entity.Shards }.ToJsonString(Format);

    /// <summary>What differs between two shapes, such as <c>where: "a = 1" → "a = 2"</c>.</summary>
    public static string Difference(string before, string after)
    {
        JsonObject? left = Parse(before);
        JsonObject? right = Parse(after);
        if (left is null || right is null)
        {
            return "shape changed";
        }

        IEnumerable<string> keys = left.Select(p => p.Key).Union(right.Select(p => p.Key));
        return string.Join("; ", keys
            .Where(k => !JsonNode.DeepEquals(left[k], right[k]))
            .Select(k => $"{k}: {Text(left[k])} → {Text(right[k])}"));
    }

    private static JsonObject? Parse(string shape)
    {
        try
        {
            return JsonNode.Parse(shape) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Text(JsonNode? node) => node?.ToJsonString(Format) ?? "none";

    private static string KeyTypes(EntityDefinition entity) => string.Join(",", entity.Key.Select(FieldTypeWords.Of));

    // Sorted: the order in which sources feed a group changes nothing.
    private static IEnumerable<string> Feeds(DefinitionsModel model, GroupDefinition group) =>
        group.Feeds
            .Select(f =>
            {
                SourceDefinition source = model.Source(f.Source);
                string time = $"{source.EventTime.Field} {SourceBinder.UnitWord(source.EventTime.Unit)}";
                string retract = source.Retract is null ? "" : $" retract {source.Retract.CanonicalText}";
                return $"{f.Source}({string.Join(",", f.KeyFields)}) at {time} where {f.Where?.CanonicalText ?? "TRUE"}{retract}";
            })
            .Order(StringComparer.Ordinal);
}
