using FeatureActors.Core.Definitions;

namespace FeatureActors.TestKit.Simulation;

/// <summary>
/// One shard on virtual time from one seed: the product's router, batches and shard machine between a simulated source, log,
/// checkpoint store and feature store, with faults of every kind, held to the laws of ARCHITECTURE section 11. One thread.
/// </summary>
public sealed class ShardSimulation
{
    private const long Epoch2023 = 1_700_000_000_000;

    // Two days and a bit: days with the one before them are followed to their end.
    private const long RetentionMsMax = 200_000_000;

    private readonly SimulatedWorld _world;
    private readonly SimulatedTraffic _traffic;
    private readonly SimulatedStorm _storm;
    private readonly SinkLaws _laws;

    private ShardSimulation(SimulatedCourse course)
    {
        _world = new SimulatedWorld(course);
        _traffic = new SimulatedTraffic(_world);
        _storm = new SimulatedStorm(_world, course.Random.Next(5) switch { 0 => 0, 1 => 0.3, 2 => 1, 3 => 1, _ => 2.5 });
        _laws = new SinkLaws(_world);
        foreach (NaiveFeature feature in _world.Definitions.Naive.Groups.SelectMany(static g => g.Features))
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
    public static SimulationOutcome Run(int seed, bool keepsStory = false)
    {
        var course = new SimulatedCourse(seed, Epoch2023 + ((long)seed * 7_919 % 100_000_000), keepsStory);
        string? violation = null;
        try
        {
            new ShardSimulation(course).RunAll();
        }
        catch (SimulationViolationException broken)
        {
            violation = broken.Message;
        }
#pragma warning disable CA1031 // Whatever the engine throws is what the run is for.
        catch (Exception error)
#pragma warning restore CA1031
        {
            violation = error.ToString();
        }

        return new SimulationOutcome(
            seed, violation, course.Story, course.Faults, course.Moves, course.Events, course.Comparisons);
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
        int ticks = Course.Random.Next(60, 400);
        int pace = Course.Random.Next(1, 5);
        for (int t = 0; t < ticks; t++)
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
        Course.Tell("the faults end");
        Course.IsStormy = false;
        _world.EndDeposedIngests();

        // Some worlds lose Redis while nothing arrives any more.
        _world.Advance(25_000);
        _world.Node.WallOffsetMs = 0;
        if (_storm.IsOn && Course.Chance(0.3))
        {
            for (int i = 0; i < 30; i++)
            {
                _world.Advance(500);
            }

            Course.Fault("redis-restarted-while-idle");
            _world.Ports.Sink.LoseEverything();
        }

        if (!_world.Definitions.IsWall)
        {
            // The end lies behind every trigger, so that nothing waits for a clock that stands still.
            _world.Source.EndMs = Course.NowMs + _world.Definitions.TriggerMaxMs + 100_000;
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
        while (Course.NowMs < quietFrom || !(_world.IsQuiet || (_world.HasAgeing && _world.Definitions.IsWall && _world.IsAtRest && Course.NowMs > quietFrom + 60_000)))
        {
            long step = quietFrom - Course.NowMs > 200_000 ? Math.Max(20_000, (quietFrom - Course.NowMs) / 40) : Math.Max(_world.TickMs, 400);
            _world.Advance(step);
            if (Course.NowMs > giveUp)
            {
                SimulatedCourse.Violate($"{when}: no rest: node {_world.Node.Number} is {_world.Node.Machine.State} at {_world.Node.Machine.NextOffset} of {_world.Ports.Log.End}, ingest idle {_world.AreIngestsIdle}, quiet {_world.Node.Machine.IsQuiet}, zombies {_world.Zombies.Count}");
            }
        }

        _laws.Compare(when);
        _laws.RestSinceMs = _world.Node.Machine.ClockMs;
    }

    /// <summary>
    /// Single events at rest, where exits are too far apart to write what a value trigger should have: it must fire by itself, and soon.
    /// </summary>
    private void Nudge()
    {
        for (int i = 0; i < 8 && _world.Definitions.IsWall && _world.Definitions.Naive.Groups.Any(static g => g.IsHeld); i++)
        {
            Random random = Course.Random;
            string key = _world.Keys[random.Next(_world.Keys.Count)];
            _world.Source.Add(random.Next(_world.Source.Partitions), key, Course.NowMs, random.Next(-5, 20), "xyz"[random.Next(3)].ToString(), "buy", null);
            while (!_world.AreIngestsIdle || _world.Node.Machine.NextOffset < _world.Ports.Log.End)
            {
                _world.Advance(100);
            }

            long from = _world.Node.Machine.ClockMs;
            _world.AdvanceIn(700 + (5L * _world.DelayMaxMs), 7);
            foreach (NaiveGroup group in _world.Definitions.Naive.Groups.Where(static g => g.IsHeld))
            {
                _laws.CompareNudged($"fa:sim:{group.Name}:{key}", group, from);
            }

            _laws.RestSinceMs = _world.Node.Machine.ClockMs;
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
            _laws.Compare($"{leap} ms later");
        }

        if (_world.Definitions.RetentionMs > RetentionMsMax)
        {
            return;
        }

        _world.AdvanceIn(4_000_000, 20);
        _world.AdvanceIn(300_000, 300);
        _laws.Compare("at the end");
        Course.Comparisons++;
        if (_world.Ports.Store.CountEntities(SimulatedPorts.Shard) > 0 || _world.Ports.Sink.ListKeys().Count > 0 || _world.Node.Machine.Counters.Entities > 0)
        {
            SimulatedCourse.Violate($"something is left when every window has passed: {_world.Node.Machine.Counters.Entities} entities in memory, {_world.Ports.Store.CountEntities(SimulatedPorts.Shard)} rows, keys {string.Join(' ', _world.Ports.Sink.ListKeys())}");
        }
    }
}
