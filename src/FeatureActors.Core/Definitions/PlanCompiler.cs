using System.Text;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Decoding;
using FeatureActors.Core.Sharding;
using FeatureActors.Core.Triggers;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Definitions;

/// <summary>What ingest actors and shards run, compiled from one version of the definitions.</summary>
/// <param name="Entities">One plan per entity that has groups, in the order of the definitions.</param>
/// <param name="Sources">One plan per source that feeds a group, in the order of the definitions.</param>
public sealed record DefinitionsPlan(IReadOnlyList<EntityPlan> Entities, IReadOnlyList<IngestPlan> Sources);

/// <summary>Builds a decoder for one ingest actor.</summary>
/// <param name="source">The source.</param>
/// <param name="options">Its fields in order, with those that nobody reads marked.</param>
public delegate IEventDecoder DecoderFactory(SourceDefinition source, EventDecoderOptions options);

/// <summary>Compiles checked definitions and their numbers to plans.</summary>
public static class PlanCompiler
{
    /// <summary>The plans of <paramref name="model"/>.</summary>
    /// <param name="model">Checked definitions.</param>
    /// <param name="snapshot">The version that holds exactly these definitions, from <see cref="DefinitionsCatalog"/>.</param>
    /// <param name="decoders">Builds decoders; null for <see cref="CreateDecoder"/>.</param>
    /// <exception cref="InvalidOperationException">The snapshot has no number for a part of the model: it holds other definitions.</exception>
    public static DefinitionsPlan Compile(DefinitionsModel model, DefinitionsSnapshot snapshot, DecoderFactory? decoders = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(snapshot);
        decoders ??= CreateDecoder;
        var numbers = new NumberTable(snapshot);
        EntityDefinition[] entities = [.. model.Entities.Where(e => model.GroupsOf(e.Name).Any())];
        return new DefinitionsPlan(
            [.. entities.Select(e => EntityPlanOf(model, e, numbers))],
            [.. model.Sources.Select(s => IngestPlanOf(model, s, entities, numbers, decoders)).Where(p => p.Routes.Count > 0)]);
    }

    /// <summary>
    /// What an older version makes of a source. Rows carry numbers of groups and columns, which mean the same in every version.
    /// </summary>
    /// <param name="model">The checked definitions of that version.</param>
    /// <param name="version">The version.</param>
    /// <param name="newest">The newest version, which has all numbers ever given.</param>
    /// <param name="source">Name of the source.</param>
    /// <param name="decoders">Builds decoders; null for <see cref="CreateDecoder"/>.</param>
    /// <returns>Its plan, or null when the version has no such source.</returns>
    /// <exception cref="InvalidOperationException">The snapshot has no number for a part of the model.</exception>
    public static IngestPlan? CompileOlder(DefinitionsModel model, long version, DefinitionsSnapshot newest, string source, DecoderFactory? decoders = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(newest);
        EntityDefinition[] entities = [.. model.Entities.Where(e => model.GroupsOf(e.Name).Any())];
        AssignedNumber[] numbers = [.. newest.Numbers.Where(static n => n.Kind != NumberKind.Feature).Select(static n => n with { IsLive = true })];
        return model.Sources.FirstOrDefault(s => s.Name == source) is { } definition
            ? IngestPlanOf(model, definition, entities, new NumberTable(newest with { Version = version, Numbers = numbers }), decoders ?? CreateDecoder)
            : null;
    }

    /// <summary>The decoder of a source whose CSV records have the stated columns, as messages of a topic do.</summary>
    /// <param name="source">The source.</param>
    /// <param name="options">From <see cref="DecoderOptionsOf"/>.</param>
    public static IEventDecoder CreateDecoder(SourceDefinition source, EventDecoderOptions options)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source.Custom is { } custom ? custom.Factory.Create(options)
            : source.Csv is { } csv ? new CsvEventDecoder(options, new CsvFormat { Separator = csv.Delimiter, Header = csv.Columns })
            : new JsonEventDecoder(options);
    }

    /// <summary>The decoder options of a source: all declared fields, those that no key, filter, event id or feature reads not needed.</summary>
    public static EventDecoderOptions DecoderOptionsOf(DefinitionsModel model, SourceDefinition source)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(source);
        var needed = new HashSet<string>(StringComparer.Ordinal);
        if (source.EventId is { } eventId)
        {
            needed.Add(eventId.Field);
        }

        needed.UnionWith(source.Expressions
            .SelectMany(static e => e.Expression.ReferencedColumns)
            .Where(c => c < source.Fields.Count)
            .Select(c => source.Fields[c].Name));
        needed.UnionWith(LookupsOf(model, source).Where(static l => l.IsNeeded).Select(l => source.Fields[l.KeyField].Name));
        needed.UnionWith(source.Retract?.Expression.ReferencedColumns.Select(c => source.Fields[c].Name) ?? []);
        foreach (GroupDefinition group in model.Groups)
        {
            foreach (FeedDefinition feed in group.Feeds.Where(f => f.Source == source.Name))
            {
                needed.UnionWith(feed.KeyFields);
                needed.UnionWith(group.UsedColumns);
                needed.UnionWith(feed.Where?.Expression.ReferencedColumns.Select(c => source.Fields[c].Name) ?? []);
            }
        }

        return new EventDecoderOptions
        {
            Fields = [.. source.Fields.Select(f => new DecoderField(f.Name, f.Type, needed.Contains(f.Name)))],
            EventTime = source.EventTime,
            MaxEventBytes = source.MaxEventBytes,
        };
    }

    private static EntityPlan EntityPlanOf(DefinitionsModel model, EntityDefinition entity, NumberTable numbers)
    {
        GroupDefinition[] groups = [.. model.GroupsOf(entity.Name)];
        string[] sources = [.. groups.SelectMany(g => g.Feeds).Select(f => f.Source).Distinct()];
        EventIdDefinition[] eventIds = [.. sources.Select(s => model.Source(s).EventId).OfType<EventIdDefinition>()];
        var features = new List<FeaturePlan>();
        var groupPlans = new List<GroupPlan>();
        foreach (GroupDefinition group in groups)
        {
            groupPlans.Add(GroupPlanOf(group, model.Clock, features, numbers, groupPlans.Count));
        }

        return new EntityPlan
        {
            Namespace = model.Namespace,
            Entity = entity.Name,
            Shards = entity.Shards,
            DefinitionsVersion = numbers.Version,
            Clock = model.Clock,
            Sources = sources,
            Columns = [.. entity.Columns.Select(c => new PlanColumn(c.Name, c.Type, NumbersOf(model, entity, sources, c, numbers)))],
            EventIdKeepMs = eventIds.Select(i => i.KeepMs).DefaultIfEmpty(0).Max(),
            EventIdsMax = eventIds.Select(i => i.Max).DefaultIfEmpty(0).Max(),
            Groups = groupPlans,
            Features = features,
        };
    }

    // Only sources whose groups read the column carry it; another source of the entity may declare it too and leaves it out.
    private static int[] NumbersOf(
        DefinitionsModel model, EntityDefinition entity, string[] sources, FieldDefinition column, NumberTable numbers) =>
        [.. sources.Where(s => Carries(model, entity, s, column)).Select(s => numbers.Column(entity.Name, s, column))];

    private static bool Carries(DefinitionsModel model, EntityDefinition entity, string source, FieldDefinition column) =>
        model.Source(source).CellOf(column) >= 0
        && model.GroupsOf(entity.Name).Any(
            g => g.UsedColumns.Contains(column.Name) && g.Feeds.Any(f => f.Source == source));

    private static GroupPlan GroupPlanOf(
        GroupDefinition group, ClockKind clock, List<FeaturePlan> features, NumberTable numbers, int groupIndex)
    {
        int first = features.Count;
        var fields = new List<FieldPlan>();
        foreach (FeatureDefinition feature in group.Features)
        {
            IReadOnlyList<WindowFamily> families = WindowFamily.Of(feature.Windows);
            foreach (FeatureWindow window in feature.Windows)
            {
                fields.Add(WindowFieldOf(group, feature, window, families, features.Count, numbers));
            }

            features.AddRange(families.Select(family => (Family: family, Number: numbers.Feature(group, feature, family))).Select(f => new FeaturePlan
            {
                Number = f.Number.Number,
                SinceVersion = Math.Min(f.Number.SinceVersion, numbers.Version),
                Group = groupIndex,
                Name = feature.Name,
                Type = feature.Type,
                Aggregate = feature.Aggregate,
                Where = feature.Where?.ToPredicate(),
                Timeline = new SlotTimeline(f.Family.Windows),
                Columns = feature.Columns,
            }));
        }

        foreach (DerivedDefinition derived in group.Derived)
        {
            foreach (string window in derived.WindowNames.DefaultIfEmpty(""))
            {
                FieldPlan field = DerivedFieldOf(derived, window, fields);
                fields.Add(group.IsPacked ? field with { FeatureNumber = numbers.Derived(group, derived).Number } : field);
            }
        }

        return new GroupPlan
        {
            Number = numbers.Group(group),
            Name = group.Name,
            FirstFeature = first,
            FeatureCount = features.Count - first,
            Fields = fields,
            Triggers = [.. group.Triggers.Select(t => TriggerPlanOf(numbers.Group(group), t, fields))],
            Late = group.Late,
            IsPacked = group.IsPacked,
            Idle = group.Idle,
            MarginMs = group.MarginMs,
            JitterMs = clock == ClockKind.Event ? 0 : JitterBound.Of(group),
        };
    }

    private static WindowFieldPlan WindowFieldOf(
        GroupDefinition group, FeatureDefinition feature, FeatureWindow window, IReadOnlyList<WindowFamily> families, int firstFeature, NumberTable numbers)
    {
        int family = 0;
        while (!families[family].Windows.Contains(window))
        {
            family++;
        }

        int place = families[family].Windows.Select(static w => w.Name).ToList().IndexOf(window.Name);
        AssignedNumber number = numbers.Feature(group, feature, families[family]);
        return new WindowFieldPlan(FieldName(feature.Name, window.Name), feature.Name, window.Name, firstFeature + family, place)
        {
            WarmAtMs = WindowHistory.WarmAtMs(number.Windows, window),
            FeatureNumber = group.IsPacked ? number.Number : 0,
        };
    }

    private static FieldPlan DerivedFieldOf(DerivedDefinition derived, string window, List<FieldPlan> fields)
    {
        int[] inputs = [.. derived.Inputs.Select(i => InputOf(i, window, fields))];
        long warmAtMs = inputs.Max(i => fields[i].WarmAtMs);
        string name = FieldName(derived.Name, window);
        return derived switch
        {
            RatioDefinition ratio => new RatioFieldPlan(name, ratio.Name, window, inputs[0], inputs[1])
            {
                Prior = ratio.Prior,
                PriorWeight = ratio.PriorWeight,
                WarmAtMs = warmAtMs,
            },
            FormulaDefinition formula => new FormulaFieldPlan(
                name, formula.Name, window, formula.Expression, inputs, [.. formula.Inputs.Select(static i => i.Type)])
            {
                WarmAtMs = warmAtMs,
            },
            _ => throw new ArgumentOutOfRangeException(nameof(derived), derived, null),
        };
    }

    private static TriggerPlan TriggerPlanOf(int groupNumber, TriggerDefinition trigger, List<FieldPlan> fields) => new(
        trigger.Trigger,
        StableHash.Of(Encoding.UTF8.GetBytes(trigger.ToText()), (ulong)groupNumber),
        trigger.Fields.Select(name => fields.FindIndex(f => f.Name == name)).ToArray());

    // A feature without windows is the same for every window.
    private static int InputOf(DerivedInput input, string window, List<FieldPlan> fields)
    {
        int same = fields.FindIndex(f => f.FeatureName == input.Feature && f.WindowName == (input.Window ?? window));
        return same >= 0 ? same : fields.FindIndex(f => f.FeatureName == input.Feature && f.WindowName.Length == 0);
    }

    /// <summary>Name of a field in the feature store.</summary>
    internal static string FieldName(string feature, string window) => window.Length == 0 ? feature : $"{feature}:{window}";

    private static IngestPlan IngestPlanOf(
        DefinitionsModel model,
        SourceDefinition source,
        IReadOnlyList<EntityDefinition> entities,
        NumberTable numbers,
        DecoderFactory decoders)
    {
        EventDecoderOptions options = DecoderOptionsOf(model, source);
        return new IngestPlan
        {
            Source = source.Name,
            DefinitionsVersion = numbers.Version,
            Clock = model.Clock,
            CreateDecoder = () => decoders(source, options),
            FieldTypes = [.. source.Fields.Select(static f => f.Type)],
            Format = source.Custom?.Factory,
            Lookups = LookupsOf(model, source),
            Expressions = [.. source.Expressions.Select(static e => e.Expression)],
            MaxFutureMs = source.MaxFutureMs,
            ClampFuture = source.ClampFuture,
            EventIdField = source.EventId is { } id ? source.IndexOf(id.Field) : -1,
            Retract = source.Retract?.ToPredicate(),
            Routes = [.. entities.SelectMany(e => RoutesOf(model, source, e, numbers))],
        };
    }

    private static List<LookupPlan> LookupsOf(DefinitionsModel model, SourceDefinition source)
    {
        var plans = new List<LookupPlan>();
        int cell = source.Fields.Count + 1;
        foreach (LookupDefinition lookup in source.Lookups)
        {
            int first = cell;
            cell += lookup.Columns.Count;
            bool isNeeded = source.Expressions.SelectMany(static e => e.Expression.ReferencedColumns).Any(c => c >= first && c < first + lookup.Columns.Count)
                || model.Groups.Any(g => g.Feeds.Any(f => f.Source == source.Name) && lookup.Columns.Any(c => g.UsedColumns.Contains(c.Name)));
            plans.Add(new LookupPlan(lookup.Lookup, source.IndexOf(lookup.KeyField), isNeeded));
        }

        return plans;
    }

    // One row per key serves all groups that are fed under it.
    private static IEnumerable<RoutePlan> RoutesOf(
        DefinitionsModel model, SourceDefinition source, EntityDefinition entity, NumberTable numbers)
    {
        RowColumn[] columns =
        [
            .. entity.Columns
                .Where(c => Carries(model, entity, source.Name, c))
                .Select(c => new RowColumn(numbers.Column(entity.Name, source.Name, c), source.CellOf(c), c.Type)),
        ];
        return model.GroupsOf(entity.Name)
            .SelectMany(g => g.Feeds.Where(f => f.Source == source.Name).Select(f => (Group: g, Feed: f)))
            .GroupBy(x => string.Join(',', x.Feed.KeyFields.Select(source.IndexOf)), StringComparer.Ordinal)
            .Select(route => new RoutePlan
            {
                Entity = entity.Name,
                Shards = entity.Shards,
                KeyFields = [.. route.First().Feed.KeyFields.Select(source.IndexOf)],
                KeyNames = [.. route.First().Feed.KeyFields],
                IdSeed = StableHash.Of(Encoding.UTF8.GetBytes(string.Join(',', route.First().Feed.KeyFields))),
                Groups = [.. route.Select(x => new GroupRoute(numbers.Group(x.Group), x.Group.Name, x.Feed.Where?.ToPredicate()))],
                Columns = columns,
            });
    }

    private sealed class NumberTable(DefinitionsSnapshot snapshot)
    {
        private readonly Dictionary<(NumberKind, string, string, string), AssignedNumber> _live = snapshot.Numbers
            .Where(n => n.IsLive)
            .ToDictionary(n => (n.Kind, n.Entity, n.Name, n.Kind == NumberKind.Column ? n.Shape : ""));

        public long Version => snapshot.Version;

        public int Group(GroupDefinition group) => Find(NumberKind.Group, group.Entity, group.Name, "").Number;

        public AssignedNumber Feature(GroupDefinition group, FeatureDefinition feature, WindowFamily family) =>
            Find(NumberKind.Feature, group.Entity, DefinitionsCatalog.FeatureName(group, feature, family), "");

        public AssignedNumber Derived(GroupDefinition group, DerivedDefinition derived) =>
            Find(NumberKind.Feature, group.Entity, DefinitionsCatalog.FeatureName(group, derived), "");

        public int Column(string entity, string source, FieldDefinition column) => Find(
            NumberKind.Column, entity, DefinitionsCatalog.ColumnName(source, column.Name), FieldTypeWords.Of(column.Type)).Number;

        private AssignedNumber Find(NumberKind kind, string entity, string name, string shape) =>
            _live.TryGetValue((kind, entity, name, shape), out AssignedNumber? number)
                ? number
                : throw new InvalidOperationException(
                    $"version {snapshot.Version} has no number for {kind} {name} of {entity}: it holds other definitions");
    }
}
