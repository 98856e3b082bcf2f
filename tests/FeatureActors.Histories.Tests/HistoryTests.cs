using System.Diagnostics;
using System.Globalization;
using FeatureActors.Histories.Tests.Driving;
using Xunit.Abstractions;

namespace FeatureActors.Histories.Tests;

/// <summary>
/// Random histories of one key through the engine and through a naive evaluator that keeps every row and shares no code with it.
/// <c>./fa histories</c> runs this class with FA_HISTORIES and FA_SEED and prints what it writes to FA_HISTORIES_REPORT.
/// </summary>
public sealed class HistoryTests(ITestOutputHelper output)
{
    // About half a minute on two cores; ./fa histories runs more.
    private const int HistoriesByDefault = 4_000;
    private const long SeedByDefault = 1;
    private const int ShownMax = 5;

    // So many have each type with each window and trigger.
    private const int CoverageFrom = 50_000;

    [Fact]
    public void Every_history_gives_the_values_of_the_naive_evaluator_at_every_boundary()
    {
        int histories = (int)Setting("HISTORIES", HistoriesByDefault);

        // The share in every test run is the same, so that a change is judged by what it changed; ./fa histories looks for what is new.
        long seed = Setting("SEED", histories == HistoriesByDefault ? SeedByDefault : Random.Shared.Next(1, 1_000_000_000));
        var watch = Stopwatch.StartNew();
        var batch = HistoryBatch.Run(seed, histories);
        List<string> lines =
        [
            .. batch.Coverage.Lines(),
            .. batch.Failures.Skip(ShownMax).Select(static f => string.Join(" of ", f.Split('\n').Take(2))),
            .. batch.Failures.Take(ShownMax),
            string.Create(CultureInfo.InvariantCulture, $"{histories} histories from seed {seed}: {batch.FailureCount} differ; {batch.Rows} rows, {batch.Comparisons} comparisons, {watch.Elapsed.TotalSeconds:0} s"),
        ];
        string[] missing = [.. batch.Coverage.Missing(histories >= CoverageFrom ? ["change", "expiry", "timer", "update", "when"] : [])];
        lines.InsertRange(0, missing.Select(static m => $"never: {m}"));
        Report(lines);
        Assert.Empty(missing);
        Assert.True(batch.FailureCount == 0, string.Join('\n', lines.TakeLast(ShownMax + 1)));
    }

    private static long Setting(string name, long defaultValue) =>
        Environment.GetEnvironmentVariable($"FA_{name}") is { Length: > 0 } text
            ? long.Parse(text, CultureInfo.InvariantCulture)
            : defaultValue;

    private void Report(List<string> lines)
    {
        if (Environment.GetEnvironmentVariable("FA_HISTORIES_REPORT") is { Length: > 0 } file)
        {
            File.WriteAllLines(file, lines);
            return;
        }

        lines.ForEach(output.WriteLine);
    }
}
