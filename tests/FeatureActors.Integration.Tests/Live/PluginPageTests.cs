using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.LocalServers;
using Xunit.Abstractions;

namespace FeatureActors.Integration.Tests.Live;

/// <summary>
/// The path of somebody new through docs/plugins.md: the page's commands, definitions and readings, taken from the page, lead from the
/// template to a value in a running node. Around them only what a test must not touch is elsewhere: the checkout's folder, where dotnet
/// keeps templates, and the port of Redis.
/// </summary>
[Trait("Category", "Integration")]
[Collection(LongestFirst.Builds)]
public sealed class PluginPageTests(ITestOutputHelper output) : IDisposable
{
    private static readonly string Root = Repository.Root;

    private readonly LiveFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_page_leads_from_the_template_to_a_value_in_a_running_node()
    {
        string page = await File.ReadAllTextAsync(Path.Combine(Root, "docs", "plugins.md"));
        string[] commands =
        [
            .. Regex.Matches(page, "^```([a-z]*)\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)
                .Where(static m => m.Groups[1].Length == 0).Select(static m => m.Groups[2].Value),
        ];
        await using RedisServer redis = await RedisServer.StartAsync();
        string checkout = MakeCheckout();
        await File.WriteAllTextAsync(Path.Combine(checkout, "weather.conf"), Regex.Match(page, "```hocon\n(.*?)```", RegexOptions.Singleline).Groups[1].Value);
        await File.WriteAllLinesAsync(Path.Combine(checkout, "readings.jsonl"), Regex.Matches(page, "`({\"ts\":.*?})`").Select(static m => m.Groups[1].Value));
        long start = Stopwatch.GetTimestamp();

        string built = await RunAsync(checkout, commands[0]);
        TimeSpan author = Stopwatch.GetElapsedTime(start);
        string computed = await RunAsync(checkout, commands[1]);
        string served = await RunAsync(checkout, InBackground(commands[2], redis.Port));

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"template, build, tests, publish: {author.TotalSeconds:F1} s; to a value in Redis: {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s"));
        Assert.Contains("Passed:     3", built, StringComparison.Ordinal);
        Assert.Equal(["Spread.dll"], Directory.GetFiles(Path.Combine(checkout, "plugins", "Spread"), "*.dll").Select(Path.GetFileName));
        Assert.Contains("custom:spread", computed, StringComparison.Ordinal);
        Assert.Contains(Regex.Match(page, "writes `({.*?})`").Groups[1].Value + "\n", computed, StringComparison.Ordinal);
        Assert.Contains("Spread 1.0.0: type custom:spread", served, StringComparison.Ordinal);
        Assert.Contains("feature today.spread (Spread): on, 0 calls failed", served, StringComparison.Ordinal);
        Assert.Matches(@"spread:1h\s.*7\.5", served);
    }

    // As the page says: the node runs until it is stopped, the commands behind it stand in another terminal. It answers a moment after it began.
    private static string InBackground(string commands, int port)
    {
        string[] lines = commands.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string echo = lines[0].Replace("fa {", string.Create(CultureInfo.InvariantCulture, $"fa {{ redis.port = {port},"), StringComparison.Ordinal);
        string run = lines[1].Split('#')[0];
        return $$"""
            {{echo}}
            {{run}} > node.log 2>&1 &
            node=$!
            trap 'kill $node; wait $node || true' EXIT
            for try in $(seq 100); do {{lines[2]}} > list.log 2>&1 && grep -q today.spread list.log && break; kill -0 $node || { cat node.log; exit 1; }; done
            {{lines[2]}}
            for try in $(seq 100); do {{lines[3]}} > get.log 2>&1 && grep -q '7\.5' get.log && break; kill -0 $node || { cat node.log; exit 1; }; done
            {{lines[3]}}
            """;
    }

    /// <summary>A folder that stands for the checkout: with its templates, and with <c>./fa</c> as it is once it has built the node.</summary>
    private string MakeCheckout()
    {
        string checkout = _folder.Of("checkout");
        Directory.CreateDirectory(checkout);
        Directory.CreateSymbolicLink(Path.Combine(checkout, "templates"), Path.Combine(Root, "templates"));
        string configuration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        string fa = Path.Combine(checkout, "fa");
        File.WriteAllText(fa, $"#!/bin/sh\nexec dotnet '{Path.Combine(Root, "artifacts", "bin", "FeatureActors.Node", configuration, "FeatureActors.Node.dll")}' \"$@\"\n");
        return checkout;
    }

    private async Task<string> RunAsync(string checkout, string commands)
    {
        string script = $$"""
            set -e
            chmod +x fa
            PWD='{{Root}}'
            hive='{{_folder.Of("hive")}}'
            # Once more: on a busy machine the template engine at times finds its own settings locked.
            dotnet() { if [ "$1" = new ]; then command dotnet "$@" --debug:custom-hive "$hive" || command dotnet "$@" --debug:custom-hive "$hive" --force; else command dotnet "$@"; fi; }
            {{commands}}
            """;
        var start = new ProcessStartInfo("/bin/bash", ["-c", script]) { WorkingDirectory = checkout, RedirectStandardOutput = true, RedirectStandardError = true };

        // What the test runner sets for its own build would lead this one astray.
        foreach (string name in start.Environment.Keys.Where(static n => n.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || n.StartsWith("VSTEST", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{commands}\n{text}\n{await error}");
        return text;
    }
}
