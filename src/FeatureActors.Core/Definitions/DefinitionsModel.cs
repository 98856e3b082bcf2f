using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Expressions;
using FeatureActors.Core.Plugins;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Definitions;

/// <summary>Checked definitions: every name resolved, every default filled in, every expression typed. Immutable.</summary>
public sealed record DefinitionsModel
{
    /// <summary>Namespace: the first part of every key, topic and table row.</summary>
    public required string Namespace { get; init; }

    /// <summary>What moves the shards' clocks.</summary>
    public required ClockKind Clock { get; init; }

    /// <summary>Sources in the order of the definitions.</summary>
    public required IReadOnlyList<SourceDefinition> Sources { get; init; }

    /// <summary>Entities in the order of the definitions.</summary>
    public required IReadOnlyList<EntityDefinition> Entities { get; init; }

    /// <summary>Groups of all entities in the order of the definitions.</summary>
    public required IReadOnlyList<GroupDefinition> Groups { get; init; }

    /// <summary>The source called <paramref name="name"/>.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public SourceDefinition Source(string name) =>
        Sources.FirstOrDefault(s => s.Name == name) ?? throw new ArgumentException($"there is no source '{name}'", nameof(name));

    /// <summary>The entity called <paramref name="name"/>.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public EntityDefinition Entity(string name) =>
        Entities.FirstOrDefault(e => e.Name == name) ?? throw new ArgumentException($"there is no entity '{name}'", nameof(name));

    /// <summary>The groups of the entity called <paramref name="entity"/>, in the order of the definitions.</summary>
    public IEnumerable<GroupDefinition> GroupsOf(string entity) => Groups.Where(g => g.Entity == entity);
}

/// <summary>Form of a source's events.</summary>
public enum EventFormat
{
    /// <summary>One JSON object per event.</summary>
    Json = 1,

    /// <summary>One CSV record per event.</summary>
    Csv = 2,

    /// <summary>What a plug-in decodes; in a file one line per event.</summary>
    Custom = 3,
}

/// <summary>Where events come from and what is in them.</summary>
public sealed record SourceDefinition
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Kafka topic; the name when the definitions state none.</summary>
    public required string Topic { get; init; }

    /// <summary>Form of the events.</summary>
    public required EventFormat Format { get; init; }

    /// <summary>How CSV records are written; null for other formats.</summary>
    public CsvDefinition? Csv { get; init; }

    /// <summary>The plug-in that decodes the events; null for other formats.</summary>
    public CustomFormatDefinition? Custom { get; init; }

    /// <summary>Columns from outside the event.</summary>
    public IReadOnlyList<LookupDefinition> Lookups { get; init; } = [];

    /// <summary>The columns of all lookups, in the order of their cells.</summary>
    public IEnumerable<FieldDefinition> LookupColumns => Lookups.SelectMany(static l => l.Columns);

    /// <summary>Where the event time stands.</summary>
    public required EventTimeField EventTime { get; init; }

    /// <summary>Most milliseconds an event may lie ahead of the node's clock.</summary>
    public required long MaxFutureMs { get; init; }

    /// <summary>What becomes of an event further ahead: true to move it back to the bound, false to dead-letter it.</summary>
    public required bool ClampFuture { get; init; }

    /// <summary>Declared fields in order; a field's place is its cell.</summary>
    public required IReadOnlyList<FieldDefinition> Fields { get; init; }

    /// <summary>Columns that are computed from an event when it is read, because a group fed by this source names an expression.</summary>
    public IReadOnlyList<ExpressionColumn> Expressions { get; init; } = [];

    /// <summary>The field by which a repeated event is known, or null.</summary>
    public EventIdDefinition? EventId { get; init; }

    /// <summary>Longest accepted event in bytes.</summary>
    public required int MaxEventBytes { get; init; }

    /// <summary>Condition over the fields under which an event takes back an equal one, or null when none does.</summary>
    public FilterDefinition? Retract { get; init; }

    /// <summary>
    /// Place of a column in the rows that ingest makes, or −1 when this source has no such column: declared fields come first, then a
    /// cell that is always NULL, then the columns of lookups, then the expressions.
    /// </summary>
    public int CellOf(FieldDefinition column)
    {
        ArgumentNullException.ThrowIfNull(column);
        int field = IndexOf(column.Name);
        if (field >= 0)
        {
            return Fields[field] == column ? field : -1;
        }

        int cell = Fields.Count + 1;
        foreach (FieldDefinition filled in LookupColumns)
        {
            if (filled == column)
            {
                return cell;
            }

            cell++;
        }

        foreach (ExpressionColumn expression in Expressions)
        {
            if (expression.Name == column.Name && expression.Type == column.Type)
            {
                return cell;
            }

            cell++;
        }

        return -1;
    }

    /// <summary>
    /// Place, in the rows that ingest makes, of the field or lookup column called <paramref name="name"/>; of the cell that is always NULL
    /// when there is none.
    /// </summary>
    public int CellOfName(string name)
    {
        int field = IndexOf(name);
        if (field >= 0)
        {
            return field;
        }

        int column = LookupColumns.Select(static c => c.Name).ToList().IndexOf(name);
        return Fields.Count + 1 + column;
    }

    /// <summary>Place of the field called <paramref name="name"/>, or −1.</summary>
    public int IndexOf(string name)
    {
        for (int i = 0; i < Fields.Count; i++)
        {
            if (Fields[i].Name == name)
            {
                return i;
            }
        }

        return -1;
    }
}

/// <summary>A declared field of a source.</summary>
/// <param name="Name">Name in the event.</param>
/// <param name="Type">Declared type.</param>
public sealed record FieldDefinition(string Name, FieldType Type);

/// <summary>A column that ingest computes from the fields of an event.</summary>
/// <param name="Name">The expression in one spelling behind a <c>=</c>, such as <c>=("price" * "quantity")</c>.</param>
/// <param name="Type">Type of its values.</param>
/// <param name="Expression">The expression, bound to the source's fields; a field of another source of the group is NULL.</param>
public sealed record ExpressionColumn(string Name, FieldType Type, BoundExpression Expression);

/// <summary>How CSV records are written.</summary>
/// <param name="Delimiter">The character between two fields.</param>
/// <param name="Columns">
/// Names of the record's columns in order, the declared fields unless stated; a declared field is read from the column of its name.
/// </param>
/// <param name="HasHeader">True when files begin with a record of column names, which then count; messages of a topic never do.</param>
public sealed record CsvDefinition(char Delimiter, IReadOnlyList<string> Columns, bool HasHeader);

/// <summary>A form of events that a plug-in decodes.</summary>
/// <param name="Name">Its name, such as <c>custom:pipes</c>.</param>
/// <param name="Factory">Makes the decoders.</param>
/// <param name="Settings">What the plug-in read of the source's <c>format-options</c>.</param>
public sealed record CustomFormatDefinition(string Name, PluginDecoderFactory Factory, IReadOnlyList<FeatureSetting> Settings);

/// <summary>Columns that a plug-in fills from outside the event.</summary>
/// <param name="Name">Name in the source.</param>
/// <param name="Type">The plug-in's name, such as <c>custom:catalog</c>.</param>
/// <param name="Lookup">The plug-in.</param>
/// <param name="KeyField">Declared field whose value is looked up.</param>
/// <param name="Columns">The columns by the names that the definitions give them.</param>
/// <param name="Settings">What the plug-in read.</param>
public sealed record LookupDefinition(
    string Name, string Type, PluginLookup Lookup, string KeyField, IReadOnlyList<FieldDefinition> Columns, IReadOnlyList<FeatureSetting> Settings);

/// <summary>How repeated events are recognised.</summary>
/// <param name="Field">Declared field that holds the id.</param>
/// <param name="KeepMs">How long an id is remembered per entity, in milliseconds of event time.</param>
/// <param name="Max">Most ids remembered per entity.</param>
public sealed record EventIdDefinition(string Field, long KeepMs, int Max);

/// <summary>Something that has features: an item, a customer.</summary>
public sealed record EntityDefinition
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Types of the key's parts; each is a string or a long.</summary>
    public required IReadOnlyList<FieldType> Key { get; init; }

    /// <summary>Number of shards.</summary>
    public required int Shards { get; init; }

    /// <summary>The columns that some feature reads, in order of first use; the position is the index that aggregates were bound to.</summary>
    public required IReadOnlyList<FieldDefinition> Columns { get; init; }
}

/// <summary>Features of one entity that are fed, triggered and published together.</summary>
public sealed record GroupDefinition
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Name of its entity.</summary>
    public required string Entity { get; init; }

    /// <summary>What feeds it, at least one.</summary>
    public required IReadOnlyList<FeedDefinition> Feeds { get; init; }

    /// <summary>Features with state in the order of the definitions, at least one.</summary>
    public required IReadOnlyList<FeatureDefinition> Features { get; init; }

    /// <summary>Features that are computed from others, each behind all that it reads.</summary>
    public required IReadOnlyList<DerivedDefinition> Derived { get; init; }

    /// <summary>The quotients among them.</summary>
    public IReadOnlyList<RatioDefinition> Ratios => [.. Derived.OfType<RatioDefinition>()];

    /// <summary>Rules that say when a changed group is evaluated; slot expiry always does and is not among them.</summary>
    public required IReadOnlyList<TriggerDefinition> Triggers { get; init; }

    /// <summary>What becomes of rows beyond retention.</summary>
    public required LatePolicy Late { get; init; }

    /// <summary>The stated idle expiry in milliseconds, <see cref="long.MaxValue"/> for <c>never</c>, null when none is stated.</summary>
    public long? StatedIdleExpiryMs { get; init; }

    /// <summary>The state of an entity is removed when its last event would leave this window; null for never.</summary>
    public required FeatureWindow? Idle { get; init; }

    /// <summary>Shortest time without events after which the state of an entity is removed; <see cref="long.MaxValue"/> for never.</summary>
    public long IdleExpiryMs => Idle?.HoldsMs ?? long.MaxValue;

    /// <summary>How long published values outlive their last exit when nobody removes them, in milliseconds.</summary>
    public required long MarginMs { get; init; }

    /// <summary>Most milliseconds by which writes from exits and timers are put off, each key by its own share; 0 for none.</summary>
    public long JitterMs { get; init; }

    /// <summary>True when the values are published as one Protobuf message instead of a field each.</summary>
    public bool IsPacked { get; init; }

    /// <summary>Names of the columns that its features read.</summary>
    public required IReadOnlyList<string> UsedColumns { get; init; }
}

/// <summary>A source that feeds a group.</summary>
/// <param name="Source">Name of the source.</param>
/// <param name="KeyFields">Fields that make the entity key, in key order.</param>
/// <param name="Where">Filter over the source's fields, or null.</param>
public sealed record FeedDefinition(string Source, IReadOnlyList<string> KeyFields, FilterDefinition? Where);

/// <summary>A feature with state.</summary>
public sealed record FeatureDefinition
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Type name.</summary>
    public required string Type { get; init; }

    /// <summary>The arithmetic, bound to the entity's columns.</summary>
    public required FeatureAggregate Aggregate { get; init; }

    /// <summary>Filter over the entity's columns, or null.</summary>
    public FilterDefinition? Where { get; init; }

    /// <summary>Windows in the order of the definition; for a type without windows one lifetime window with an empty name.</summary>
    public required IReadOnlyList<FeatureWindow> Windows { get; init; }

    /// <summary>The columns that its type reads, ordered by name, each once.</summary>
    public required IReadOnlyList<FeatureColumn> Columns { get; init; }

    /// <summary>The settings its type read, defaults included, ordered by key.</summary>
    public required IReadOnlyList<FeatureSetting> Settings { get; init; }

    /// <summary>True when its value is a single number, so that a ratio can read it.</summary>
    public required bool IsNumeric { get; init; }

    /// <summary>True for a type without windows.</summary>
    public bool IsUnwindowed => (Aggregate.Traits & FeatureTraits.Unwindowed) != 0;

    /// <summary>True for a type without windows whose state fades away, so that no idle time has to take it.</summary>
    public bool EndsByItself => IsUnwindowed && Aggregate.AgeingStepMs > 0;
}

/// <summary>A setting as a feature type read it.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value in one spelling: a column with its type as <c>name:type</c>, durations in ms.</param>
/// <param name="Text">The value as definitions write it.</param>
/// <param name="IsStated">False for a default.</param>
public sealed record FeatureSetting(string Key, string Value, string Text, bool IsStated);
