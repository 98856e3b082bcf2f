using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Expressions;
using FeatureActors.Core.Triggers;

namespace FeatureActors.Core.Definitions;

/// <summary>Reads the triggers of a group.</summary>
internal static class TriggerBinder
{
    /// <summary>The trigger of a group that states none.</summary>
    public static TriggerDefinition Default { get; } = new()
    {
        On = "update",
        Trigger = UpdateTrigger.Default,
        Settings = [new FeatureSetting("coalesce", "200ms", "200ms", false)],
        Fields = [],
    };

    /// <summary>The stated triggers, or the default when the group states none. Slot expiry always applies and gives no trigger.</summary>
    /// <param name="name">Name of the group.</param>
    /// <param name="group">The group.</param>
    /// <param name="scope">The fields that value triggers may name.</param>
    /// <param name="types">Trigger types.</param>
    /// <param name="functions">Functions of expressions.</param>
    public static IReadOnlyList<TriggerDefinition> Bind(
        string name, ConfigReader group, GroupFieldScope scope, TriggerTypeRegistry types, ScalarFunctionSet functions)
    {
        if (group.Optional("triggers") is not { } value)
        {
            return [Default];
        }

        var triggers = new List<TriggerDefinition>();
        foreach (ConfigValue item in value.AsArray() ?? [])
        {
            if (item.AsObject() is not { } reader
                || BindOne(reader, types, new ConfigTriggerBinding(name, reader, scope, functions)) is not { } trigger)
            {
                continue;
            }

            if (triggers.Exists(t => t.ToText() == trigger.ToText()))
            {
                reader.Error("the trigger is there twice");
            }

            triggers.Add(trigger);
        }

        return triggers;
    }

    private static TriggerDefinition? BindOne(ConfigReader reader, TriggerTypeRegistry types, ConfigTriggerBinding binding)
    {
        if (reader.Required("on") is not { } on || on.AsString() is not { } word)
        {
            return null;
        }

        if (word == TriggerTypeRegistry.Expiry)
        {
            reader.RejectUnknown();
            return null;
        }

        if (!types.TryGet(word, out ITriggerType? type))
        {
            // The kind is unknown, so its settings cannot be judged.
            if (word.StartsWith(FeatureTypeRegistry.CustomPrefix, StringComparison.Ordinal))
            {
                on.Error($"unknown trigger '{word}'", Names.NearestOrPlugin(word, types.Names));
            }
            else
            {
                on.AsWord(types.Names);
            }

            return null;
        }

        int errorsBefore = reader.Errors.Count;
        ITrigger? trigger = type.Bind(binding);
        reader.RejectUnknown();
        if (trigger is null && reader.Errors.Count == errorsBefore && !binding.HasMetKnownMistake)
        {
            reader.Error($"trigger '{word}' refuses this definition without saying why");
        }

        if (trigger is IValueTrigger { StateBytes: < 0 or > IValueTrigger.StateBytesMax } tooLarge)
        {
            reader.Error($"trigger '{word}' wants {tooLarge.StateBytes} bytes of state per key, it may have 0 to {IValueTrigger.StateBytesMax}");
        }

        return trigger is null
            ? null
            : new TriggerDefinition { On = word, Trigger = trigger, Settings = binding.Settings, Fields = binding.Fields };
    }
}
