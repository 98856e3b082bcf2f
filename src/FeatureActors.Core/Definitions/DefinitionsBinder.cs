using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Expressions;

namespace FeatureActors.Core.Definitions;

/// <summary>
/// Turns the tree of a definitions file into a checked model. All mistakes of a file are found in one run: what depends on a
/// mistaken part is checked as far as that part could be read, and is not reported again.
/// </summary>
public static class DefinitionsBinder
{
    /// <summary>Most groups of one entity: a row carries the groups that take it as the bits of one long.</summary>
    public const int GroupsMax = 64;

    /// <summary>Most features with state of one entity: they share one block, which is loaded and written as a whole.</summary>
    public const int FeaturesMax = 256;

    private const int KeyPartsMax = 16;
    private const int ShardsMax = 10_000;
    private const int ShardsDefault = 16;

    private static readonly Dictionary<string, ClockKind> Clocks = new(StringComparer.Ordinal)
    {
        ["wall"] = ClockKind.Wall,
        ["event"] = ClockKind.Event,
    };

    /// <summary>Binds <paramref name="root"/> with the built-in functions and <paramref name="functions"/>.</summary>
    /// <param name="root">The resolved definitions.</param>
    /// <param name="types">Feature types, plug-ins included.</param>
    /// <param name="functions">Functions of plug-ins, or null.</param>
    /// <param name="triggers">Trigger types, plug-ins included; null for the built-in ones.</param>
    /// <param name="custom">Formats, lookups and periods of plug-ins, or null.</param>
    /// <exception cref="ConfigException">The definitions have mistakes; it carries all of them, ordered by position.</exception>
    public static DefinitionsModel Bind(
        ConfigObject root,
        FeatureTypeRegistry types,
        IEnumerable<IScalarFunction>? functions = null,
        TriggerTypeRegistry? triggers = null,
        CustomKinds? custom = null)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(types);
        var errors = new List<ConfigError>();
        var reader = new ConfigReader(root, "", errors);
        var context = new DefinitionsContext(
            types,
            triggers ?? TriggerTypeRegistry.BuiltIn,
            functions is null ? ScalarFunctionSet.BuiltIn : ScalarFunctionSet.BuiltIn.With(functions),
            new Dictionary<string, SourceDefinition>(StringComparer.Ordinal),
            new Dictionary<string, EntityDefinition>(StringComparer.Ordinal),
            new HashSet<string>(StringComparer.Ordinal),
            new HashSet<string>(StringComparer.Ordinal),
            NamedWindows.Bind(reader, (custom ?? CustomKinds.None).Slots),
            custom ?? CustomKinds.None);

        string name = BindNamespace(reader);
        ClockKind clock = reader.ChoiceOr("clock", ClockKind.Wall, Clocks);
        BindSources(reader, context);
        BindEntities(reader, context);
        List<GroupBinder> groups = BindGroups(reader, context);

        // A place for values that other places refer to by substitution.
        reader.Optional("vars");
        reader.RejectUnknown();
        CheckLimits(groups, context, errors);
        if (errors.Count > 0)
        {
            throw new ConfigException([.. errors
                .OrderBy(e => e.Position.File, StringComparer.Ordinal)
                .ThenBy(e => e.Position.Line)
                .ThenBy(e => e.Position.Column)]);
        }

        return Complete(name, clock, groups, context);
    }

    private static string BindNamespace(ConfigReader reader)
    {
        if (reader.Required("namespace") is not { } value || value.AsString() is not { } name)
        {
            return "";
        }

        Names.Check("a namespace", name, value.Position, value.Errors);
        return name;
    }

    private static void BindSources(ConfigReader reader, DefinitionsContext context)
    {
        if (reader.Object("sources") is not { } sources)
        {
            return;
        }

        foreach ((ConfigField field, ConfigValue value) in sources.Entries())
        {
            Names.Check("a source", field.Key, field.KeyPosition, value.Errors);
            if (value.AsObject() is { } source)
            {
                context.Sources.Add(field.Key, SourceBinder.Bind(field.Key, source, context.Functions, context.Custom));
            }
            else
            {
                context.WrongSources.Add(field.Key);
            }
        }
    }

    private static void BindEntities(ConfigReader reader, DefinitionsContext context)
    {
        if (reader.Object("entities") is not { } entities)
        {
            return;
        }

        foreach ((ConfigField field, ConfigValue value) in entities.Entries())
        {
            Names.Check("an entity", field.Key, field.KeyPosition, value.Errors);
            if (value.AsObject() is { } entity && BindEntity(field.Key, entity) is { } bound)
            {
                context.Entities.Add(field.Key, bound);
            }
            else
            {
                context.WrongEntities.Add(field.Key);
            }
        }
    }

    private static EntityDefinition? BindEntity(string name, ConfigReader reader)
    {
        ConfigValue? keyValue = reader.Required("key");
        IReadOnlyList<ConfigValue> parts = keyValue?.AsOneOrMany() ?? [];
        FieldType[] key = [.. parts.Select(p => p.AsChoice(FieldTypeWords.Keys)).OfType<FieldType>()];
        if (keyValue is not null && parts.Count is 0 or > KeyPartsMax)
        {
            keyValue.Error($"a key has 1 to {KeyPartsMax} parts", "write key = [string]");
        }

        int shards = reader.IntOr("shards", ShardsDefault, 1, ShardsMax);
        reader.RejectUnknown();
        return key.Length == 0 || key.Length != parts.Count
            ? null
            : new EntityDefinition { Name = name, Key = key, Shards = shards, Columns = [] };
    }

    private static List<GroupBinder> BindGroups(ConfigReader reader, DefinitionsContext context)
    {
        var groups = new List<GroupBinder>();
        if (reader.Object("groups") is not { } entries)
        {
            return groups;
        }

        foreach ((ConfigField field, ConfigValue value) in entries.Entries())
        {
            Names.Check("a group", field.Key, field.KeyPosition, value.Errors, isReserved: true);
            if (value.AsObject() is { } group)
            {
                groups.Add(GroupBinder.Bind(field.Key, group, context));
            }
        }

        if (entries.Value.Fields.Count == 0)
        {
            entries.Error("no group is defined");
        }

        return groups;
    }

    private static void CheckLimits(List<GroupBinder> groups, DefinitionsContext context, List<ConfigError> errors)
    {
        foreach (string entity in context.Entities.Keys)
        {
            int groupCount = 0;
            int featureCount = 0;
            foreach (GroupBinder group in groups.Where(g => g.Entity == entity))
            {
                groupCount++;
                bool hadRoom = featureCount <= FeaturesMax;
                featureCount += group.FeatureCount;
                if (groupCount == GroupsMax + 1)
                {
                    errors.Add(new ConfigError(
                        group.Position, $"entity {entity} has more than {GroupsMax} groups", "define a second entity with the same key"));
                }

                if (hadRoom && featureCount > FeaturesMax)
                {
                    errors.Add(new ConfigError(
                        group.Position,
                        $"entity {entity} has more than {FeaturesMax} features",
                        "define a second entity with the same key"));
                }
            }
        }
    }

    private static DefinitionsModel Complete(
        string name, ClockKind clock, List<GroupBinder> groups, DefinitionsContext context)
    {
        var entities = new List<EntityDefinition>();
        var columnsOf = new Dictionary<string, IReadOnlyList<FieldDefinition>>(StringComparer.Ordinal);
        foreach (EntityDefinition entity in context.Entities.Values)
        {
            FieldDefinition[] columns = [.. groups.Where(g => g.Entity == entity.Name).SelectMany(g => g.Scope.Used).Distinct()];
            columnsOf.Add(entity.Name, columns);
            entities.Add(entity with { Columns = columns });
        }

        return new DefinitionsModel
        {
            Namespace = name,
            Clock = clock,
            Sources = [.. context.Sources.Values.Select(s => s with { Expressions = ExpressionsOf(s, groups, context) })],
            Entities = entities,
            Groups = [.. groups.Select(g => g.Complete(columnsOf[g.Entity]))],
        };
    }

    /// <summary>The expressions of all groups that a source feeds, each once; its events are read only once too.</summary>
    private static List<ExpressionColumn> ExpressionsOf(SourceDefinition source, List<GroupBinder> groups, DefinitionsContext context)
    {
        var columns = new List<ExpressionColumn>();
        foreach (GroupBinder group in groups.Where(g => g.IsFedBy(source.Name)))
        {
            foreach (SqlExpression expression in group.Scope.Expressions)
            {
                ExpressionColumn column = group.Scope.ColumnOf(expression, source, context.Functions);
                if (!columns.Exists(c => c.Name == column.Name && c.Type == column.Type))
                {
                    columns.Add(column);
                }
            }
        }

        return columns;
    }
}
