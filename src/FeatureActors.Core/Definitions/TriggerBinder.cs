using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Triggers;

namespace FeatureActors.Core.Definitions;

/// <summary>Reads the triggers of a group.</summary>
internal static class TriggerBinder
{
    private const long EveryMaxMs = 86_400_000;
    private const long CoalesceMaxMs = 3_600_000;

    private static readonly string[] Built = ["update", "timer", "expiry"];
    private static readonly string[] Promised = ["change", "when", "custom"];

    /// <summary>The stated triggers, or the default when the group states none. Slot expiry always applies and gives no trigger.</summary>
    public static IReadOnlyList<ITrigger> Bind(ConfigReader group)
    {
        if (group.Optional("triggers") is not { } value)
        {
            return [UpdateTrigger.Default];
        }

        var triggers = new List<ITrigger>();
        foreach (ConfigValue item in value.AsArray() ?? [])
        {
            if (item.AsObject() is { } reader && BindOne(reader) is { } trigger)
            {
                triggers.Add(trigger);
            }
        }

        return triggers;
    }

    private static ITrigger? BindOne(ConfigReader reader)
    {
        if (reader.Optional("on") is { } on && on.Node is ConfigScalar { Text: { } word } && Promised.Contains(word))
        {
            on.Error($"the trigger '{word}' is promised and not built yet", "this release has update, timer and expiry");
            return null;
        }

        ITrigger? trigger = null;
        switch (reader.Word("on", Built))
        {
            case "update":
                trigger = new UpdateTrigger(
                    reader.DurationMsOr("coalesce", UpdateTrigger.Default.CoalesceMs, 0, CoalesceMaxMs));
                break;
            case "timer":
                trigger = reader.DurationMs("every", 1, EveryMaxMs) is { } every ? new TimerTrigger(every) : null;
                break;
            case null:
                // The kind is unknown, so its settings cannot be judged.
                return null;
            default:
                break;
        }

        reader.RejectUnknown();
        return trigger;
    }
}
