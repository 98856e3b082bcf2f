using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Benchmarks.Limits;
using FeatureActors.Benchmarks.Nodes;
using FeatureActors.Benchmarks.Reports;
using FeatureActors.Benchmarks.Streams;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Plugins;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Ingest;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.Benchmarks;

/// <summary>
/// Rows into one shard in memory. Event time moves on by one window's length per pass; the pass that is measured comes after one
/// that fills the windows, so slots leave as fast as they come. Between two blocks of batches the shard gets a tick, whose cost (evaluation,
/// publishing to nobody) is measured apart.
/// </summary>
internal static class ApplyBenchmark
{
    private const int Blocks = 50;

    // Asks for the table of key counts and windows alone.
    private const string Sizes = "sizes";
    private static readonly int[] KeyCounts = [1_000, 10_000, 100_000, 1_000_000];
    private static readonly (string Name, long Ms)[] WindowSizes =
        [("1h", 3_600_000), ("1d", 86_400_000), ("7d", 7 * 86_400_000L), ("30d", 30 * 86_400_000L)];

    /// <summary>Runs it.</summary>
    public static void Run(BenchOptions options)
    {
        options = options with { Events = options.Events > 0 ? options.Events : 2_000_000 };
        var report = new BenchReport("apply", options);
        IEnumerable<string> profiles = options.Profiles.Count > 0
            ? options.Profiles
            : [Profile.Simple, Profile.Rich, .. Profile.Features.Keys];
        foreach (string profile in profiles.Where(static p => p != Sizes))
        {
            Measure(report, options, profile, profile, 100_000, null, 7 * 86_400_000L);
        }

        if (options.Profiles.Count == 0 || options.Profiles.Contains(Sizes))
        {
            foreach (int keys in options.Keys > 0 ? [options.Keys] : KeyCounts)
            {
                foreach ((string window, long ms) in WindowSizes)
                {
                    Measure(report, options, $"count over {window}, {keys:N0} keys", "count", keys, $"[{window}]", ms);
                }
            }
        }

        report.Finish();
    }

    private static void Measure(BenchReport report, BenchOptions options, string row, string profile, int keys, string? windows, long spanMs)
    {
        var runs = new List<(string, double)[]>();
        for (int run = 0; run < options.Runs; run++)
        {
            runs.Add(MeasureOnce(options, profile, options.Keys > 0 ? options.Keys : keys, windows, spanMs, (ulong)run + 1));
        }

        report.AddMedians(row, runs);
    }

    private static (string, double)[] MeasureOnce(BenchOptions options, string profile, int keys, string? windows, long spanMs, ulong seed)
    {
        DefinitionsPlan plan = Profile.Plan(new ProfileOptions(profile)
        {
            Shards = 1,
            IsEventClock = true,
            Windows = windows,
        });
        var packer = new Packer(plan.Sources[0], new EventStream(keys, isUniform: false, seed));
        using var machine = new MachineDriver(plan.Entities[0].ForShard(new PluginCallWatch()));
        var slab = new SlabCounter(keys);
        var batchSlab = new SlabCounter(keys);
        var reader = new BatchReader([]);
        long start = 1_760_000_000_000;
        long events = Math.Max(options.Events, keys);

        // One pass fills, the second is measured.
        for (int pass = 0; pass < 2; pass++)
        {
            machine.ApplyNs = machine.TickNs = 0;
            long rows = machine.Rows;
            long evaluations = machine.Evaluations;
            long slabNs = 0;
            long batchSlabNs = 0;
            for (int block = 0; block < Blocks; block++)
            {
                long from = (long)(((pass * Blocks) + block) / (double)Blocks * spanMs);
                (List<LogEntry> entries, List<byte[]> order) = packer.Pack(events / Blocks, start + from, spanMs / Blocks);
                machine.Apply(entries);

                // In turn with the shard, so that both meet the same machine.
                long began = ProcessCost.ThreadNs();
                foreach (byte[] key in order)
                {
                    slab.Add(key);
                }

                slabNs += ProcessCost.ThreadNs() - began;

                // The same, but the keys are found where the shard finds them: in batches.
                began = ProcessCost.ThreadNs();
                foreach (LogEntry entry in entries)
                {
                    AddBatch(batchSlab, reader, entry);
                }

                batchSlabNs += ProcessCost.ThreadNs() - began;
            }

            rows = machine.Rows - rows;
            if (pass == 1)
            {
                return
                [
                    ("ratio to slab", machine.ApplyNs / (double)slabNs),
                    ("ratio to slab fed by batches", machine.ApplyNs / (double)batchSlabNs),
                    ("apply ns per row", machine.ApplyNs / (double)rows),
                    ("slab ns per row", slabNs / (double)rows),
                    ("slab fed by batches ns per row", batchSlabNs / (double)rows),
                    ("tick ns per evaluation", machine.TickNs / (double)Math.Max(1, machine.Evaluations - evaluations)),
                    ("evaluations per row", (machine.Evaluations - evaluations) / (double)rows),
                    ("bytes per entity", machine.EntityBytes / (double)Math.Max(1, machine.Entities)),
                ];
            }
        }

        throw new InvalidOperationException("no pass was measured");
    }

    private static void AddBatch(SlabCounter slab, BatchReader reader, in LogEntry entry)
    {
        reader.Open(entry.Batch);
        RowHead head = default;
        int position = reader.FirstRow;
        for (int i = 0; i < reader.Count; i++)
        {
            reader.ReadHead(position, ref head);
            slab.Add(reader.KeyOf(head));
            position = head.End;
        }
    }

    /// <summary>Makes log entries of events, outside what is measured.</summary>
    private sealed class Packer(IngestPlan plan, EventStream stream) : IRowTarget
    {
        private const int BatchBytes = 64 * 1024;

        private readonly EventRouter _router = new(plan);
        private readonly RoutePlan _route = plan.Routes[0];
        private readonly BatchWriter _writer = new();
        private List<byte[]> _keys = [];
        private long _offset;
        private long _entry;

        public (List<LogEntry> Entries, List<byte[]> Keys) Pack(long events, long startMs, long spanMs)
        {
            var entries = new List<LogEntry>();
            _keys = [];
            _writer.Begin(plan.Source, _offset, startMs, _route.Columns);
            for (long i = 0; i < events; i++)
            {
                long time = startMs + (i * spanMs / events);
                _router.Route(stream.Next(time).Span, time, this);
                _offset++;
                if (_writer.Length >= BatchBytes || i == events - 1)
                {
                    var header = new BatchHeader(plan.DefinitionsVersion, 0, plan.Source, 0, 1, 0, _offset - 1, time, false, startMs);
                    entries.Add(new LogEntry(_entry++, _writer.Complete(header).ToArray()));
                    _writer.Begin(plan.Source, _offset, startMs, _route.Columns);
                }
            }

            return (entries, _keys);
        }

        public void Add(int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row)
        {
            _writer.Add(_offset, ordinal, groups, eventIdHash, key, row, _route.Columns);
            _keys.Add(key.ToArray());
        }

        public void Refuse(int ordinal, string group, string reason, string error) => throw new InvalidOperationException(error);
    }

    /// <summary>Drives the production shard; its outputs are answered at once.</summary>
    private sealed class MachineDriver : IDisposable
    {
        private readonly ShardMachine _machine;
        private readonly List<ShardOutput> _outputs = [];
        private long _monotonicMs;

        public MachineDriver(EntityPlan plan)
        {
            _machine = new ShardMachine(
                new ShardId(plan.Entity, 0),
                plan,
                new ShardOptions { MemoryBytes = long.MaxValue, CheckpointInterval = TimeSpan.FromDays(1), CheckpointBytes = long.MaxValue / 8 },
                new ChunkPool());
            var header = new ShardHeader(new Epoch(1), 0, 0, ReadOnlyMemory<byte>.Empty, long.MinValue, 0, 0);
            Step(new ShardInput.Tick(0, 0));
            Step(new ShardInput.Acquired(new ShardCheckpoint(new Epoch(1), header, 0, false), new LogRange(0, 0)));
        }

        public long ApplyNs { get; set; }

        public long TickNs { get; set; }

        public long Rows => _machine.Counters.Rows;

        public long Evaluations => _machine.Counters.Evaluations;

        public long Entities => _machine.Counters.Entities;

        public long EntityBytes => _machine.Counters.MemoryBytes;

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
}
