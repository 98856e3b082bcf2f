using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Expressions;
using FeatureActors.Core.Plugins;

namespace FeatureActors.Core.Definitions;

/// <summary>How the events of one source become rows. Immutable, shared by all ingest actors.</summary>
public sealed record IngestPlan
{
    /// <summary>Source name.</summary>
    public required string Source { get; init; }

    /// <summary>Version of the definitions this was compiled from.</summary>
    public required long DefinitionsVersion { get; init; }

    /// <summary>What moves the shards' clocks; with <see cref="ClockKind.Event"/> <c>max-future</c> is off.</summary>
    public required ClockKind Clock { get; init; }

    /// <summary>Creates a decoder for one ingest actor; it has the cells of all declared fields, in order, and the event time.</summary>
    public required Func<IEventDecoder> CreateDecoder { get; init; }

    /// <summary>Types of all declared fields, in order.</summary>
    public required IReadOnlyList<FieldType> FieldTypes { get; init; }

    /// <summary>The plug-in that <see cref="CreateDecoder"/> asks, or null.</summary>
    public PluginDecoderFactory? Format { get; init; }

    /// <summary>
    /// Columns from outside the event. In the rows that ingest makes, the declared fields are followed by a cell that is always NULL and
    /// then by the columns of these, in order.
    /// </summary>
    public IReadOnlyList<LookupPlan> Lookups { get; init; } = [];

    /// <summary>Number of cells that <see cref="Lookups"/> fill.</summary>
    public int LookupCells => Lookups.Sum(static l => l.Lookup.Columns.Count);

    /// <summary>The uses of plug-ins by the source itself.</summary>
    public IEnumerable<PluginPart> Parts =>
        Lookups.Select(static l => l.Lookup.Part).Concat(Format is { } format ? [format.Part] : []);

    /// <summary>
    /// Computed columns. In the rows that ingest makes, they stand behind the columns of <see cref="Lookups"/>, in order.
    /// </summary>
    public IReadOnlyList<BoundExpression> Expressions { get; init; } = [];

    /// <summary>Most milliseconds an event may lie ahead of the node's clock.</summary>
    public required long MaxFutureMs { get; init; }

    /// <summary>What becomes of an event further ahead: true to move it back to the bound, false to dead-letter it.</summary>
    public required bool ClampFuture { get; init; }

    /// <summary>Index of the field that identifies an event, or −1; rows carry its stable hash.</summary>
    public int EventIdField { get; init; } = -1;

    /// <summary>Condition over the source's fields under which the rows of an event are taken back instead of added, or null.</summary>
    public RowPredicate? Retract { get; init; }

    /// <summary>Rows an event may yield, in ordinal order.</summary>
    public required IReadOnlyList<RoutePlan> Routes { get; init; }
}

/// <summary>A lookup of a source.</summary>
/// <param name="Lookup">The plug-in.</param>
/// <param name="KeyField">Index of the key among the declared fields; a string or a long.</param>
/// <param name="IsNeeded">False when nobody reads any of its columns: it is not called.</param>
public sealed record LookupPlan(PluginLookup Lookup, int KeyField, bool IsNeeded);

/// <summary>One way from a source to an entity type under one key; its place in <see cref="IngestPlan.Routes"/> is the row's ordinal.</summary>
public sealed record RoutePlan
{
    /// <summary>Entity type.</summary>
    public required string Entity { get; init; }

    /// <summary>Number of shards of the entity.</summary>
    public required int Shards { get; init; }

    /// <summary>Indexes of the key's fields among the source's fields, in key order; each is a string or a long.</summary>
    public required IReadOnlyList<int> KeyFields { get; init; }

    /// <summary>Names of <see cref="KeyFields"/>, for messages.</summary>
    public required IReadOnlyList<string> KeyNames { get; init; }

    /// <summary>
    /// Tells rows of one event apart where their ids are remembered: of the key's field names, so that it is the same in every version of
    /// the definitions, whatever routes stand before it.
    /// </summary>
    public required ulong IdSeed { get; init; }

    /// <summary>Groups that take the row when their filter holds.</summary>
    public required IReadOnlyList<GroupRoute> Groups { get; init; }

    /// <summary>Columns the row carries: the same for all routes from this source to this entity.</summary>
    public required IReadOnlyList<RowColumn> Columns { get; init; }
}

/// <summary>A group fed by a route.</summary>
/// <param name="Number">Persistent group number: the row's bit.</param>
/// <param name="Name">Group name, for messages.</param>
/// <param name="Where">Filter over the source's fields, or null.</param>
public sealed record GroupRoute(int Number, string Name, RowPredicate? Where);

/// <summary>A column of a row.</summary>
/// <param name="Number">Persistent column number.</param>
/// <param name="Field">Index among the cells of the rows that ingest makes.</param>
/// <param name="Type">Field type.</param>
public readonly record struct RowColumn(int Number, int Field, FieldType Type);
