using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Plugins;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.Benchmarks.Nodes;

/// <summary>Drives the production shard; its outputs are answered at once.</summary>
internal sealed class MachineDriver : IDisposable
{
    private readonly ShardMachine _machine;
    private readonly List<ShardOutput> _outputs = [];
    private long _monotonicMs;
    private long _rowsBefore;

    public MachineDriver(EntityPlan plan, ChunkPool pool)
    {
        _machine = new ShardMachine(
            new ShardId(plan.Entity, 0),
            plan.ForShard(new PluginCallWatch()),
            new ShardOptions { MemoryBytes = long.MaxValue, CheckpointInterval = TimeSpan.FromDays(1), CheckpointBytes = long.MaxValue / 8 },
            pool);
        var header = new ShardHeader(new Epoch(1), 0, 0, ReadOnlyMemory<byte>.Empty, long.MinValue, 0, 0);
        Step(new ShardInput.Tick(0, 0));
        Step(new ShardInput.Acquired(new ShardCheckpoint(new Epoch(1), header, 0, false), new LogRange(0, 0)));
    }

    public long ApplyNs { get; private set; }

    public long TickNs { get; private set; }

    public long Rows => _machine.Counters.Rows;

    /// <summary>Rows since <see cref="BeginMeasuring"/>.</summary>
    public long MeasuredRows => Rows - _rowsBefore;

    /// <summary>CPU of applying and of ticks since <see cref="BeginMeasuring"/>.</summary>
    public double CpuNsPerRow => (ApplyNs + TickNs) / (double)MeasuredRows;

    public long Evaluations => _machine.Counters.Evaluations;

    public long Entities => _machine.Counters.Entities;

    public long EntityBytes => _machine.Counters.MemoryBytes;

    /// <summary>Counts from here.</summary>
    public void BeginMeasuring()
    {
        ApplyNs = TickNs = 0;
        _rowsBefore = Rows;
    }

    public void Apply(List<LogEntry> entries)
    {
        var input = new ShardInput.LogRead(entries);
        long began = ProcessCost.ThreadNs();
        Step(input);
        ApplyNs += ProcessCost.ThreadNs() - began;
        long ticking = ProcessCost.ThreadNs();
        _monotonicMs += 2_000;

        // A tick does a bounded piece of work; a few finish what one block of batches made due.
        for (int i = 0; i < 200; i++)
        {
            long before = _machine.Counters.Evaluations;
            Step(new ShardInput.Tick(_monotonicMs, ++_monotonicMs));
            if (_machine.Counters.Evaluations == before)
            {
                break;
            }
        }

        TickNs += ProcessCost.ThreadNs() - ticking;
    }

    public void Dispose() => _machine.Dispose();

    private void Step(ShardInput input)
    {
        var inputs = new Queue<ShardInput>();
        inputs.Enqueue(input);
        while (inputs.TryDequeue(out ShardInput? next))
        {
            _outputs.Clear();
            _machine.Step(next, _outputs);
            foreach (ShardOutput output in _outputs)
            {
                switch (output)
                {
                    case ShardOutput.RaiseFence:
                        inputs.Enqueue(new ShardInput.FenceRaised(null, 0));
                        break;
                    case ShardOutput.Publish publish:
                        inputs.Enqueue(new ShardInput.Published(publish.Batch.Batch, new SinkAnswer(SinkOutcome.Written, [])));
                        break;
                    default:
                        break;
                }
            }
        }
    }
}
