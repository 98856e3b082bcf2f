using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Slots;
using FeatureActors.Runtime.Shards;
using FeatureActors.TestKit.Ports;

namespace FeatureActors.TestKit.Simulation;

/// <summary>What one seed showed.</summary>
/// <param name="Seed">The seed; it replays exactly.</param>
/// <param name="Violation">The law that was broken, or null.</param>
/// <param name="Story">Everything that happened; empty unless asked for.</param>
/// <param name="Faults">How often each fault happened.</param>
/// <param name="Moves">How often a shard went from one state to another.</param>
/// <param name="Events">Source events made.</param>
/// <param name="Comparisons">Groups of keys compared with the naive model.</param>
public sealed record SimulationOutcome(
    int Seed,
    string? Violation,
    IReadOnlyList<string> Story,
    IReadOnlyDictionary<string, long> Faults,
    IReadOnlyDictionary<string, long> Moves,
    long Events,
    long Comparisons);

/// <summary>
/// One shard on virtual time from one seed: the product's router, batches and shard machine between a simulated source, log,
/// checkpoint store and feature store, with faults of every kind, held to the laws of ARCHITECTURE section 11. One thread.
/// </summary>
public sealed class ShardSimulation
{
    private const long Epoch2023 = 1_700_000_000_000;

    private readonly SimulatedWorld _world;
    private readonly SimulatedDefinitions _definitions;
    private readonly SimulatedSource _source;
    private readonly SimulatedPorts _ports;
    private readonly SimulatedIngest[] _ingests;
    private readonly List<SimulatedIngest> _zombieIngests = [];
    private readonly List<SimulatedNode> _zombies = [];
    private readonly List<string> _keys;
    private readonly List<SimulatedEvent> _told = [];
    private readonly ShardOptions _options;
    private readonly double _storm;
    private readonly int _delayMaxMs;
    private readonly int _tickMs;
    private readonly HashSet<string> _restored = new(StringComparer.Ordinal);
    private SimulatedNode _node;
    private InMemorySinkSnapshot? _snapshot;
    private long _restartAtMs = long.MaxValue;
    private int _nodes;
    private long _restSinceMs;

    private ShardSimulation(int seed, bool keepsStory)
    {
        _world = new SimulatedWorld(seed, Epoch2023 + ((long)seed * 7_919 % 100_000_000), keepsStory);
        Random random = _world.Random;
        int partitions = random.Next(1, 4);
        _definitions = SimulatedDefinitions.Random(random, partitions);
        _source = new SimulatedSource(partitions);
        _ports = new SimulatedPorts(_world, _definitions) { Committed = CheckCheckpoint };
        _ingests = [.. Enumerable.Range(0, partitions).Select(p => NewIngest(p, 0))];
        _keys = [.. Enumerable.Range(0, random.Next(1, 9)).Select(static k => $"k{k}")];
        _options = RandomOptions(random);
        _storm = random.Next(5) switch { 0 => 0, 1 => 0.3, 2 => 1, 3 => 1, _ => 2.5 };
        _delayMaxMs = random.Next(3) switch { 0 => 3, 1 => 60, _ => 1_500 };
        _tickMs = random.Next(3) switch { 0 => 50, 1 => 200, _ => 700 };
        _node = NewNode();
    }

    /// <summary>Runs one seed.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="keepsStory">True to keep the story, which costs time.</param>
    public static SimulationOutcome Run(int seed, bool keepsStory = false)
    {
        var simulation = new ShardSimulation(seed, keepsStory);
        string? violation = null;
        try
        {
            simulation.RunAll();
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

        SimulatedWorld world = simulation._world;
        return new SimulationOutcome(
            seed, violation, world.Story, world.Faults, world.Moves, world.Events, world.Comparisons);
    }

    private static ShardOptions RandomOptions(Random random) => new()
    {
        CheckpointInterval = TimeSpan.FromMilliseconds(random.Next(500, 8_000)),
        CheckpointBytes = random.Next(3) == 0 ? random.Next(200, 3_000) : 1_000_000,
        MemoryBytes = random.Next(2) == 0 ? 1 : 1_000_000,
        PassivateAfter = TimeSpan.FromSeconds(random.Next(1, 60)),
        SweepInterval = TimeSpan.FromSeconds(random.Next(5, 30)),
        SweepKeysPerSecond = random.Next(2) == 0 ? 5 : 1_000,
        RewriteKeysPerSecond = random.Next(2) == 0 ? 5 : 1_000,
        RingBytes = random.Next(3) switch { 0 => 0, 1 => 60_000, _ => 1_000_000 },
        ReadLimit = random.Next(2) == 0 ? random.Next(1, 4) : 500,
        LoadLimit = random.Next(2) == 0 ? 1 : 2_000,
        PendingBytes = random.Next(2) == 0 ? 1 : 1_000_000,
    };

    private void RunAll()
    {
        if (_world.IsToldTo)
        {
            _world.Tell(DefinitionsCatalog.TextOf(_definitions.Model).ReplaceLineEndings(" "));
            _world.Tell(_options.ToString());
        }

        RunStorm();
        CalmDown();
        Settle("after the storm");
        Nudge();
        PassTime();
    }

    private void RunStorm()
    {
        _world.IsStormy = _storm > 0;
        int ticks = _world.Random.Next(60, 400);
        int pace = _world.Random.Next(1, 5);
        for (int t = 0; t < ticks; t++)
        {
            for (int i = _world.Random.Next(pace + 1); i > 0; i--)
            {
                MakeEvent();
            }

            if (_world.IsStormy)
            {
                Strike();
            }

            Advance(_tickMs);
        }
    }

    private void Advance(long ms)
    {
        _world.RunTo(_world.NowMs + ms);
        foreach (SimulatedIngest ingest in _ingests.Concat(_zombieIngests))
        {
            ingest.Step();
        }

        if (_node.IsOver && _restartAtMs == long.MaxValue)
        {
            _restartAtMs = _world.NowMs + _world.Random.Next(10, _world.IsStormy && _world.Chance(0.2) ? 20_000 : 3_000);
        }

        if (_world.NowMs >= _restartAtMs)
        {
            _restartAtMs = long.MaxValue;
            _node = NewNode();
        }

        _node.Tick();
        foreach (SimulatedNode zombie in _zombies)
        {
            zombie.Tick();
        }

        _zombies.RemoveAll(static z => z.IsOver);
    }

    private void MakeEvent()
    {
        Random random = _world.Random;
        int partition = random.Next(_source.Partitions);
        int rank = (int)(_keys.Count * Math.Pow(random.NextDouble(), 2));
        long time = _world.NowMs + random.Next(12) switch
        {
            0 => -random.Next(600_000),
            1 => -random.Next(20_000),
            2 => random.Next(90_000),
            _ => -random.Next(300),
        };
        time = random.Next(6) == 0 ? time / 1000 * 1000 : time;
        _world.Events++;
        if (_definitions.Retracts && random.Next(5) == 0)
        {
            TakeBack(partition, time);
            return;
        }

        if (_told.Count > 0 && random.Next(8) == 0)
        {
            // The same happening told again, perhaps in another partition.
            SimulatedEvent told = _told[random.Next(Math.Max(0, _told.Count - 40), _told.Count)];
            _source.Add(partition, told.Key, told.TimeMs, told.Value, told.Category, told.Action, told.Id);
            return;
        }

        string? id = random.Next(2) == 0 ? null : $"e{_told.Count}";
        SimulatedEvent made = _source.Add(
            partition, _keys[rank], time,
            random.Next(5) == 0 ? null : random.Next(-5, 20),
            random.Next(6) == 0 ? null : "xyzuvw"[random.Next(6)].ToString(),
            random.Next(3) == 0 ? "buy" : "view",
            id);
        if (id is not null)
        {
            _told.Add(made);
        }
    }

    /// <summary>An event that takes an earlier one back, or one that is told only later.</summary>
    private void TakeBack(int partition, long timeMs)
    {
        Random random = _world.Random;
        if (_told.Count > 0 && random.Next(4) != 0)
        {
            SimulatedEvent told = _told[random.Next(Math.Max(0, _told.Count - 40), _told.Count)];
            _source.Add(partition, told.Key, told.TimeMs, told.Value, told.Category, told.Action, told.Id, isRetraction: true);
            return;
        }

        _world.Fault("retraction-first");
        string id = $"r{_world.Events}";
        SimulatedEvent undo = _source.Add(
            partition, _keys[random.Next(_keys.Count)], timeMs, random.Next(-5, 20), "xyz"[random.Next(3)].ToString(), "buy", id, isRetraction: true);
        _world.After(random.Next(1, 5_000), () =>
            _source.Add(random.Next(_source.Partitions), undo.Key, undo.TimeMs, undo.Value, undo.Category, undo.Action, undo.Id));
    }

    private SimulatedNode NewNode()
    {
        var node = new SimulatedNode(_world, _definitions, _ports, _options, ++_nodes, _delayMaxMs);
        node.Acquire();
        return node;
    }

    private SimulatedIngest NewIngest(int partition, long from) =>
        new(_world, _definitions, _source, _ports.Log, partition, from);

    private void Strike()
    {
        if (Strikes(0.006))
        {
            _world.Fault("crash");
            _node.Kill("crash");
        }

        if (Strikes(0.004) && !_node.IsOver)
        {
            _world.Fault("second-owner");
            _zombies.Add(_node);
            _node.IsZombie = true;
            _node = NewNode();
        }

        if (Strikes(0.003) && !_node.IsOver)
        {
            _world.Fault("revoke");
            _node.Revoke();
            if (_world.Chance(0.3))
            {
                _world.Fault("revoke-twice");
                _node.Revoke();
            }
        }

        if (Strikes(0.003) && !_ports.IsDiskFull)
        {
            _ports.IsDiskFull = true;
            _world.Tell("the disk is full");
            _world.After(_world.Random.Next(1_000, 15_000), () => _ports.IsDiskFull = false);
        }

        if (Strikes(0.003))
        {
            JumpClock();
        }

        StrikeSink();
        StrikeIngest();
    }

    private bool Strikes(double probability) => _world.Chance(probability * _storm);

    private void JumpClock()
    {
        long by = _world.Chance(0.5) ? 3_600_000 : -3_600_000;
        _world.Fault(by > 0 ? "clock-forward" : "clock-backward");
        SimulatedNode node = _node;
        node.WallOffsetMs += by;
        _world.After(_world.Random.Next(500, 20_000), () => node.WallOffsetMs = 0);
    }

    private void StrikeSink()
    {
        if (Strikes(0.004) && !_ports.IsSinkAway)
        {
            _world.Fault("redis-away");
            _ports.IsSinkAway = true;
            _world.After(_world.Random.Next(500, 20_000), () =>
            {
                _ports.IsSinkAway = false;
                _world.Tell("redis is back");
            });
        }

        if (Strikes(0.003))
        {
            _world.Fault("redis-emptied");
            _ports.Sink.LoseEverything();
        }

        if (Strikes(0.002))
        {
            _world.Fault("redis-fence-lost");
            _ports.Sink.LoseFence(SimulatedPorts.Shard);
        }

        if (_world.Chance(0.02))
        {
            _world.Tell("redis snapshot taken");
            _snapshot = _ports.Sink.TakeSnapshot();
        }

        if (_snapshot is not null && Strikes(0.003))
        {
            _world.Fault("redis-restored");
            _ports.Sink.Restore(_snapshot);
            _restored.UnionWith(_ports.Sink.ListKeys());
        }

        if (Strikes(0.006) && _ports.Sink.ListKeys() is { Count: > 0 } keys)
        {
            string key = keys[_world.Random.Next(keys.Count)];
            _world.Fault("redis-key-deleted", key);
            _ports.Sink.LoseKey(key);
        }
    }

    private void StrikeIngest()
    {
        if (!Strikes(0.004))
        {
            return;
        }

        int partition = _world.Random.Next(_ingests.Length);
        SimulatedIngest old = _ingests[partition];
        long saved = Math.Max(0, old.Acknowledged - _world.Random.Next(0, 6));
        if (_world.Chance(0.5))
        {
            _world.Fault("ingest-zombie");
            _zombieIngests.Add(old);
            _world.After(_world.Random.Next(500, 10_000), () => old.IsDead = true);
        }
        else
        {
            _world.Fault("ingest-crash");
            old.IsDead = true;
        }

        _ingests[partition] = NewIngest(partition, saved);
    }

    private void CalmDown()
    {
        _world.Tell("the faults end");
        _world.IsStormy = false;
        foreach (SimulatedIngest ingest in _zombieIngests)
        {
            ingest.IsDead = true;
        }

        // Some worlds lose Redis while nothing arrives any more.
        Advance(25_000);
        _node.WallOffsetMs = 0;
        if (_storm > 0 && _world.Chance(0.3))
        {
            for (int i = 0; i < 30; i++)
            {
                Advance(500);
            }

            _world.Fault("redis-restarted-while-idle");
            _ports.Sink.LoseEverything();
        }

        if (!_definitions.IsWall)
        {
            // The end lies behind every trigger, so that nothing waits for a clock that stands still.
            _source.EndMs = _world.NowMs + _definitions.TriggerMaxMs + 100_000;
        }
    }

    /// <summary>Lets the world come to rest and compares Redis and store with the naive model.</summary>
    private void Settle(string when)
    {
        long quietFrom = _world.NowMs + (2 * (long)_options.SweepInterval.TotalMilliseconds) + _definitions.TriggerMaxMs + 15_000 + (20L * _delayMaxMs);
        if (_definitions.TriggerMaxMs > 3_000_000)
        {
            quietFrom = _world.NowMs + _definitions.TriggerMaxMs + 100_000;
        }

        long giveUp = quietFrom + 600_000 + (300L * _delayMaxMs);
        while (_world.NowMs < quietFrom || !IsQuiet)
        {
            long step = quietFrom - _world.NowMs > 200_000 ? 20_000 : Math.Max(_tickMs, 400);
            Advance(step);
            if (_world.NowMs > giveUp)
            {
                SimulatedWorld.Violate($"{when}: no rest: node {_node.Number} is {_node.Machine.State} at {_node.Machine.NextOffset} of {_ports.Log.End}, ingest idle {_ingests.All(static i => i.IsIdle)}, quiet {_node.Machine.IsQuiet}, zombies {_zombies.Count}");
            }
        }

        Compare(when);
        _restSinceMs = _node.Machine.ClockMs;
    }

    /// <summary>
    /// Single events at rest, where exits are too far apart to write what a value trigger should have: it must fire by itself, and soon.
    /// </summary>
    private void Nudge()
    {
        for (int i = 0; i < 8 && _definitions.IsWall && _definitions.Naive.Groups.Any(static g => g.IsHeld); i++)
        {
            Random random = _world.Random;
            string key = _keys[random.Next(_keys.Count)];
            _source.Add(random.Next(_source.Partitions), key, _world.NowMs, random.Next(-5, 20), "xyz"[random.Next(3)].ToString(), "buy", null);
            while (!_ingests.All(static x => x.IsIdle) || _node.Machine.NextOffset < _ports.Log.End)
            {
                Advance(100);
            }

            long from = _node.Machine.ClockMs;
            AdvanceIn(700 + (5L * _delayMaxMs), 7);
            foreach (NaiveGroup group in _definitions.Naive.Groups.Where(static g => g.IsHeld))
            {
                CompareNudged($"fa:sim:{group.Name}:{key}", group, from);
            }

            _restSinceMs = _node.Machine.ClockMs;
        }
    }

    private void CompareNudged(string key, NaiveGroup group, long from)
    {
        NaiveModel naive = _definitions.Naive;
        if (naive.Evaluate(_ports.Log.End, from).GetValueOrDefault(key) is not { } then
            || naive.Evaluate(_ports.Log.End, _node.Machine.ClockMs).GetValueOrDefault(key) is not { } now || !AreSame(then, now))
        {
            return;
        }

        _world.Comparisons++;
        _world.Fault("value-trigger-judged");
        IReadOnlyDictionary<string, string>? hash = _ports.Sink.TryRead(key);
        if (group.ValueTriggers.Any(t => t.Fires(now, hash)))
        {
            SimulatedWorld.Violate($"an event at rest: {key}: {group.ValueTriggers[0]} should have fired\n  now     {NaiveModel.Show(now)}\n  written {NaiveModel.Show(hash)}");
        }
    }

    private bool IsQuiet => _zombies.Count == 0 && _ingests.All(static i => i.IsIdle)
        && _node.Machine.State == ShardState.Running && _node.Machine.NextOffset == _ports.Log.End && _node.Machine.IsQuiet;

    private void PassTime()
    {
        if (!_definitions.IsWall)
        {
            return;
        }

        long retention = Math.Min(_definitions.RetentionMs, 30_000_000);
        long end = _world.NowMs + retention + 200_000;
        for (int i = 0; i < 12 && _world.NowMs < end; i++)
        {
            long leap = i < 6 ? _world.Random.Next(200, 15_000) : Math.Max(1_000, (end - _world.NowMs) / (12 - i));
            AdvanceIn(leap, 6);

            // Due exits, of cold entities too, are published within a few seconds without any event.
            AdvanceIn(4_000 + (30L * _delayMaxMs) + (ColdPassMs * 2), 60);
            Compare($"{leap} ms later");
        }

        if (_definitions.RetentionMs > 30_000_000)
        {
            return;
        }

        AdvanceIn(4_000_000, 20);
        AdvanceIn(300_000, 300);
        Compare("at the end");
        _world.Comparisons++;
        if (_ports.Store.CountEntities(SimulatedPorts.Shard) > 0 || _ports.Sink.ListKeys().Count > 0 || _node.Machine.Counters.Entities > 0)
        {
            SimulatedWorld.Violate($"something is left when every window has passed: {_node.Machine.Counters.Entities} entities in memory, {_ports.Store.CountEntities(SimulatedPorts.Shard)} rows, keys {string.Join(' ', _ports.Sink.ListKeys())}");
        }
    }

    // With reads of one entity a tick, the pass under way and the one behind it.
    private long ColdPassMs => _keys.Count * ((2L * _delayMaxMs) + (3L * Math.Max(_tickMs, 400)));

    private void AdvanceIn(long ms, int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            Advance(Math.Max(1, ms / steps));
        }
    }

    private void Compare(string when)
    {
        long now = _node.Machine.ClockMs;
        long settled = _definitions.IsWall ? now - BoundMs : now;
        Dictionary<string, Dictionary<string, string>?> expected = _definitions.Naive.Evaluate(_ports.Log.End, now);
        Dictionary<string, Dictionary<string, string>?> earlier = _definitions.Naive.Evaluate(_ports.Log.End, settled);
        IReadOnlyList<string> found = _ports.Sink.ListKeys();
        foreach (string key in found.Except(expected.Keys))
        {
            // A key that an older snapshot brought back after its entity and its owner were gone leaves by its expiry.
            if ((!_restored.Contains(key) || _nodes < 2) && !IsAsOfItsTime(key, earlier, settled))
            {
                SimulatedWorld.Violate($"{when}: T {now}: {key} is in Redis and should not be: {NaiveModel.Show(_ports.Sink.TryRead(key))}");
            }
        }

        foreach ((string key, Dictionary<string, string>? fields) in expected)
        {
            if (fields is null)
            {
                continue;
            }

            _world.Comparisons++;
            if (GroupOf(key).IsHeld)
            {
                CompareHeld(when, key, fields, earlier, settled);
                continue;
            }

            IReadOnlyDictionary<string, string>? hash = _ports.Sink.TryRead(key);
            if ((hash is null || !AreSame(fields, hash)) && !IsAsOfItsTime(key, earlier, settled))
            {
                SimulatedWorld.Violate($"{when}: T {now}: {key}\n  expected {NaiveModel.Show(fields)}\n  found    {NaiveModel.Show(hash)}");
            }
        }
    }

    // Ticks, a look a second for cold entities that are due, and answers to read, publish and acknowledge.
    private long BoundMs => 2_000 + _definitions.JitterMaxMs + (3L * _tickMs) + (12L * _delayMaxMs) + ColdPassMs;

    /// <summary>True when the key is right at its own <c>_v</c> and no value changed from there to <paramref name="settledMs"/>.</summary>
    private bool IsAsOfItsTime(string key, Dictionary<string, Dictionary<string, string>?> earlier, long settledMs)
    {
        IReadOnlyDictionary<string, string>? hash = _ports.Sink.TryRead(key);
        if (!earlier.TryGetValue(key, out Dictionary<string, string>? fields))
        {
            return hash is null || long.Parse(hash["_t"], CultureInfo.InvariantCulture) > settledMs;
        }

        if (hash is null)
        {
            return false;
        }

        if (GroupOf(key).IsHeld)
        {
            // It was there when everything was settled, and is on its way out.
            return true;
        }

        (long end, long time) = VersionOf(hash);
        return _definitions.Naive.Evaluate(end, time).TryGetValue(key, out Dictionary<string, string>? then)
            && (then is null || AreSame(then, hash)) && (time > settledMs || fields is null || AreSame(fields, hash));
    }

    /// <summary>The log position and T that a hash says it was evaluated at.</summary>
    private static (long End, long TimeMs) VersionOf(IReadOnlyDictionary<string, string> hash)
    {
        string[] version = hash["_v"].Split('-');
        return (long.Parse(version[0], CultureInfo.InvariantCulture), long.Parse(version[1], CultureInfo.InvariantCulture));
    }

    private NaiveGroup GroupOf(string key) => _definitions.Naive.Groups.First(g => key.StartsWith($"fa:sim:{g.Name}:", StringComparison.Ordinal));

    /// <summary>
    /// Where only values decide: what stands in Redis is what was true at its own log position and T; no trigger should have fired for
    /// what is true now; and nothing entered or left a window unwritten since the world came to rest.
    /// </summary>
    private void CompareHeld(
        string when, string key, Dictionary<string, string> now, Dictionary<string, Dictionary<string, string>?> earlier, long settledMs)
    {
        if (!earlier.TryGetValue(key, out Dictionary<string, string>? settled) || settled is null)
        {
            return;
        }

        IReadOnlyDictionary<string, string>? hash = _ports.Sink.TryRead(key);
        long from = _restSinceMs;
        if (hash is not null)
        {
            (long end, long time) = VersionOf(hash);
            from = Math.Max(from, time);
            Dictionary<string, Dictionary<string, string>?> then = _definitions.Naive.Evaluate(end, time);
            if (!then.TryGetValue(key, out Dictionary<string, string>? fields) || (fields is not null && !AreSame(fields, hash)))
            {
                SimulatedWorld.Violate($"{when}: {key} as of its own {hash["_v"]}\n  expected {NaiveModel.Show(fields)}\n  found    {NaiveModel.Show(hash)}");
            }
        }

        if (AreSame(settled, now) && GroupOf(key).ValueTriggers.Any(t => t.Fires(settled, hash)))
        {
            SimulatedWorld.Violate($"{when}: {key}: {GroupOf(key).ValueTriggers[0]} should have fired\n  now     {NaiveModel.Show(settled)}\n  written {NaiveModel.Show(hash)}");
        }

        if (_restSinceMs > 0 && from < settledMs && _definitions.Naive.Evaluate(_ports.Log.End, from).GetValueOrDefault(key) is { } before
            && !AreSame(before, settled) && (hash is null || !AreSame(settled, hash)))
        {
            // What never was written may leave without a write.
            SimulatedWorld.Violate($"{when}: {key}: an exit was not written\n  at {from} {NaiveModel.Show(before)}\n  at {settledMs} {NaiveModel.Show(settled)}\n  found {NaiveModel.Show(hash)}");
        }
    }

    /// <summary>A committed checkpoint must equal the fold of the log below its next offset.</summary>
    private void CheckCheckpoint(CheckpointWrite write)
    {
        ShardHeader header = write.Header;
        if (!_definitions.IsWall && header.ClockMs != _definitions.Naive.EventClock(header.NextOffset))
        {
            SimulatedWorld.Violate($"checkpoint {header.CheckpointId}: T {header.ClockMs}, the log says {_definitions.Naive.EventClock(header.NextOffset)}");
        }

        if (header.ClockMs == long.MinValue)
        {
            return;
        }

        Dictionary<string, Dictionary<string, string>?> expected = _definitions.Naive.Evaluate(header.NextOffset, header.ClockMs);
        var layout = new EntityLayout(_definitions.Entity);
        var block = new EntityBlock(layout, new ArrayBlockMemory());
        var evaluator = new GroupEvaluator(layout, block);
        var values = new GroupValues();
        foreach (StoredEntity entity in _ports.Store.ListEntities(SimulatedPorts.Shard))
        {
            block.Load(entity.State.Span);
            for (int g = 0; g < _definitions.Entity.Groups.Count; g++)
            {
                evaluator.Evaluate(g, header.ClockMs, values);
                string key = $"fa:sim:{_definitions.Entity.Groups[g].Name}:{Encoding.UTF8.GetString(entity.Key.Span)}";
                CompareStored(header, key, expected, values, g);
                expected.Remove(key);
            }
        }

        if (expected.FirstOrDefault(static e => e.Value is not null).Key is { } missing)
        {
            SimulatedWorld.Violate($"checkpoint {header.CheckpointId} at {header.NextOffset}, T {header.ClockMs}: {missing} is missing, expected {NaiveModel.Show(expected[missing])}");
        }
    }

    private void CompareStored(
        ShardHeader header, string key, Dictionary<string, Dictionary<string, string>?> expected, GroupValues values, int group)
    {
        bool isExpected = expected.TryGetValue(key, out Dictionary<string, string>? fields);
        if (isExpected && fields is null)
        {
            return;
        }

        _world.Comparisons++;
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int f = 0; f < values.Count; f++)
        {
            if (values.Fields[f].Kind != FeatureValueKind.Absent)
            {
                found.Add(_definitions.Entity.Groups[group].Fields[f].Name, Encoding.UTF8.GetString(values.Text(f)));
            }
        }

        if (isExpected != values.IsAlive || (isExpected && !AreSame(fields!, found)))
        {
            SimulatedWorld.Violate($"checkpoint {header.CheckpointId} at {header.NextOffset}, T {header.ClockMs}: {key}\n  expected {NaiveModel.Show(isExpected ? fields : null)}\n  stored   {(values.IsAlive ? NaiveModel.Show(found) : "nothing")}");
        }
    }

    private static bool AreSame(Dictionary<string, string> expected, IReadOnlyDictionary<string, string> found)
    {
        int fields = 0;
        foreach ((string name, string value) in found)
        {
            if (name.StartsWith('_'))
            {
                continue;
            }

            fields++;
            if (!expected.TryGetValue(name, out string? wanted) || (wanted != value && !AreClose(wanted, value)))
            {
                return false;
            }
        }

        return fields == expected.Count;
    }

    private static bool AreClose(string left, string right) =>
        double.TryParse(left, NumberStyles.Float, CultureInfo.InvariantCulture, out double a)
        && double.TryParse(right, NumberStyles.Float, CultureInfo.InvariantCulture, out double b)
        && Math.Abs(a - b) <= 1e-9 * Math.Max(Math.Abs(a), Math.Abs(b));
}
