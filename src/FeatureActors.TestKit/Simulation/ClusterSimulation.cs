using FeatureActors.Core.Definitions;

namespace FeatureActors.TestKit.Simulation;

/// <summary>
/// A cluster on virtual time from one seed: nodes that share source partitions and shards, the product's router, feeds, batches and shard
/// machines on them, between simulated sources, logs, checkpoint store and feature store, with faults of every kind, held to the laws of
/// ARCHITECTURE section 11. One thread.
/// </summary>
public sealed class ClusterSimulation
{
    private const long Epoch2023 = 1_700_000_000_000;

    // Two days and a bit: days with the one before them are followed to their end.
    private const long RetentionMsMax = 200_000_000;
    private const int EventsMin = 300;

    private readonly SimulatedWorld _world;
    private readonly SimulatedTraffic _traffic;
    private readonly SimulatedStorm _storm;

    private ClusterSimulation(SimulatedCourse course, SimulatedPatch patch)
    {
        _world = new SimulatedWorld(course, patch);
        _traffic = new SimulatedTraffic(_world);
        _storm = new SimulatedStorm(_world, course.Random.Next(8) switch { 0 => 0, 1 => 0.4, <= 5 => 1, _ => 2.5 });
        course.Meet(_world.IsLease ? "ownership by leases" : "ownership by a group");
        foreach (NaiveFeature feature in _world.Definitions.AllGroups.SelectMany(static g => g.Features))
        {
            course.Meet($"type {feature.Type}");
            foreach (NaiveWindow window in feature.Windows)
            {
                course.Meet($"window {window.Kind}");
            }
        }
    }

    private SimulatedCourse Course => _world.Course;

    /// <summary>Runs one seed.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="keepsStory">True to keep the story, which costs time.</param>
    public static SimulationOutcome Run(int seed, bool keepsStory = false) => Run(seed, SimulatedPatch.None, keepsStory);

    /// <summary>Runs one seed with a bug planted.</summary>
    internal static SimulationOutcome Run(int seed, SimulatedPatch patch, bool keepsStory = false)
    {
        var course = new SimulatedCourse(seed, Epoch2023 + ((long)seed * 7_919 % 100_000_000), keepsStory);
        string? violation = null;
        SimulatedLaw? law = null;
        try
        {
            var simulation = new ClusterSimulation(course, patch);
            try
            {
                simulation.RunAll();
            }
            finally
            {
                simulation._world.Free();
            }
        }
        catch (SimulationViolationException broken)
        {
            (law, violation) = (broken.Law, broken.Message);
        }
#pragma warning disable CA1031 // Whatever the engine throws is what the run is for.
        catch (Exception error)
#pragma warning restore CA1031
        {
            (law, violation) = (SimulatedLaw.Invariants, error.ToString());
        }

        return new SimulationOutcome(
            seed, violation, law, course.Story, course.Faults, course.Met, course.Moves, course.Events, course.Comparisons);
    }

    private void RunAll()
    {
        if (Course.IsToldTo)
        {
            Course.Tell(DefinitionsCatalog.TextOf(_world.Definitions.Model).ReplaceLineEndings(" "));
            Course.Tell(_world.Options.ToString());
        }

        RunStorm();
        CalmDown();
        Settle("after the storm");
        Nudge();
        PassTime();
    }

    private void RunStorm()
    {
        Course.IsStormy = _storm.IsOn;
        int events = EventsMin + Course.Random.Next(150);
        int pace = Course.Random.Next(2, 8);
        while (Course.Events < events)
        {
            for (int i = Course.Random.Next(pace + 1); i > 0; i--)
            {
                _traffic.MakeEvent();
            }

            if (Course.IsStormy)
            {
                _storm.Strike();
            }

            _world.Advance(_world.TickMs);
        }
    }

    private void CalmDown()
    {
        if (_storm.IsOn && Course.Chance(0.15))
        {
            CutPower();
        }

        Course.Tell("the faults end");
        Course.IsStormy = false;
        _world.Heal();
        if (_world.Nodes.TrueForAll(static n => n.IsLeaving))
        {
            _world.StartNode();
        }

        // What callbacks and late writes are still on their way.
        _world.AdvanceIn(28_000, 20);
        _world.Heal();

        // Some worlds lose Redis while nothing arrives any more.
        if (_storm.IsOn && Course.Chance(0.3))
        {
            _world.AdvanceIn(15_000, 30);
            Course.Fault("redis-restarted-while-idle");
            _world.Ports.Sink.LoseEverything();
            foreach (SimulatedShard shard in _world.Shards.Values)
            {
                shard.ForgetWrites();
            }
        }

        if (!_world.Definitions.IsWall)
        {
            // The end lies behind every trigger, so that nothing waits for a clock that stands still.
            _world.Source.EndMs = Course.NowMs + _world.Definitions.TriggerMaxMs + 100_000;
        }
    }

    /// <summary>
    /// All nodes end while Redis is away and no event follows: what checkpoints have and Redis has not is published by the next owners, or never.
    /// </summary>
    private void CutPower()
    {
        _world.Ports.Away |= SimulatedService.Redis;
        _world.AdvanceIn(15_000, 30);
        Course.Fault("power-cut-while-redis-is-away");
        foreach (SimulatedNode node in _world.Nodes.ToArray())
        {
            node.Kill("power cut");
            _world.StartNode();
        }
    }

    /// <summary>Lets the world come to rest and compares Redis and store with the naive model.</summary>
    private void Settle(string when)
    {
        long quietFrom = Course.NowMs + (2 * (long)_world.Options.SweepInterval.TotalMilliseconds) + _world.Definitions.TriggerMaxMs + 15_000 + (20L * _world.DelayMaxMs);
        if (_world.Definitions.TriggerMaxMs > 3_000_000)
        {
            quietFrom = Course.NowMs + _world.Definitions.TriggerMaxMs + 100_000;
        }

        long giveUp = quietFrom + 600_000 + (300L * _world.DelayMaxMs);

        // Values that age are written again and again; so are expiries, where a pass over the keys takes more ticks than its interval has.
        bool isNeverQuiet = (_world.HasAgeing && _world.Definitions.IsWall)
            || _world.Options.SweepInterval.TotalMilliseconds < 2L * _world.Keys.Count * Math.Max(_world.TickMs, 400);
        while (Course.NowMs < quietFrom || !(_world.IsQuiet || (isNeverQuiet && _world.IsAtRest && Course.NowMs > quietFrom + 60_000)))
        {
            long step = quietFrom - Course.NowMs > 200_000 ? Math.Max(20_000, (quietFrom - Course.NowMs) / 40) : Math.Max(_world.TickMs, 400);
            _world.Advance(step);
            if (Course.NowMs > giveUp)
            {
                SimulatedCourse.Violate(SimulatedLaw.Rest, $"{when}: no rest:\n{_world.Describe()}");
            }
        }

        foreach (SimulatedShard shard in _world.Shards.Values)
        {
            shard.Logs.Audit(when);
            shard.Sink.Compare(when);
            shard.Sink.RestSinceMs = shard.ClockMs;
        }
    }

    /// <summary>
    /// Single events at rest, where exits are too far apart to write what a value trigger should have: it must fire by itself, and soon.
    /// </summary>
    private void Nudge()
    {
        for (int i = 0; i < 6 && _world.Definitions.IsWall && _world.Definitions.AllGroups.Any(static g => g.IsHeld); i++)
        {
            Random random = Course.Random;
            string key = _world.Keys[random.Next(_world.Keys.Count)];
            long[] ends = [.. _world.Shards.Values.Select(static s => s.Log.End)];
            _world.Source.Add(random.Next(_world.Source.Partitions), key, Course.NowMs, random.Next(-5, 20), "xyz"[random.Next(3)].ToString(), "buy", null);
            while (!_world.IsApplied)
            {
                _world.Advance(100);
            }

            _world.AdvanceIn(700 + (5L * _world.DelayMaxMs), 7);
            foreach ((SimulatedShard shard, long end) in _world.Shards.Values.Zip(ends))
            {
                long? from = shard.Naive.Log.Skip((int)end).Max(static e => (long?)e.AppliedAtMs);
                foreach (NaiveGroup group in shard.Naive.Groups.Where(static g => g.IsHeld))
                {
                    string full = SimulatedShard.FullKey(group.Name, key);
                    if (from is { } fromMs && shard.Holds(full))
                    {
                        shard.Sink.CompareNudged(full, group, fromMs);
                    }
                }

                shard.Sink.RestSinceMs = shard.ClockMs;
            }
        }
    }

    private void PassTime()
    {
        if (!_world.Definitions.IsWall)
        {
            return;
        }

        long retention = Math.Min(_world.Definitions.RetentionMs, RetentionMsMax);
        long end = Course.NowMs + retention + 200_000;
        for (int i = 0; i < 12 && Course.NowMs < end; i++)
        {
            long leap = i < 6 ? Course.Random.Next(200, 15_000) : Math.Max(1_000, (end - Course.NowMs) / (12 - i));
            _world.AdvanceIn(leap, 6);

            // Due exits, of cold entities too, are published within a few seconds without any event.
            _world.AdvanceIn(4_000 + (30L * _world.DelayMaxMs) + (_world.ColdPassMs * 2), 60);
            Compare($"{leap} ms later");
        }

        if (_world.Definitions.RetentionMs > RetentionMsMax)
        {
            return;
        }

        _world.AdvanceIn(4_000_000, 20);
        _world.AdvanceIn(300_000, 300);
        Compare("at the end");
        Course.Comparisons++;
        foreach (SimulatedShard shard in _world.Shards.Values)
        {
            int rows = _world.Ports.Store.CountEntities(shard.Id);
            if (rows > 0 || shard.ListKeys().Count > 0 || shard.Owner!.Machine.Counters.Entities > 0)
            {
                SimulatedCourse.Violate(SimulatedLaw.Exits, $"{shard}: something is left when every window has passed: {shard.Owner!.Machine.Counters.Entities} entities in memory, {rows} rows, keys {string.Join(' ', shard.ListKeys())}");
            }
        }
    }

    private void Compare(string when)
    {
        foreach (SimulatedShard shard in _world.Shards.Values)
        {
            shard.Sink.Compare(when);
        }
    }
}
