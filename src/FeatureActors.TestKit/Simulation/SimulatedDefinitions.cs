using FeatureActors.Abstractions.Configuration;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using static FeatureActors.TestKit.Simulation.ConfigTree;

namespace FeatureActors.TestKit.Simulation;

/// <summary>Random small definitions, once for the engine (as a configuration tree, compiled by the product) and once for the naive model.</summary>
internal sealed class SimulatedDefinitions
{
    private SimulatedDefinitions(bool isWall, int partitions, IReadOnlyList<NaiveGroup> groups, DefinitionsModel model)
    {
        IsWall = isWall;
        Model = model;
        DefinitionsPlan plan = PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model));
        Entity = plan.Entities[0];
        Source = plan.Sources[0];
        Naive = new NaiveModel(groups, isWall, plan.Entities[0].EventIdKeepMs > 0, partitions);
    }

    public bool IsWall { get; }

    public DefinitionsModel Model { get; }

    public EntityPlan Entity { get; }

    public IngestPlan Source { get; }

    public NaiveModel Naive { get; }

    /// <summary>Longest time after which a change is evaluated, on any clock.</summary>
    public long TriggerMaxMs { get; private init; }

    /// <summary>Time after the last event at which nothing is left; <see cref="long.MaxValue"/> when something stays for ever.</summary>
    public long RetentionMs { get; private init; }

    /// <summary>True when the source takes events back; all features can then.</summary>
    public bool Retracts { get; private init; }

    /// <summary>Most milliseconds by which an exit or a timer is put off.</summary>
    public long JitterMaxMs { get; private init; }

    public bool ClampsFuture { get; private init; }

    public long MaxFutureMs { get; private init; }

    public static SimulatedDefinitions Random(Random random, int partitions)
    {
        bool isWall = random.Next(3) != 0;
        bool clamps = random.Next(2) == 0;
        bool retracts = random.Next(4) == 0;
        long maxFuture = random.Next(2) == 0 ? 60_000 : 5_000;
        var groups = new List<NaiveGroup>();
        var groupFields = new List<(string, ConfigNode)>();
        long triggerMax = 1_000;
        int count = random.Next(1, 4);
        for (int g = 0; g < count; g++)
        {
            (NaiveGroup group, ConfigNode tree, long trigger) = SimulatedGroups.Random(random, $"g{g}", isWall, retracts);
            groups.Add(group);
            groupFields.Add((group.Name, tree));
            triggerMax = Math.Max(triggerMax, trigger);
        }

        var source = new List<(string, ConfigNode)>
        {
            ("format", Text("json")),
            ("event-time", Tree(("field", Text("ts")), ("unit", Text("ms")))),
            ("max-future", Ms(maxFuture)),
            ("future", Text(clamps ? "clamp" : "dead-letter")),
            ("fields", Tree(("k", Text("string")), ("ts", Text("long")), ("v", Text("long")), ("c", Text("string")), ("a", Text("string")), ("id", Text("string")), ("u", Text("boolean")))),
        };
        if (retracts)
        {
            source.Add(("retract", Text("u")));
        }

        if (random.Next(2) == 0)
        {
            source.Add(("event-id", Tree(("field", Text("id")), ("keep", Text("30d")), ("max", Text("1000")))));
        }

        var root = (ConfigObject)Tree(
            ("namespace", Text("sim")),
            ("clock", Text(isWall ? "wall" : "event")),
            ("sources", Tree(("s", Tree([.. source])))),
            ("entities", Tree(("item", Tree(("key", new ConfigArray(default, [Text("string")])), ("shards", Text("1")))))),
            ("groups", Tree([.. groupFields])));
        return new SimulatedDefinitions(isWall, partitions, groups, DefinitionsBinder.Bind(root, new FeatureTypeRegistry(BuiltInFeatureTypes.All)))
        {
            TriggerMaxMs = triggerMax,
            Retracts = retracts,
            JitterMaxMs = groups.Max(static g => g.JitterMs),
            RetentionMs = groups.Max(static g => Retention(g)),
            ClampsFuture = clamps,
            MaxFutureMs = maxFuture,
        };
    }

    private static long Retention(NaiveGroup group)
    {
        if (group.HasLife && group.IdleMs == long.MaxValue)
        {
            return long.MaxValue;
        }

        long windows = group.Features.SelectMany(static f => f.Windows).Max(static w => w.SpanMs);
        return group.HasLife ? Math.Max(windows, group.IdleMs + group.IdleSlotMs) : windows;
    }
}
