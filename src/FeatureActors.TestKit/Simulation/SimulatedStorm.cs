using FeatureActors.TestKit.Ports;

namespace FeatureActors.TestKit.Simulation;

/// <summary>The faults of a world.</summary>
/// <param name="world">What they happen to.</param>
/// <param name="strength">How often; 0 for never.</param>
internal sealed class SimulatedStorm(SimulatedWorld world, double strength)
{
    private InMemorySinkSnapshot? _snapshot;

    /// <summary>True when there are any.</summary>
    public bool IsOn => strength > 0;

    /// <summary>Lets every fault happen with its own small probability.</summary>
    public void Strike()
    {
        if (Strikes(0.006))
        {
            world.Course.Fault("crash");
            world.Node.Kill("crash");
        }

        if (Strikes(0.004) && !world.Node.IsOver)
        {
            world.Course.Fault("second-owner");
            world.TakeOver();
        }

        if (Strikes(0.003) && !world.Node.IsOver)
        {
            world.Course.Fault("revoke");
            world.Node.Revoke();
            if (world.Course.Chance(0.3))
            {
                world.Course.Fault("revoke-twice");
                world.Node.Revoke();
            }
        }

        if (Strikes(0.003) && !world.Ports.IsDiskFull)
        {
            world.Ports.IsDiskFull = true;
            world.Course.Tell("the disk is full");
            world.Course.After(world.Course.Random.Next(1_000, 15_000), () => world.Ports.IsDiskFull = false);
        }

        if (Strikes(0.003))
        {
            JumpClock();
        }

        StrikeSink();
        StrikeIngest();
    }

    private bool Strikes(double probability) => world.Course.Chance(probability * strength);

    private void JumpClock()
    {
        long by = world.Course.Chance(0.5) ? 3_600_000 : -3_600_000;
        world.Course.Fault(by > 0 ? "clock-forward" : "clock-backward");
        SimulatedNode node = world.Node;
        node.WallOffsetMs += by;
        world.Course.After(world.Course.Random.Next(500, 20_000), () => node.WallOffsetMs = 0);
    }

    private void StrikeSink()
    {
        if (Strikes(0.004) && !world.Ports.IsSinkAway)
        {
            world.Course.Fault("redis-away");
            world.Ports.IsSinkAway = true;
            world.Course.After(world.Course.Random.Next(500, 20_000), () =>
            {
                world.Ports.IsSinkAway = false;
                world.Course.Tell("redis is back");
            });
        }

        if (Strikes(0.003))
        {
            world.Course.Fault("redis-emptied");
            world.Ports.Sink.LoseEverything();
        }

        if (Strikes(0.002))
        {
            world.Course.Fault("redis-fence-lost");
            world.Ports.Sink.LoseFence(SimulatedPorts.Shard);
        }

        if (world.Course.Chance(0.02))
        {
            world.Course.Tell("redis snapshot taken");
            _snapshot = world.Ports.Sink.TakeSnapshot();
        }

        if (_snapshot is not null && Strikes(0.003))
        {
            world.Course.Fault("redis-restored");
            world.Ports.Sink.Restore(_snapshot);
            world.Restored.UnionWith(world.Ports.Sink.ListKeys());
        }

        if (Strikes(0.006) && world.Ports.Sink.ListKeys() is { Count: > 0 } keys)
        {
            string key = keys[world.Course.Random.Next(keys.Count)];
            world.Course.Fault("redis-key-deleted", key);
            world.Ports.Sink.LoseKey(key);
        }
    }

    private void StrikeIngest()
    {
        if (!Strikes(0.004))
        {
            return;
        }

        int partition = world.Course.Random.Next(world.Ingests.Length);
        long saved = Math.Max(0, world.Ingests[partition].Acknowledged - world.Course.Random.Next(0, 6));
        bool goesOn = world.Course.Chance(0.5);
        world.Course.Fault(goesOn ? "ingest-zombie" : "ingest-crash");
        world.ReplaceIngest(partition, saved, goesOn ? world.Course.Random.Next(500, 10_000) : 0);
    }
}
