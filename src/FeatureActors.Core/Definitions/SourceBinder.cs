using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Expressions;

namespace FeatureActors.Core.Definitions;

/// <summary>Reads one source.</summary>
internal static class SourceBinder
{
    private const long MaxFutureDefaultMs = 60_000;
    private const long MaxFutureMaxMs = 3_650L * 86_400_000;
    private const long EventIdKeepDefaultMs = 3_600_000;
    private const long EventIdKeepMaxMs = 90L * 86_400_000;
    private const int EventIdsDefault = 1_000;
    private const int EventIdsMax = 100_000;
    private const int EventBytesMax = 1_000_000_000;

    private static readonly string[] Formats = ["json", "csv"];
    private static readonly string[] PromisedFormats = ["protobuf", "debezium-json"];

    private static readonly Dictionary<string, EventTimeUnit> Units = new(StringComparer.Ordinal)
    {
        ["ms"] = EventTimeUnit.Milliseconds,
        ["s"] = EventTimeUnit.Seconds,
        ["us"] = EventTimeUnit.Microseconds,
        ["iso8601"] = EventTimeUnit.Iso8601,
    };

    /// <summary>The unit as definitions write it.</summary>
    public static string UnitWord(EventTimeUnit unit) => Units.First(u => u.Value == unit).Key;

    /// <summary>The source; on mistakes a stand-in with what was readable, so that groups can still be checked.</summary>
    public static SourceDefinition Bind(string name, ConfigReader reader, ScalarFunctionSet functions, CustomKinds custom)
    {
        string topic = reader.StringOr("topic", name);
        EventFormat format = BindFormat(reader, custom);
        List<FieldDefinition> fields = BindFields(reader);
        CsvDefinition? csv = BindCsv(reader, format, fields);
        EventTimeField eventTime = BindEventTime(reader, fields, csv);
        long maxFuture = reader.DurationMsOr("max-future", MaxFutureDefaultMs, 0, MaxFutureMaxMs);
        bool clamp = reader.WordOr("future", "clamp", ["clamp", "dead-letter"]) == "clamp";
        EventIdDefinition? eventId = BindEventId(reader, fields);
        long bytesMax = reader.SizeOr("max-event-bytes", EventDecoderOptions.DefaultMaxEventBytes, 1, EventBytesMax);
        FieldScope scope = FieldScope.OfColumns(fields);
        FilterDefinition? retract = scope.ParseFilter(reader, "retract", functions) is { } condition
            ? scope.Bind(condition, functions, [])
            : null;
        CustomFormatDefinition? decoding = CustomSourceBinder.BindFormat(
            name, reader, custom, new EventDecoderOptions { Fields = [.. fields.Select(static f => new DecoderField(f.Name, f.Type))], EventTime = eventTime, MaxEventBytes = (int)bytesMax });
        IReadOnlyList<LookupDefinition> lookups = CustomSourceBinder.BindLookups(name, reader, custom, fields, retract is not null);
        reader.RejectUnknown();
        return new SourceDefinition
        {
            Name = name,
            Topic = topic,
            Format = format,
            Csv = csv,
            Custom = decoding,
            Lookups = lookups,
            EventTime = eventTime,
            MaxFutureMs = maxFuture,
            ClampFuture = clamp,
            Fields = fields,
            EventId = eventId,
            MaxEventBytes = (int)bytesMax,
            Retract = retract,
        };
    }

    private static EventFormat BindFormat(ConfigReader reader, CustomKinds custom)
    {
        if (CustomSourceBinder.IsCustom(reader, custom))
        {
            return EventFormat.Custom;
        }

        if (reader.Optional("format") is { } value && value.Node is ConfigScalar { Text: { } word } && PromisedFormats.Contains(word))
        {
            value.Error($"the format '{word}' is promised and not built yet", "this release has json and csv");
            return EventFormat.Json;
        }

        return reader.WordOr("format", "json", Formats) == "csv" ? EventFormat.Csv : EventFormat.Json;
    }

    private static List<FieldDefinition> BindFields(ConfigReader reader)
    {
        var fields = new List<FieldDefinition>();
        if (reader.Object("fields") is not { } declared)
        {
            return fields;
        }

        foreach ((ConfigField field, ConfigValue value) in declared.Entries())
        {
            if (field.Key.Length == 0)
            {
                value.Error("a field needs a name");
                continue;
            }

            // A wrong type still declares the field: otherwise every use of it would be reported as unknown too.
            fields.Add(new FieldDefinition(field.Key, value.AsChoice(FieldTypeWords.All) ?? FieldType.String));
        }

        if (fields.Count == 0)
        {
            declared.Error("no field is declared", "write fields { user_id = string, value = double }");
        }

        return fields;
    }

    private static CsvDefinition? BindCsv(ConfigReader reader, EventFormat format, List<FieldDefinition> fields)
    {
        ConfigValue? stated = reader.Optional("csv");
        if (format != EventFormat.Csv)
        {
            stated?.Error("only a source with format = csv has csv options");
            return null;
        }

        ConfigReader csv = reader.ObjectOrEmpty("csv");
        string delimiter = csv.StringOr("delimiter", ",");
        if (delimiter.Length != 1 || !char.IsAscii(delimiter[0]) || delimiter[0] is '"' or '\r' or '\n' or '\0')
        {
            csv.Optional("delimiter")!.Error("must be one ASCII character, no quote or line break", "write \",\", \";\" or \"\\t\"");
            delimiter = ",";
        }

        IReadOnlyList<string>? columns = csv.OptionalStrings("columns");
        bool hasHeader = csv.BooleanOr("header", true);
        csv.RejectUnknown();
        if (columns is not null)
        {
            CheckColumns(csv.Optional("columns")!, columns, fields);
        }

        return new CsvDefinition(delimiter[0], columns ?? [.. fields.Select(f => f.Name)], hasHeader);
    }

    private static void CheckColumns(ConfigValue value, IReadOnlyList<string> columns, List<FieldDefinition> fields)
    {
        foreach (string twice in columns.GroupBy(c => c, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => g.Key))
        {
            value.Error($"the column '{twice}' is there twice");
        }

        foreach (FieldDefinition missing in fields.Where(f => !columns.Contains(f.Name)))
        {
            value.Error($"the declared field '{missing.Name}' is no column", Names.Nearest(missing.Name, columns));
        }
    }

    private static EventTimeField BindEventTime(ConfigReader reader, List<FieldDefinition> fields, CsvDefinition? csv)
    {
        if (reader.Object("event-time") is not { } time)
        {
            return new EventTimeField("", EventTimeUnit.Milliseconds);
        }

        ConfigValue? fieldValue = time.Required("field");
        string field = fieldValue?.AsString() ?? "";
        EventTimeUnit? unit = time.Choice("unit", Units);
        time.RejectUnknown();
        if (fieldValue is not null && unit is not null && fields.Find(f => f.Name == field) is { } declared
            && !Holds(declared.Type, unit.Value))
        {
            fieldValue.Error(
                $"field '{field}' is {FieldTypeWords.Of(declared.Type)}, which holds no time with unit = {UnitWord(unit.Value)}",
                unit == EventTimeUnit.Iso8601 ? "declare the field as string" : "declare the field as long");
        }

        if (fieldValue is not null && csv is not null && !csv.Columns.Contains(field))
        {
            fieldValue.Error($"there is no column '{field}'", Names.Nearest(field, csv.Columns));
        }

        return new EventTimeField(field, unit ?? EventTimeUnit.Milliseconds);
    }

    private static bool Holds(FieldType type, EventTimeUnit unit) =>
        unit == EventTimeUnit.Iso8601 ? type == FieldType.String : FieldTypeWords.IsNumeric(type);

    private static EventIdDefinition? BindEventId(ConfigReader reader, List<FieldDefinition> fields)
    {
        if (reader.Optional("event-id") is not { } value)
        {
            return null;
        }

        if (!value.IsObject)
        {
            return value.AsString() is { } shortForm
                ? new EventIdDefinition(CheckField(value, shortForm, fields), EventIdKeepDefaultMs, EventIdsDefault)
                : null;
        }

        ConfigReader options = value.AsObject()!;
        ConfigValue? fieldValue = options.Required("field");
        string? field = fieldValue?.AsString();
        long keep = options.DurationMsOr("keep", EventIdKeepDefaultMs, 1, EventIdKeepMaxMs);
        int max = options.IntOr("max", EventIdsDefault, 1, EventIdsMax);
        options.RejectUnknown();
        return field is null ? null : new EventIdDefinition(CheckField(fieldValue!, field, fields), keep, max);
    }

    private static string CheckField(ConfigValue value, string field, List<FieldDefinition> fields)
    {
        if (fields.Find(f => f.Name == field) is not { } found)
        {
            value.Error($"the source declares no field '{field}'", Names.Nearest(field, fields.Select(f => f.Name)));
        }
        else if (found.Type is not (FieldType.String or FieldType.Long))
        {
            value.Error($"an event id is a string or a long, field '{field}' is {FieldTypeWords.Of(found.Type)}");
        }

        return field;
    }
}
