using FeatureActors.Abstractions.Configuration;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using static FeatureActors.TestKit.Simulation.ConfigTree;

namespace FeatureActors.TestKit.Simulation;

/// <summary>Random small definitions, once for the engine (as a configuration tree, compiled by the product) and once for the naive model.</summary>
internal sealed class SimulatedDefinitions
{
    private readonly int _partitions;

    private SimulatedDefinitions(bool isWall, int partitions, IReadOnlyDictionary<string, List<NaiveGroup>> groups, DefinitionsModel model)
    {
        IsWall = isWall;
        Model = model;
        _partitions = partitions;
        Groups = groups;
        DefinitionsPlan plan = PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model));
        Entities = plan.Entities;
        Source = plan.Sources[0];
    }

    public bool IsWall { get; }

    public DefinitionsModel Model { get; }

    public IReadOnlyList<EntityPlan> Entities { get; }

    /// <summary>The groups of each entity as the naive model has them, in the order of the plan.</summary>
    public IReadOnlyDictionary<string, List<NaiveGroup>> Groups { get; }

    public IEnumerable<NaiveGroup> AllGroups => Groups.Values.SelectMany(static g => g);

    public IngestPlan Source { get; }

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
        var groups = new Dictionary<string, List<NaiveGroup>>(StringComparer.Ordinal);
        var groupFields = new List<(string, ConfigNode)>();
        var entities = new List<(string, ConfigNode)>();
        long triggerMax = 1_000;
        bool hasUsers = random.Next(3) == 0;
        AddEntity("item", hasUsers ? random.Next(2, 4) : random.Next(3, 6));
        if (hasUsers)
        {
            AddEntity("user", random.Next(1, 3));
        }

        int count = random.Next(entities.Count, 4);
        for (int g = 0; g < count; g++)
        {
            string entity = g < entities.Count ? entities[g].Item1 : entities[random.Next(entities.Count)].Item1;
            (NaiveGroup group, ConfigNode tree, long trigger) = SimulatedGroups.Random(random, $"g{g}", entity, isWall, retracts);
            groups[entity].Add(group);
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
            ("entities", Tree([.. entities])),
            ("groups", Tree([.. groupFields])));
        return new SimulatedDefinitions(isWall, partitions, groups, DefinitionsBinder.Bind(root, new FeatureTypeRegistry(BuiltInFeatureTypes.All)))
        {
            TriggerMaxMs = triggerMax,
            Retracts = retracts,
            JitterMaxMs = groups.Values.SelectMany(static g => g).Max(static g => g.JitterMs),
            RetentionMs = groups.Values.SelectMany(static g => g).Max(static g => Retention(g)),
            ClampsFuture = clamps,
            MaxFutureMs = maxFuture,
        };

        void AddEntity(string name, int shards)
        {
            entities.Add((name, Tree(("key", new ConfigArray(default, [Text("string")])), ("shards", Number(shards)))));
            groups.Add(name, []);
        }
    }

    /// <summary>The naive model of one shard of an entity.</summary>
    public NaiveModel NewNaive(EntityPlan entity) => new(Groups[entity.Entity], IsWall, entity.EventIdKeepMs > 0, _partitions);

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
