using System.Diagnostics;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Benchmarks.Nodes;
using FeatureActors.Benchmarks.Streams;
using FeatureActors.Core.Definitions;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Benchmarks;

/// <summary>
/// Two shards in two threads beside one in one, in turn: the same code, one <see cref="ChunkPool"/>, log in memory, publishing to nobody.
/// Applying and evaluation are both in it. The ratio is of rows per second by the wall clock, which other work on the machine spoils; the
/// CPU a row takes says whether the threads are in each other's way.
/// </summary>
internal static class TwoShards
{
    /// <summary>Name of the profile that asks for it alone.</summary>
    public const string Name = "threads";

    private const int Blocks = 25;
    private const int Keys = 100_000;
    private const long SpanMs = 7 * 86_400_000L;
    private const long StartMs = 1_760_000_000_000;

    /// <summary>Figures of one run.</summary>
    public static (string, double)[] MeasureOnce(BenchOptions options, string profile, int run)
    {
        DefinitionsPlan plan = Profile.Plan(new ProfileOptions(profile) { Shards = 1, IsEventClock = true });
        var pool = new ChunkPool();
        BatchPacker[] packers = [.. Enumerable.Range(0, 2).Select(i => new BatchPacker(plan.Sources[0], new EventStream(Keys, isUniform: false, (ulong)((run * 2) + i + 1))))];
        using var alone = new MachineDriver(plan.Entities[0], pool);
        using var first = new MachineDriver(plan.Entities[0], pool);
        using var second = new MachineDriver(plan.Entities[0], pool);
        long eventsPerBlock = options.Events / Blocks / 2;
        long oneTicks = 0;
        long twoTicks = 0;

        // The first pass fills the windows and compiles, the second is measured.
        for (int block = 0; block < Blocks * 2; block++)
        {
            if (block == Blocks)
            {
                oneTicks = twoTicks = 0;
                Forget(alone, first, second);
            }

            long start = StartMs + (block * SpanMs / Blocks);
            List<LogEntry>[] entries = [.. packers.Select(p => p.Pack(eventsPerBlock, start, SpanMs / Blocks).Entries)];
            oneTicks += Time((alone, entries[0]));
            twoTicks += Time((first, entries[0]), (second, entries[1]));
        }

        double oneRate = alone.MeasuredRows / Stopwatch.GetElapsedTime(0, oneTicks).TotalSeconds;
        double twoRate = (first.MeasuredRows + second.MeasuredRows) / Stopwatch.GetElapsedTime(0, twoTicks).TotalSeconds;
        return
        [
            ("two over one", twoRate / oneRate),
            ("rows per second, one", oneRate),
            ("rows per second, two", twoRate),
            ("CPU ns per row, one", alone.CpuNsPerRow),
            ("CPU ns per row, two", (first.CpuNsPerRow + second.CpuNsPerRow) / 2),
        ];
    }

    private static void Forget(params MachineDriver[] machines)
    {
        foreach (MachineDriver machine in machines)
        {
            machine.BeginMeasuring();
        }
    }

    /// <summary>Stopwatch ticks until every machine has taken its entries, each in a thread of its own.</summary>
    private static long Time(params (MachineDriver Machine, List<LogEntry> Entries)[] work)
    {
        Thread[] threads = [.. work.Select(static w => new Thread(() => w.Machine.Apply(w.Entries)))];
        long began = Stopwatch.GetTimestamp();
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        return Stopwatch.GetTimestamp() - began;
    }
}
