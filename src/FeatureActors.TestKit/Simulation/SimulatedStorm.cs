using FeatureActors.TestKit.Ports;

namespace FeatureActors.TestKit.Simulation;

/// <summary>The faults of a world that do not come with a call of a port.</summary>
/// <param name="world">What they happen to.</param>
/// <param name="strength">How often; 0 for never.</param>
internal sealed class SimulatedStorm(SimulatedWorld world, double strength)
{
    private const int NodesMax = 5;

    private InMemorySinkSnapshot? _snapshot;

    /// <summary>True when there are any.</summary>
    public bool IsOn => strength > 0;

    private SimulatedCourse Course => world.Course;

    /// <summary>Lets every fault happen with its own small probability.</summary>
    public void Strike()
    {
        StrikeProcesses();
        StrikeNetwork();
        StrikeStores();
        StrikeSink();
        if (Strikes(0.005))
        {
            JumpClock();
        }
    }

    private void StrikeProcesses()
    {
        if (Strikes(0.007) && Any() is { } dying)
        {
            Crash(dying, "crash");
        }

        if (Strikes(0.008) && Any() is { IsFrozen: false } frozen)
        {
            // Past the session of its groups, or not.
            Freeze(frozen, Course.Random.Next(500, 15_000));
        }

        if (Strikes(0.004) && Any() is { IsFrozen: false, IsLeaving: false } leaving)
        {
            Course.Fault("leaves", leaving.Name);
            leaving.IsLeaving = true;
            Course.After(Course.Random.Next(10, 5_000), StartOne);
        }

        if (Strikes(0.003) && world.Nodes.Count < NodesMax)
        {
            Course.Fault("joins");
            world.StartNode();
        }
    }

    private void Crash(SimulatedNode node, string fault)
    {
        Course.Fault(fault, node.Name);
        node.Kill(fault);
        Course.After(Course.Random.Next(10, Course.Chance(0.2) ? 20_000 : 3_000), StartOne);
    }

    private void Freeze(SimulatedNode node, long ms)
    {
        Course.Fault("frozen", $"{node.Name} for {ms} ms");
        node.Freeze();
        Course.After(ms, node.Thaw);
    }

    private void StrikeNetwork()
    {
        if (Strikes(0.008) && Any() is { Cut: SimulatedService.None } cut)
        {
            SimulatedService services = Course.Random.Next(4) switch
            {
                0 => SimulatedService.Log,
                1 => SimulatedService.Sql,
                2 => SimulatedService.Redis,
                _ => SimulatedService.Log | SimulatedService.Sql | SimulatedService.Redis,
            };
            long ms = Course.Random.Next(500, 15_000);
            Course.Fault($"cut-from-{services}".ToLowerInvariant().Replace(", ", "-", StringComparison.Ordinal), $"{cut.Name} for {ms} ms");
            cut.Cut = services;
            Course.After(ms, () => cut.Cut = SimulatedService.None);
        }
    }

    private void StrikeStores()
    {
        if (Strikes(0.003) && !world.Ports.IsDiskFull)
        {
            world.Ports.IsDiskFull = true;
            Course.Tell("the disk is full");
            Course.After(Course.Random.Next(1_000, 15_000), () => world.Ports.IsDiskFull = false);
        }

        TakeAway(0.003, SimulatedService.Sql, "sql-away");
        TakeAway(0.003, SimulatedService.Log, "log-away");
        TakeAway(0.004, SimulatedService.Redis, "redis-away");
        if ((world.Ports.Away & SimulatedService.Redis) != 0 && Strikes(0.03) && Any() is { } dying)
        {
            // What it has checkpointed meanwhile and could not publish is for the next owner to publish.
            Crash(dying, "crash-while-redis-is-away");
        }
    }

    private void TakeAway(double probability, SimulatedService service, string fault)
    {
        if (!Strikes(probability) || (world.Ports.Away & service) != 0)
        {
            return;
        }

        Course.Fault(fault);
        world.Ports.Away |= service;
        Course.After(Course.Random.Next(500, 20_000), () =>
        {
            world.Ports.Away &= ~service;
            Course.Tell($"{service} is back");
        });
    }

    private void JumpClock()
    {
        if (Any() is not { } node)
        {
            return;
        }

        long by = Course.Chance(0.5) ? 3_600_000 : -3_600_000;
        Course.Fault(by > 0 ? "clock-forward" : "clock-backward", node.Name);
        node.LeapMs += by;
        long standsMs = 0;
        if (!node.IsFrozen && Course.Chance(0.3))
        {
            // As a machine that was suspended: the clock is wrong when it goes on, and its shards may be others' by then.
            standsMs = Course.Random.Next(3_000, 12_000);
            Freeze(node, standsMs);
        }

        Course.After(standsMs + Course.Random.Next(500, 20_000), () => node.LeapMs = 0);
    }

    private void StrikeSink()
    {
        InMemoryFeatureSink sink = world.Ports.Sink;
        if (Strikes(0.003))
        {
            Course.Fault("redis-emptied");
            sink.LoseEverything();
            ForgetWrites();
        }

        if (Strikes(0.002))
        {
            SimulatedShard shard = world.Shards.Values.ElementAt(Course.Random.Next(world.Shards.Count));
            Course.Fault("redis-fence-lost", shard.Id.ToString());
            sink.LoseFence(shard.Id);
            shard.ForgetWrites();
        }

        if (Course.Chance(0.03))
        {
            Course.Tell("redis snapshot taken");
            _snapshot = sink.TakeSnapshot();
        }

        if (_snapshot is not null && Strikes(0.003))
        {
            // A replica takes over that had not heard of the newest writes.
            Course.Fault("redis-restored");
            sink.Restore(_snapshot);
            world.Ports.Restored.UnionWith(sink.ListKeys());
            ForgetWrites();
        }

        if (Strikes(0.006) && sink.ListKeys() is { Count: > 0 } keys)
        {
            string key = keys[Course.Random.Next(keys.Count)];
            Course.Fault("redis-key-deleted", key);
            sink.LoseKey(key);
        }
    }

    private void ForgetWrites()
    {
        foreach (SimulatedShard shard in world.Shards.Values)
        {
            shard.ForgetWrites();
        }
    }

    private bool Strikes(double probability) => Course.Chance(probability * strength);

    private SimulatedNode? Any() => world.Nodes.Count == 0 ? null : world.Nodes[Course.Random.Next(world.Nodes.Count)];

    private void StartOne()
    {
        if (world.Nodes.Count < NodesMax)
        {
            world.StartNode();
        }
    }
}
