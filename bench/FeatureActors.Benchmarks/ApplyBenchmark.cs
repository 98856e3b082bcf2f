using FeatureActors.Abstractions.Ports;
using FeatureActors.Benchmarks.Limits;
using FeatureActors.Benchmarks.Nodes;
using FeatureActors.Benchmarks.Reports;
using FeatureActors.Benchmarks.Streams;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Runtime.Entities;

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
        foreach (string profile in profiles.Where(static p => p is not (Sizes or TwoShards.Name)))
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

        if (options.Profiles.Count == 0 || options.Profiles.Contains(TwoShards.Name))
        {
            foreach (string profile in (string[])[Profile.Simple, Profile.Rich])
            {
                report.AddMedians(
                    $"{profile}, two shards in two threads",
                    [.. Enumerable.Range(0, options.Runs).Select(run => TwoShards.MeasureOnce(options, profile, run))]);
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
        var packer = new BatchPacker(plan.Sources[0], new EventStream(keys, isUniform: false, seed));
        using var machine = new MachineDriver(plan.Entities[0], new ChunkPool());
        var slab = new SlabCounter(keys);
        var batchSlab = new SlabCounter(keys);
        var reader = new BatchReader([]);
        long start = 1_760_000_000_000;
        long events = Math.Max(options.Events, keys);

        // One pass fills, the second is measured.
        for (int pass = 0; pass < 2; pass++)
        {
            machine.BeginMeasuring();
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

            long rows = machine.MeasuredRows;
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
}
