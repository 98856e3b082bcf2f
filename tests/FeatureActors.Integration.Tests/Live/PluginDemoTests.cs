using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using FeatureActors.Integration.Tests.Fixtures;
using Xunit.Abstractions;

namespace FeatureActors.Integration.Tests.Live;

/// <summary><c>./fa demo --with-plugins</c> as somebody new runs it: builds the samples, runs them, and shows what a bad one costs.</summary>
[Trait("Category", "Integration")]
[Collection(LongestFirst.Builds)]
public sealed class PluginDemoTests(ITestOutputHelper output)
{
    // Of the demo itself; how long the builds before it take is the machine's affair.
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task The_demo_with_plug_ins_shows_an_exchange_and_what_misbehaving_costs_in_time()
    {
        long start = Stopwatch.GetTimestamp();
        (int code, string text, TimeSpan took) = await RunAsync();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s with builds, {took.TotalSeconds:F1} s without\n{text}"));

        Assert.True(code == 0, text);
        Assert.Contains("The same state, read by the new version", text, StringComparison.Ordinal);

        // The table breaks lines; what it says is one line.
        string table = Regex.Replace(text, @"\s+", " ");
        Assert.Contains("its update is undone, its value stays 1 and the built-in count says 2", table, StringComparison.Ordinal);
        Assert.Contains("the slot would have 1000000 bytes, more than the declared 8", table, StringComparison.Ordinal);
        Assert.Matches("switched off after 1[0-3][0-9] failed calls", table);
        Assert.Contains("its value is back", table, StringComparison.Ordinal);
        int others = int.Parse(Regex.Match(table, "publish again after ([0-9]+) ms").Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(others, 0, 2_000);
        Assert.Matches("the feature is off after [0-9]+ ms; its shard publishes again after [0-9]+ ms, without it, in epoch 2 instead of 1", table);
        Assert.True(took < Budget, string.Create(CultureInfo.InvariantCulture, $"it took {took.TotalSeconds:F0} s, more than {Budget.TotalSeconds:F0}"));
    }

    private static async Task<(int Code, string Text, TimeSpan Took)> RunAsync()
    {
        var start = new ProcessStartInfo("/bin/bash", [Path.Combine(Repository.Root, "fa"), "demo", "--with-plugins"])
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // What the test runner sets for its own build would lead this one astray.
        foreach (string name in start.Environment.Keys.Where(static n => n.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || n.StartsWith("VSTEST", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> text = process.StandardOutput.ReadToEndAsync();
        string error = "";
        long begin = Stopwatch.GetTimestamp();
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            error += line + "\n";
            begin = line.Contains("starting a redis-server", StringComparison.Ordinal) ? Stopwatch.GetTimestamp() : begin;
        }

        await process.WaitForExitAsync();
        return (process.ExitCode, error + await text, Stopwatch.GetElapsedTime(begin));
    }
}
