using FeatureActors.Abstractions.Ports;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.TestKit.Simulation;

/// <summary>
/// A node that owns the shard: drives the product's <see cref="ShardMachine"/> with ticks, log entries and the answers of ports, each
/// with its own delay, so that answers of different ports overtake each other.
/// </summary>
internal sealed partial class SimulatedNode : IDisposable
{
    private readonly SimulatedCourse _course;
    private readonly SimulatedDefinitions _definitions;
    private readonly SimulatedPorts _ports;
    private readonly ShardMachine _machine;
    private readonly int _delayMaxMs;
    private bool _isReading;

    public SimulatedNode(SimulatedWorld world, int number)
    {
        (_course, _definitions, _ports, Number, _delayMaxMs) = (world.Course, world.Definitions, world.Ports, number, world.DelayMaxMs);
        _machine = new ShardMachine(SimulatedPorts.Shard, _definitions.Entity, world.Options, new ChunkPool());
        MonotonicStartMs = _course.NowMs - _course.Random.Next(0, 100_000);
    }

    public int Number { get; }

    public ShardMachine Machine => _machine;

    public bool IsDead { get; private set; }

    /// <summary>True when the node did not hear that another one took over.</summary>
    public bool IsZombie { get; set; }

    public long WallOffsetMs { get; set; }

    public bool IsOver => IsDead || _machine.State is ShardState.Released or ShardState.Fenced;

    private long MonotonicStartMs { get; }

    private int Delay => _course.Random.Next(1, _delayMaxMs);

    /// <inheritdoc/>
    public void Dispose() => _machine.Dispose();

    public void Kill(string why)
    {
        if (!IsDead)
        {
            IsDead = true;
            _course.Tell($"node {Number} dies: {why}");
            _machine.Dispose();
        }
    }

    public void Acquire()
    {
        _course.After(Delay, () =>
        {
            if (IsDead)
            {
                return;
            }

            ShardCheckpoint checkpoint = _ports.Store.Acquire(SimulatedPorts.Shard, new ShardIdentity(1, "h", "l"), new ShardOwner($"n{Number}", ""));
            var log = new LogRange(0, _ports.Log.End);
            if (!_ports.Epochs.Add(checkpoint.Epoch.Value))
            {
                SimulatedCourse.Violate($"epoch {checkpoint.Epoch} was granted twice");
            }

            _course.Tell($"node {Number} acquires epoch {checkpoint.Epoch}: next offset {checkpoint.Header.NextOffset} T {checkpoint.Header.ClockMs} batch {checkpoint.Header.PublishedBatch} rows {checkpoint.EntityCount} unpublished {checkpoint.HasUnpublished}; log end {log.End}");
            Answer(new ShardInput.Acquired(checkpoint, log));
        });
    }

    public void Tick() => Step(new ShardInput.Tick(_course.NowMs + WallOffsetMs, _course.NowMs - MonotonicStartMs));

    public void Revoke() => Step(new ShardInput.Revoked());

    private void Answer(ShardInput input, bool mayRepeat = false)
    {
        _course.After(Delay, () => Step(input));
        if (mayRepeat && _course.Strikes(0.01))
        {
            _course.Fault("answer-twice", input.GetType().Name);
            _course.After(Delay * 3, () => Step(input));
        }
    }

    private void Step(ShardInput input)
    {
        if (IsDead || _machine.State is ShardState.Released or ShardState.Fenced)
        {
            return;
        }

        if (_course.IsToldTo && input is not ShardInput.Tick)
        {
            _course.Tell($"node {Number} <- {ShardTexts.Describe(input)}");
        }

        var outputs = new List<ShardOutput>();
        long before = _machine.NextOffset;
        _machine.Step(input, outputs);
        for (long offset = before; offset < _machine.NextOffset && offset >= 0; offset++)
        {
            NaiveEntry entry = _definitions.Naive.Log[(int)offset];
            entry.AppliedAtMs = Math.Max(entry.AppliedAtMs, _machine.ClockMs);
        }

        foreach (ShardOutput output in outputs)
        {
            if (_course.IsToldTo)
            {
                _course.Tell($"node {Number} -> {ShardTexts.Describe(output)}");
            }

            Take(output);
        }

        ReadLog();
    }

    private void ReadLog()
    {
        if (_isReading || !_machine.WantsLog || _machine.ReadOffset >= _ports.Log.End)
        {
            return;
        }

        _isReading = true;
        long from = _machine.ReadOffset;
        if (from > 0 && _course.Strikes(0.03))
        {
            from -= Math.Min(from, _course.Random.Next(1, 4));
            _course.Fault("log-read-twice", $"from {from}");
        }

        List<LogEntry> entries = _ports.Log.Read(from, _course.Random.Next(1, 6));
        _course.After(Delay, () =>
        {
            _isReading = false;
            Step(new ShardInput.LogRead(entries));
        });
    }
}
