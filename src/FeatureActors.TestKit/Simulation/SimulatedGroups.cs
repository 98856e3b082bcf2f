using FeatureActors.Abstractions.Configuration;
using static FeatureActors.TestKit.Simulation.ConfigTree;

namespace FeatureActors.TestKit.Simulation;

/// <summary>Random groups with their triggers, once as the definitions write them and once for the naive model.</summary>
internal static class SimulatedGroups
{
    public static (NaiveGroup Group, ConfigNode Tree, long TriggerMs) Random(
        Random random, string name, string entity, bool isWall, bool retracts)
    {
        var features = new List<NaiveFeature>();
        var trees = new List<(string, ConfigNode)>();
        int count = random.Next(1, 5);
        for (int f = 0; f < count; f++)
        {
            (NaiveFeature feature, ConfigNode tree) = SimulatedFeatures.Random(random, $"f{f}", retracts);
            features.Add(feature);
            trees.Add((feature.Name, tree));
        }

        if (random.Next(4) == 0 && SimulatedFeatures.Computed(random, "r", features) is var (computed, computedTree))
        {
            features.Add(computed);
            trees.Add((computed.Name, computedTree));
        }

        (long idle, long idleSlot, ConfigNode? idleTree) = Idle(random, features);
        (Func<SimulatedEvent, bool> where, string? filter) = SimulatedFeatures.Filter(random);
        List<NaiveTrigger> values = [];
        (List<ConfigNode> triggers, long triggerMs, long timerMs) = Triggers(random, features);
        bool isHeld = false;
        if (features.Find(static f => f.IsNumber) is { } number && random.Next(3) == 0 && !features.Exists(static f => f.IsAgeing))
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
            ("entity", Text(entity)),
            ("source", Text("s")),
            ("key", Text("k")),
            ("features", Tree([.. trees])),
            ("triggers", List(triggers)),
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

    private static (long IdleMs, long SlotMs, ConfigNode? Tree) Idle(Random random, List<NaiveFeature> features)
    {
        NaiveWindow[] windows = [.. features.SelectMany(static f => f.Windows)];
        NaiveSliding? longest = windows.OfType<NaiveSliding>().MaxBy(static w => w.SpanMs);
        bool hasBare = features.Exists(static f => f.Type is "latest" or "convert");
        bool mustSay = features.Exists(static f => f.Type is not ("latest" or "convert") && f.Windows.Any(static w => w.IsForLife));
        if (!mustSay && windows.All(static w => w is NaiveSliding or NaiveLifetime or NaivePlace))
        {
            // A type without windows lives as long as the key's longest window; alone it lives for ever.
            return hasBare && longest is not null ? (longest.OffsetMs + longest.SizeMs, longest.SlotMs, null) : (long.MaxValue, 1, null);
        }

        if (!mustSay && !hasBare)
        {
            return (long.MaxValue, 1, null);
        }

        if (random.Next(4) == 0)
        {
            return (long.MaxValue, 1, Text("never"));
        }

        long idle = (2 * windows.Where(static w => w is not NaiveDecay).Max(static w => w.SpanMs)) + random.Next(1_000, 120_000);
        return (idle, SimulatedWindows.StandardSlot(idle), Ms(idle));
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

    // Every slot enters and leaves at a multiple of this; long.MaxValue where that is not so simple, the jitter is then no more than it says.
    private static long Grid(NaiveGroup group)
    {
        NaiveWindow[] windows = [.. group.Features.SelectMany(static f => f.Windows)];
        if (windows.Any(static w => w is not (NaiveSliding or NaiveLifetime or NaivePlace)))
        {
            return long.MaxValue;
        }

        IEnumerable<long> lengths = windows.OfType<NaiveSliding>().SelectMany(static w => new[] { w.SlotMs, w.SizeMs, w.OffsetMs });
        if (group.HasLife && group.IdleMs != long.MaxValue)
        {
            lengths = [.. lengths, group.IdleMs, group.IdleSlotMs];
        }

        long grid = lengths.Aggregate(0L, static (a, b) => (long)System.Numerics.BigInteger.GreatestCommonDivisor(a, b));
        return grid == 0 ? long.MaxValue : grid;
    }

    private static (List<ConfigNode> Trees, long LongestMs, long TimerMs) Triggers(Random random, List<NaiveFeature> features)
    {
        long update = random.Next(4) * 150;
        long timer = random.Next(1, 6) * 1_000;
        ConfigNode updates = Tree(("on", Text("update")), ("coalesce", Ms(update)));
        ConfigNode timers = Tree(("on", Text("timer")), ("every", Ms(timer)));
        long closes = features.SelectMany(static f => f.Windows).Max(static w => w.ClosesMs);
        return random.Next(6) switch
        {
            // With exits alone a change is written when the present slot closes; nobody waits for the end of a month.
            0 when closes <= 3_600_000 => ([], closes + 60_000, long.MaxValue),
            1 => ([timers], timer, timer),
            2 => ([updates, timers], Math.Max(update, timer), timer),
            _ => ([updates], update, long.MaxValue),
        };
    }
}
