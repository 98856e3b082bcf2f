using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Expressions;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Definitions;

/// <summary>Everything a shard of one entity type needs to know, compiled from the definitions. Immutable, shared by all shards.</summary>
public sealed record EntityPlan
{
    /// <summary>Namespace of the definitions.</summary>
    public required string Namespace { get; init; }

    /// <summary>Entity type name.</summary>
    public required string Entity { get; init; }

    /// <summary>Number of shards.</summary>
    public required int Shards { get; init; }

    /// <summary>Version of the definitions this was compiled from; 0 for definitions that were never applied.</summary>
    public required long DefinitionsVersion { get; init; }

    /// <summary>What moves the shard's clock.</summary>
    public required ClockKind Clock { get; init; }

    /// <summary>Names of the sources that feed the entity; with <see cref="ClockKind.Event"/> T is the minimum over all their partitions.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>The columns that features read; the position is the column index of every <see cref="RowView"/> they see.</summary>
    public required IReadOnlyList<PlanColumn> Columns { get; init; }

    /// <summary>How long, in milliseconds of event time, an event id is remembered per entity; 0 when no source has event ids.</summary>
    public long EventIdKeepMs { get; init; }

    /// <summary>Most event ids remembered per entity; the oldest give way and the entity is flagged.</summary>
    public int EventIdsMax { get; init; }

    /// <summary>Groups; a group's place here is its place in an entity block.</summary>
    public required IReadOnlyList<GroupPlan> Groups { get; init; }

    /// <summary>All features with state, group after group; a feature's place here is its place in an entity block.</summary>
    public required IReadOnlyList<FeaturePlan> Features { get; init; }
}

/// <summary>A column as features see it: the same (name, type) of several sources is one column.</summary>
/// <param name="Name">Field name.</param>
/// <param name="Type">Field type.</param>
/// <param name="Numbers">Persistent column numbers that carry it in rows, one per source that declares it.</param>
public sealed record PlanColumn(string Name, FieldType Type, IReadOnlyList<int> Numbers);

/// <summary>One group of an entity.</summary>
public sealed record GroupPlan
{
    /// <summary>Persistent number, 0 to 63: the bit that rows carry.</summary>
    public required int Number { get; init; }

    /// <summary>Group name.</summary>
    public required string Name { get; init; }

    /// <summary>Index of the group's first feature in <see cref="EntityPlan.Features"/>.</summary>
    public required int FirstFeature { get; init; }

    /// <summary>Number of its features with state.</summary>
    public required int FeatureCount { get; init; }

    /// <summary>The fields of its Redis hash in order of the definitions; a derived one comes behind the fields it reads.</summary>
    public required IReadOnlyList<FieldPlan> Fields { get; init; }

    /// <summary>Rules that say when a changed group is evaluated. Slot expiry needs none: it always applies.</summary>
    public required IReadOnlyList<TriggerPlan> Triggers { get; init; }

    /// <summary>True when the values are published as one Protobuf message instead of a field each.</summary>
    public bool IsPacked { get; init; }

    /// <summary>What becomes of rows beyond retention.</summary>
    public required LatePolicy Late { get; init; }

    /// <summary>The group's state of an entity is removed when its last event would leave this window; null for never.</summary>
    public required FeatureWindow? Idle { get; init; }

    /// <summary>How long published values outlive their last exit when nobody removes them, in milliseconds; 1 h unless stated.</summary>
    public long MarginMs { get; init; } = 3_600_000;

    /// <summary>
    /// Most milliseconds by which what is due on the shard's clock (timers, exits) is put off, each key by its own share; 0 for none,
    /// always with <see cref="ClockKind.Event"/>.
    /// </summary>
    public long JitterMs { get; init; }
}

/// <summary>A trigger of a group.</summary>
/// <param name="Trigger">The rule.</param>
/// <param name="Id">Names its state in entity blocks: a hash of group and settings.</param>
/// <param name="Fields">For each field it reads, the index in <see cref="GroupPlan.Fields"/>.</param>
public sealed record TriggerPlan(ITrigger Trigger, ulong Id, ReadOnlyMemory<int> Fields)
{
    /// <summary>The rule when values decide, else null.</summary>
    public IValueTrigger? Value { get; } = Trigger as IValueTrigger;
}

/// <summary>One feature with state.</summary>
public sealed record FeaturePlan
{
    /// <summary>Persistent number, from 1, never reused.</summary>
    public required int Number { get; init; }

    /// <summary>Version of the definitions that gave the number: it takes no row that an older version made.</summary>
    public long SinceVersion { get; init; }

    /// <summary>Index of its group in <see cref="EntityPlan.Groups"/>.</summary>
    public required int Group { get; init; }

    /// <summary>Feature name.</summary>
    public required string Name { get; init; }

    /// <summary>Type name as in the definitions.</summary>
    public required string Type { get; init; }

    /// <summary>The arithmetic.</summary>
    public required FeatureAggregate Aggregate { get; init; }

    /// <summary>Filter on rows, or null.</summary>
    public RowPredicate? Where { get; init; }

    /// <summary>Its windows and how slots age.</summary>
    public required SlotTimeline Timeline { get; init; }

    /// <summary>The columns that its type reads, ordered by name; they tell rows of one event time apart.</summary>
    public IReadOnlyList<FeatureColumn> Columns { get; init; } = [];

    /// <summary>True when neither windows nor decay take its state away: the group's idle time does.</summary>
    public bool IsIdleBound => Timeline.IsEndless
        && !((Aggregate.Traits & FeatureTraits.Unwindowed) != 0 && Aggregate.AgeingStepMs > 0);

    /// <summary>The next time at which its values can change without a row, whatever its slots; <see cref="long.MaxValue"/> for never.</summary>
    public long NextBoundary(long nowMs)
    {
        long boundary = Timeline.NextBoundary(nowMs);
        long step = Aggregate.AgeingStepMs;
        return step > 0 ? Math.Min(boundary, SlotWidths.Floor(nowMs, step) + step) : boundary;
    }
}

/// <summary>One field of a group's hash.</summary>
/// <param name="Name">Redis field name, such as <c>buys:1h</c>.</param>
/// <param name="FeatureName">Feature name, such as <c>buys</c>.</param>
/// <param name="WindowName">Window name, such as <c>1h</c>; empty for types without windows.</param>
public abstract record FieldPlan(string Name, string FeatureName, string WindowName)
{
    /// <summary>Time T from which the window is full: until then the value is flagged as warming. <see cref="long.MinValue"/> when always full.</summary>
    public long WarmAtMs { get; init; } = long.MinValue;

    /// <summary>In a packed group the number of the feature, which is its field in the message; 0 in others.</summary>
    public int FeatureNumber { get; init; }
}

/// <summary>A field that a feature's slots give.</summary>
/// <param name="Name">Redis field name.</param>
/// <param name="FeatureName">Feature name.</param>
/// <param name="WindowName">Window name.</param>
/// <param name="Feature">Index in <see cref="EntityPlan.Features"/>.</param>
/// <param name="Window">Index in <see cref="SlotTimeline.Windows"/>.</param>
public sealed record WindowFieldPlan(string Name, string FeatureName, string WindowName, int Feature, int Window)
    : FieldPlan(Name, FeatureName, WindowName);

/// <summary>
/// A quotient of two other fields of the group; absent when the denominator is 0 or one of them is absent. Smoothed: an absent side
/// counts as 0, and something is added to both.
/// </summary>
/// <param name="Name">Redis field name.</param>
/// <param name="FeatureName">Feature name.</param>
/// <param name="WindowName">Window name.</param>
/// <param name="Numerator">Index of the numerator in <see cref="GroupPlan.Fields"/>.</param>
/// <param name="Denominator">Index of the denominator in <see cref="GroupPlan.Fields"/>.</param>
public sealed record RatioFieldPlan(string Name, string FeatureName, string WindowName, int Numerator, int Denominator)
    : FieldPlan(Name, FeatureName, WindowName)
{
    /// <summary>Added to the numerator.</summary>
    public double Prior { get; init; }

    /// <summary>Added to the denominator.</summary>
    public double PriorWeight { get; init; }

    /// <summary>True when something is added.</summary>
    public bool IsSmoothed => Prior != 0 || PriorWeight != 0;
}

/// <summary>An expression over other fields of the group; an absent one is NULL, and so is an absent result.</summary>
/// <param name="Name">Redis field name.</param>
/// <param name="FeatureName">Feature name.</param>
/// <param name="WindowName">Window name.</param>
/// <param name="Expression">The expression; its column i is input i.</param>
/// <param name="Inputs">Indexes in <see cref="GroupPlan.Fields"/>.</param>
/// <param name="Types">Types of the inputs: <see cref="FieldType.Double"/> or <see cref="FieldType.String"/>.</param>
public sealed record FormulaFieldPlan(
    string Name, string FeatureName, string WindowName, BoundExpression Expression, IReadOnlyList<int> Inputs, IReadOnlyList<FieldType> Types)
    : FieldPlan(Name, FeatureName, WindowName);
