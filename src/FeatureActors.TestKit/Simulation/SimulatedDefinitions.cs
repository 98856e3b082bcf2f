using System.Globalization;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;

namespace FeatureActors.TestKit.Simulation;

/// <summary>Random small definitions, once for the engine (as a configuration tree, compiled by the product) and once for the naive model.</summary>
internal sealed class SimulatedDefinitions
{
    private static readonly long[] Sizes = [2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 1_800_000, 3_600_000, 21_600_000];
    private static readonly string[] Types = ["count", "sum", "avg", "min", "max", "first", "last", "last", "latest", "count-map", "top-k"];

    private static readonly string[] InvertibleTypes = ["count", "sum", "avg", "count-map", "top-k"];

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
            (NaiveGroup group, ConfigNode tree, long trigger) = RandomGroup(random, $"g{g}", isWall, retracts);
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
        if (group.HasLifetime && group.IdleMs == long.MaxValue)
        {
            return long.MaxValue;
        }

        long windows = group.Features.SelectMany(static f => f.Windows).Where(static w => !w.IsLifetime)
            .Select(static w => w.OffsetMs + w.SizeMs + w.SlotMs).DefaultIfEmpty(0).Max();
        return group.HasLifetime ? Math.Max(windows, group.IdleMs + group.IdleSlotMs) : windows;
    }

    private static (NaiveGroup Group, ConfigNode Tree, long TriggerMs) RandomGroup(
        Random random, string name, bool isWall, bool retracts)
    {
        var features = new List<NaiveFeature>();
        var trees = new List<(string, ConfigNode)>();
        int count = random.Next(1, 5);
        bool hasLifetimeWindow = false;
        for (int f = 0; f < count; f++)
        {
            NaiveFeature feature = RandomFeature(random, $"f{f}", retracts ? InvertibleTypes : Types, out ConfigNode tree);
            hasLifetimeWindow |= feature.Type != "latest" && feature.Windows.Any(static w => w.IsLifetime);
            features.Add(feature);
            trees.Add(($"f{f}", tree));
        }

        NaiveWindow[] sliding = [.. features.SelectMany(static f => f.Windows).Where(static w => !w.IsLifetime)];
        NaiveWindow? longest = sliding.MaxBy(static w => w.OffsetMs + w.SizeMs + w.SlotMs);
        (long idle, long idleSlot, ConfigNode? idleTree) = Idle(random, features, longest, hasLifetimeWindow);
        (Func<SimulatedEvent, bool> where, string? filter) = Filter(random);
        List<NaiveTrigger> values = [];
        (List<ConfigNode> triggers, long triggerMs, long timerMs) = Triggers(random, sliding);
        bool isHeld = false;
        if (features.Find(static f => f.Type is "count" or "sum" or "avg" or "min" or "max") is { } number && random.Next(3) == 0)
        {
            isHeld = random.Next(2) == 0 || triggers.Count == 0;
            (triggers, triggerMs, timerMs) = isHeld ? ([], 0, long.MaxValue) : (triggers, triggerMs, timerMs);
            (NaiveTrigger value, ConfigNode valueTree, long coalesceMs) = ValueTrigger(random, number.Windows[0].Field);
            values.Add(value);
            triggers.Add(valueTree);
            triggerMs = Math.Max(triggerMs, coalesceMs);
        }

        var fields = new List<(string, ConfigNode)>
        {
            ("entity", Text("item")),
            ("source", Text("s")),
            ("key", Text("k")),
            ("features", Tree([.. trees])),
            ("triggers", new ConfigArray(default, triggers)),
            ("late", Text(random.Next(2) == 0 ? "drop" : "dead-letter")),
        };
        if (random.Next(3) == 0)
        {
            fields.Add(("margin", Text(random.Next(2) == 0 ? "1m" : "10m")));
        }

        if (filter is not null)
        {
            fields.Add(("where", Text(filter)));
        }

        if (idleTree is not null)
        {
            fields.Add(("idle-expiry", idleTree));
        }

        var group = new NaiveGroup(name, where, features, idle, idleSlot) { ValueTriggers = values, IsHeld = isHeld };
        if (random.Next(3) == 0)
        {
            long jitter = random.Next(1, 3_000);
            fields.Add(("jitter", Ms(jitter)));
            group = group with { JitterMs = isWall ? Math.Min(jitter, Math.Min(Grid(group), timerMs) / 10) : 0 };
        }

        return (group, Tree([.. fields]), triggerMs + group.JitterMs);
    }

    private static (long IdleMs, long SlotMs, ConfigNode? Tree) Idle(
        Random random, List<NaiveFeature> features, NaiveWindow? longest, bool hasLifetimeWindow)
    {
        if (!hasLifetimeWindow)
        {
            // A type without windows lives as long as the key's longest window; alone it lives for ever.
            return features.Exists(static f => f.Type == "latest") && longest is not null
                ? (longest.OffsetMs + longest.SizeMs, longest.SlotMs, null)
                : (long.MaxValue, 1, null);
        }

        if (random.Next(4) == 0)
        {
            return (long.MaxValue, 1, Text("never"));
        }

        long idle = (longest is null ? 0 : longest.OffsetMs + longest.SizeMs + longest.SlotMs) + random.Next(1_000, 120_000);
        return (idle, StandardSlot(idle), Ms(idle));
    }

    private static NaiveFeature RandomFeature(Random random, string name, string[] types, out ConfigNode tree)
    {
        string type = types[random.Next(types.Length)];
        var fields = new List<(string, ConfigNode)> { ("type", Text(type)) };
        int n = 1;
        switch (type)
        {
            case "sum" or "avg" or "min" or "max":
                fields.Add(("of", Text("v")));
                break;
            case "first" or "last" or "latest":
                fields.Add(("of", Text("c")));
                if (type == "last" && random.Next(2) == 0)
                {
                    fields.Add(("n", Text((n = random.Next(2, 5)).ToString(CultureInfo.InvariantCulture))));
                }

                break;
            case "count-map":
                fields.Add(("key", Text("c")));
                break;
            case "top-k":
                fields.Add(("key", Text("c")));
                fields.Add(("k", Text((n = random.Next(1, 4)).ToString(CultureInfo.InvariantCulture))));
                break;
            default:
                break;
        }

        (Func<SimulatedEvent, bool> where, string? filter) = Filter(random);
        if (filter is not null)
        {
            fields.Add(("where", Text(filter)));
        }

        List<NaiveWindow> windows = type == "latest" ? [new NaiveWindow(name, 0, 1, 0, true)] : RandomWindows(random, name, fields);
        tree = Tree([.. fields]);
        return new NaiveFeature(type, where, windows, n);
    }

    private static List<NaiveWindow> RandomWindows(Random random, string name, List<(string, ConfigNode)> fields)
    {
        var windows = new List<NaiveWindow>();
        var trees = new List<ConfigNode>();
        int count = random.Next(1, 4);
        int most = random.Next(3) == 0 ? Sizes.Length : 5;
        for (int w = 0; w < count; w++)
        {
            if (random.Next(8) == 0 && !windows.Exists(static x => x.IsLifetime))
            {
                windows.Add(new NaiveWindow($"{name}:lifetime", 0, 1, 0, true));
                trees.Add(Text("lifetime"));
                continue;
            }

            long size = Sizes[random.Next(most)];
            long slot = random.Next(3) switch
            {
                0 => StandardSlot(size),
                1 => Math.Max(size / random.Next(1, 12), 200),
                _ => Math.Max(size / 10 / 1000 * 1000, 1000),
            };
            long offset = random.Next(5) == 0 ? random.Next(1, 20_000) : 0;
            windows.Add(new NaiveWindow($"{name}:w{w}", size, slot, offset, false));
            trees.Add(Tree(("size", Ms(size)), ("slot", Ms(slot)), ("offset", Ms(offset)), ("name", Text($"w{w}"))));
        }

        fields.Add(("windows", new ConfigArray(default, trees)));
        return windows;
    }

    private static (NaiveTrigger Trigger, ConfigNode Tree, long CoalesceMs) ValueTrigger(Random random, string field)
    {
        long coalesce = random.Next(4) * 150;
        ConfigScalar wait = Ms(coalesce);
        switch (random.Next(4))
        {
            case 0:
                return (new NaiveTrigger(field, 0, false, null), Tree(("on", Text("change")), ("of", Text(field)), ("coalesce", wait)), coalesce);
            case 1:
                int by = random.Next(1, 8);
                return (new NaiveTrigger(field, by, false, null), Tree(("on", Text("change")), ("of", Text(field)), ("by", Number(by)), ("coalesce", wait)), coalesce);
            case 2:
                int share = random.Next(1, 9) * 10;
                return (new NaiveTrigger(field, share / 100.0, true, null), Tree(("on", Text("change")), ("of", Text(field)), ("by", Text($"{share}%")), ("coalesce", wait)), coalesce);
            default:
                int above = random.Next(0, 12);
                return (new NaiveTrigger(field, 0, false, above), Tree(("on", Text("when")), ("expr", Text($"\"{field}\" > {above}")), ("coalesce", wait)), coalesce);
        }
    }

    // Every slot enters and leaves at a multiple of this.
    private static long Grid(NaiveGroup group)
    {
        IEnumerable<long> lengths = group.Features.SelectMany(static f => f.Windows).Where(static w => !w.IsLifetime)
            .SelectMany(static w => new[] { w.SlotMs, w.SizeMs, w.OffsetMs });
        if (group.HasLifetime && group.IdleMs != long.MaxValue)
        {
            lengths = [.. lengths, group.IdleMs, group.IdleSlotMs];
        }

        long grid = lengths.Aggregate(0L, static (a, b) => (long)System.Numerics.BigInteger.GreatestCommonDivisor(a, b));
        return grid == 0 ? long.MaxValue : grid;
    }

    // ARCHITECTURE section 4: the coarsest of these not above max(W/60, 1 s).
    private static long StandardSlot(long size) =>
        new long[] { 86_400_000, 21_600_000, 10_800_000, 3_600_000, 900_000, 300_000, 60_000, 15_000, 5_000, 1_000 }
            .First(r => r <= Math.Max(size / 60, 1_000));

    private static (List<ConfigNode> Trees, long LongestMs, long TimerMs) Triggers(Random random, NaiveWindow[] sliding)
    {
        long update = random.Next(4) * 150;
        long timer = random.Next(1, 6) * 1_000;
        ConfigNode updates = Tree(("on", Text("update")), ("coalesce", Ms(update)));
        ConfigNode timers = Tree(("on", Text("timer")), ("every", Ms(timer)));
        return random.Next(6) switch
        {
            0 => ([], sliding.Select(static w => w.SlotMs).DefaultIfEmpty(1).Max() + 60_000, long.MaxValue),
            1 => ([timers], timer, timer),
            2 => ([updates, timers], Math.Max(update, timer), timer),
            _ => ([updates], update, long.MaxValue),
        };
    }

    private static (Func<SimulatedEvent, bool> Where, string? Text) Filter(Random random) => random.Next(8) switch
    {
        0 => (static e => e.Action == "buy", "a = 'buy'"),
        1 => (static e => e.Value > 3, "v > 3"),
        2 => (static e => e.Category is "x" or "y", "c IN ('x', 'y')"),
        _ => (static _ => true, null),
    };

    private static ConfigScalar Text(string text) => new(default, text, false, default);

    private static ConfigScalar Number(long number) => Text(number.ToString(CultureInfo.InvariantCulture));

    private static ConfigScalar Ms(long ms) => Text(string.Create(CultureInfo.InvariantCulture, $"{ms}ms"));

    private static ConfigObject Tree(params (string Key, ConfigNode Value)[] fields) =>
        new(default, [.. fields.Select(static f => new ConfigField(f.Key, default, f.Value))]);
}
