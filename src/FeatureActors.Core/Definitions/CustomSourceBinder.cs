using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Plugins;

namespace FeatureActors.Core.Definitions;

/// <summary>Reads what plug-ins do for a source: decode its events, look up columns.</summary>
internal static class CustomSourceBinder
{
    private const string Options = "format-options";

    /// <summary>True when the format is a plug-in's; an unknown one is added as a mistake.</summary>
    public static bool IsCustom(ConfigReader reader, CustomKinds custom)
    {
        if (reader.Optional("format") is not { } value || value.Node is not ConfigScalar { Text: { } name }
            || !name.StartsWith(CustomKinds.Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        if (!custom.Formats.ContainsKey(name))
        {
            value.Error($"no plug-in has a format '{name}'", custom.Formats.Count == 0 ? null : Names.Nearest(name, custom.Formats.Keys));
        }

        return true;
    }

    /// <summary>The plug-in's decoders for a source; null when it has none, or after a mistake.</summary>
    /// <param name="name">Name of the source.</param>
    /// <param name="reader">The source.</param>
    /// <param name="custom">What plug-ins have.</param>
    /// <param name="options">What decoders will be asked for.</param>
    public static CustomFormatDefinition? BindFormat(string name, ConfigReader reader, CustomKinds custom, EventDecoderOptions options)
    {
        string? format = (reader.Optional("format")?.Node as ConfigScalar)?.Text;
        if (format is null || !format.StartsWith(CustomKinds.Prefix, StringComparison.Ordinal))
        {
            reader.Optional(Options)?.Error("only a source with the format of a plug-in has format-options");
            return null;
        }

        if (!custom.Formats.TryGetValue(format, out PluginEventFormat? found))
        {
            reader.Know(Options);
            return null;
        }

        int errorsBefore = reader.Errors.Count;
        ConfigReader settings = reader.ObjectOrEmpty(Options);
        var binding = new ConfigSettingsBinding(name, settings);
        PluginDecoderFactory? factory = found.Bind(binding);
        settings.RejectUnknown();
        if (factory is null)
        {
            if (reader.Errors.Count == errorsBefore)
            {
                reader.Optional("format")!.Error($"format '{format}' refuses this source without saying why");
            }

            return null;
        }

        if (reader.Errors.Count == errorsBefore && factory.Try(options) is { } refusal)
        {
            reader.Optional("format")!.Error($"format '{format}' cannot decode the declared fields: {refusal}");
        }

        return new CustomFormatDefinition(format, factory, binding.Settings);
    }

    /// <summary>The lookups of a source that were readable.</summary>
    public static IReadOnlyList<LookupDefinition> BindLookups(
        string source, ConfigReader reader, CustomKinds custom, IReadOnlyList<FieldDefinition> fields, bool hasRetractions)
    {
        if (reader.Optional("lookups") is not { } value || value.AsObject() is not { } entries)
        {
            return [];
        }

        if (hasRetractions)
        {
            value.Error("a source with 'retract' has no lookups: what they find may have changed until a row is taken back", "remove 'lookups' or 'retract'");
        }

        var lookups = new List<LookupDefinition>();
        var taken = new HashSet<string>(fields.Select(static f => f.Name), StringComparer.Ordinal);
        foreach ((ConfigField field, ConfigValue item) in entries.Entries())
        {
            Names.Check("a lookup", field.Key, field.KeyPosition, item.Errors);
            if (item.AsObject() is { } lookup && BindLookup(source, field.Key, lookup, custom, fields, taken) is { } bound)
            {
                lookups.Add(bound);
            }
        }

        return lookups;
    }

    private static LookupDefinition? BindLookup(
        string source, string name, ConfigReader reader, CustomKinds custom, IReadOnlyList<FieldDefinition> fields, HashSet<string> taken)
    {
        ConfigValue? typeValue = reader.Required("type");
        string key = BindKey(reader.Required("key"), fields);
        IReadOnlyList<string> columns = reader.Strings("columns") ?? [];
        if (typeValue?.AsString() is not { } type)
        {
            return null;
        }

        if (!custom.Lookups.TryGetValue(type, out PluginLookupType? found))
        {
            typeValue.Error($"no plug-in has a lookup '{type}'", custom.Lookups.Count == 0 ? null : Names.Nearest(type, custom.Lookups.Keys));
            return null;
        }

        int errorsBefore = reader.Errors.Count;
        var binding = new ConfigSettingsBinding(name, reader);
        PluginLookup? lookup = found.Bind(binding, source);
        reader.RejectUnknown();
        if (lookup is null)
        {
            if (reader.Errors.Count == errorsBefore)
            {
                typeValue.Error($"lookup '{type}' refuses its settings without saying why");
            }

            return null;
        }

        if (lookup.Columns.Count != columns.Count && reader.Optional("columns") is { } stated)
        {
            stated.Error($"lookup '{type}' fills {lookup.Columns.Count} columns ({string.Join(", ", lookup.Columns.Select(FieldTypeWords.Of))}), {columns.Count} are named");
            return null;
        }

        foreach (string twice in columns.Where(c => !taken.Add(c)))
        {
            reader.Optional("columns")!.Error($"the source has a field or column '{twice}' already", "give the column another name");
        }

        return new LookupDefinition(
            name, type, lookup, key, [.. columns.Select((c, i) => new FieldDefinition(c, lookup.Columns[i]))], binding.Settings);
    }

    private static string BindKey(ConfigValue? value, IReadOnlyList<FieldDefinition> fields)
    {
        if (value?.AsString() is not { } key)
        {
            return "";
        }

        if (fields.FirstOrDefault(f => f.Name == key) is not { } field)
        {
            value.Error($"the source declares no field '{key}'", Names.Nearest(key, fields.Select(static f => f.Name)));
        }
        else if (field.Type is not (FieldType.String or FieldType.Long))
        {
            value.Error($"the key of a lookup is a string or a long, field '{key}' is {FieldTypeWords.Of(field.Type)}");
        }

        return key;
    }
}
