using System.Globalization;
using FeatureActors.Benchmarks.Nodes;
using FeatureActors.Benchmarks.Reports;
using FeatureActors.Benchmarks.Streams;

namespace FeatureActors.Benchmarks;

/// <summary>Many keys and many days on one embedded node: what stays resident.</summary>
internal static class MemoryBenchmark
{
    private const double ResidentMiBMax = 400;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(20);

    /// <summary>Runs it; 1 when more stays resident than promised.</summary>
    public static async Task<int> RunAsync(BenchOptions options)
    {
        options = options with
        {
            Runs = 1,
            Events = options.Events > 0 ? options.Events : 20_000_000,
            Keys = options.Keys > 0 ? options.Keys : 1_000_000,
        };
        var report = new BenchReport("memory", options);
        NodeProcess node = NodeProcess.Start(new NodeProcessOptions
        {
            Profile = Profile.Simple,
            Namespace = "memory",
            IsEventClock = true,
            Events = options.Events,
            Keys = options.Keys,
            SpanMs = (long)TimeSpan.FromDays(7).TotalMilliseconds,
            Trigger = "{ on = update, coalesce = 1s }",
        });
        double resident;
        await using (node.ConfigureAwait(false))
        {
            long began = TimeProvider.System.GetTimestamp();
            long next = options.Events / 10;
            NodeFigures last = await node.WaitAsync(
                f =>
                {
                    if (f.Rows >= next)
                    {
                        next += options.Events / 10;
                        Console.Error.WriteLine(Line(node.Id, f));
                    }

                    return f.IsEnd;
                },
                Limit,
                "all events").ConfigureAwait(false);
            double seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
            last = await node.WaitAsync(f => f.Checkpoints >= last.Checkpoints + 1 || f.Checkpoints > 0, Limit, "a last checkpoint").ConfigureAwait(false);
            resident = ProcessCost.MemoryMiB(node.Id, "VmRSS");
            report.Add(
                "1 count, 3 windows",
                ("resident MiB at the end", resident),
                ("resident MiB, highest", ProcessCost.MemoryMiB(node.Id, "VmHWM")),
                ("of it entities, MiB", last.EntityBytes / 1048576.0),
                ("managed heap MiB", last.HeapMiB),
                ("managed heap committed, MiB", last.CommittedMiB),
                ("SQLite MiB", last.SqliteMiB),
                ("SQLite MiB, highest", last.SqliteHighestMiB),
                ("code and other files, MiB", ProcessCost.MemoryMiB(node.Id, "RssFile")),
                ("entities in memory", last.Entities),
                ("rows", last.Rows),
                ("seconds", seconds),
                ("CPU seconds", node.CpuSeconds),
                ("evaluations", last.Evaluations),
                ("checkpoints", last.Checkpoints),
                ("entities checkpointed", last.CheckpointEntities),
                ("late or refused", last.Late + last.Refused));
        }

        report.Finish();
        return resident <= ResidentMiBMax ? 0 : 1;
    }

    private static string Line(int id, NodeFigures f) => string.Create(
        CultureInfo.InvariantCulture,
        $"{f.Rows:N0} rows, {f.Entities:N0} entities, resident {ProcessCost.MemoryMiB(id, "VmRSS"):N0} MiB (files {ProcessCost.MemoryMiB(id, "RssFile"):N0}), entities {f.EntityBytes / 1048576.0:N0}, managed {f.HeapMiB:N0} of {f.CommittedMiB:N0} (generations {f.GenerationsMiB}), SQLite {f.SqliteMiB:N0}, at most {f.SqliteHighestMiB:N0}; collections {f.Gen0}/{f.Gen2}, allocated {f.Allocated / 1048576.0:N0}, checkpoints {f.Checkpoints} of {f.CheckpointEntities:N0}");
}
