using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FeatureActors.Core.Triggers;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Definitions;

/// <summary>The report as JSON.</summary>
public sealed partial class PlanReport
{
    private static readonly JsonSerializerOptions Format =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The report as a JSON document; times in ms, sizes in bytes, null where there is no bound.</summary>
    public string ToJson() => new JsonObject
    {
        ["namespace"] = _model.Namespace,
        ["version"] = _assignment.Snapshot.Version,
        ["clock"] = _model.Clock == ClockKind.Event ? "event" : "wall",
        ["groups"] = new JsonArray([.. _groups.Select(g => (JsonNode)JsonOf(g))]),
        ["changes"] = new JsonArray([.. _assignment.Changes.Select(c => (JsonNode)JsonOf(c))]),
        ["has_changes"] = _assignment.HasChanges,
        ["needs_accept_reset"] = _assignment.NeedsAcceptReset,
        ["refused"] = _assignment.IsRefused,
    }.ToJsonString(Format);

    private JsonObject JsonOf(GroupReport group) => new()
    {
        ["entity"] = group.Definition.Entity,
        ["key"] = new JsonArray([.. _model.Entity(group.Definition.Entity).Key.Select(t => (JsonNode)FieldTypeWords.Of(t))]),
        ["name"] = group.Definition.Name,
        ["from"] = new JsonArray([.. group.Definition.Feeds.Select(f => (JsonNode)new JsonObject
        {
            ["source"] = f.Source,
            ["key"] = new JsonArray([.. f.KeyFields.Select(k => (JsonNode)k)]),
            ["where"] = f.Where?.CanonicalText,
            ["retract"] = _model.Source(f.Source).Retract?.CanonicalText,
        })]),
        ["triggers"] = new JsonArray([.. group.Definition.Triggers.Select(t => (JsonNode)TriggerText(t))]),
        ["form"] = group.Definition.IsPacked ? "packed" : "hash",
        ["late"] = group.Definition.Late == LatePolicy.Drop ? "drop" : "dead-letter",
        ["jitter_ms"] = _model.Clock == ClockKind.Event ? 0 : JitterBound.Of(group.Definition),
        ["idle_expiry_ms"] = group.Definition.IdleExpiryMs == long.MaxValue ? null : group.Definition.IdleExpiryMs,
        ["features"] = new JsonArray([.. group.Features.Select(f => (JsonNode)JsonOf(f))]),
        ["ratios"] = new JsonArray([.. group.Definition.Ratios.Select(r => (JsonNode)new JsonObject
        {
            ["name"] = r.Name,
            ["numerator"] = r.Numerator,
            ["denominator"] = r.Denominator,
            ["prior"] = r.Prior,
            ["prior_weight"] = r.PriorWeight,
            ["windows"] = new JsonArray([.. r.WindowNames.Select(w => (JsonNode)w)]),
        })]),
        ["derived"] = new JsonArray([.. group.Definition.Derived.OfType<FormulaDefinition>().Select(d => (JsonNode)new JsonObject
        {
            ["name"] = d.Name,
            ["expr"] = d.FormulaText,
            ["windows"] = new JsonArray([.. d.WindowNames.Select(w => (JsonNode)w)]),
        })]),
        ["bytes_max"] = group.BytesMax,
    };

    private static JsonObject JsonOf(FeatureReport feature) => new()
    {
        ["name"] = feature.Definition.Name,
        ["number"] = feature.Number.Number,
        ["type"] = feature.Definition.Type,
        ["settings"] = new JsonObject(feature.Definition.Settings.Select(s => KeyValuePair.Create(s.Key, (JsonNode?)s.Value))),
        ["where"] = feature.Definition.Where?.CanonicalText,
        ["windows"] = new JsonArray([.. feature.Definition.Windows.Select(w => (JsonNode)JsonOf(w))]),
        ["retention_ms"] = feature.RetentionMs,
        ["slots_max"] = feature.SlotsMax,
        ["bytes_max"] = feature.BytesMax,
        ["accuracy"] = feature.Accuracy,
        ["invertible"] = feature.IsInvertible,
        ["warning"] = feature.Warning,
    };

    private static JsonObject JsonOf(FeatureWindow window) => window switch
    {
        TumblingWindow tumbling => new JsonObject
        {
            ["name"] = window.Name,
            ["tumbling"] = (tumbling.Periods as TablePeriods)?.Name ?? tumbling.Periods.Word,
            ["zone"] = (tumbling.Periods as CalendarPeriods)?.Zone,
            ["back"] = tumbling.Back,
        },
        SessionWindow session => new JsonObject
        {
            ["name"] = window.Name,
            ["session_ms"] = session.GapMs,
            ["lateness_ms"] = session.LatenessMs,
        },
        LastRowsWindow rows => new JsonObject { ["name"] = window.Name, ["last"] = rows.Count },
        SlidingWindow sliding => new JsonObject
        {
            ["name"] = window.Name,
            ["size_ms"] = window.IsLifetime ? null : sliding.SizeMs,
            ["slot_ms"] = window.IsLifetime ? null : sliding.SlotMs,
            ["offset_ms"] = sliding.OffsetMs,
            ["more_ms_max"] = window.IsLifetime ? null : sliding.SlotMs,
        },
        _ => new JsonObject { ["name"] = window.Name },
    };

    private static JsonObject JsonOf(DefinitionsChange change) => new()
    {
        ["change"] = ChangeWord(change.Change),
        ["entity"] = change.Entity,
        ["name"] = change.Name,
        ["number"] = change.Number,
        ["detail"] = change.Detail,
    };
}
