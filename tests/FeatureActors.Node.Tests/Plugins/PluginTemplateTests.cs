using System.Diagnostics;

namespace FeatureActors.Node.Tests.Plugins;

/// <summary>The author's path of docs/plugins.md: from the template to a value, against the projects that these tests were built from.</summary>
public sealed class PluginTemplateTests : IDisposable
{
    private const string Definitions =
        """
        namespace = weather
        clock = event
        sources.readings { format = json, event-time { field = ts, unit = ms }, fields { place = string, value = double, ts = long } }
        entities.place { key = [string], shards = 2 }
        groups.today {
          entity = place, source = readings, key = place
          features { spread { type = "custom:spread", of = value, windows = [1h] } }
        }
        """;

    private readonly Fa _fa = new();

    public void Dispose() => _fa.Dispose();

    [Fact]
    public async Task The_template_builds_keeps_its_laws_and_runs_in_the_engine()
    {
        string hive = _fa.Path("hive");
        string configuration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)) == "debug" ? "Debug" : "Release";
        await DotnetAsync("new", "install", Path.Combine(Repository.Root, "templates", "feature-actors-plugin"), "--debug:custom-hive", hive);
        await DotnetAsync("new", "feature-actors-plugin", "-n", "Spread", "-o", _fa.Path("Spread"), "--repository", Repository.Root, "--debug:custom-hive", hive);

        string tests = await DotnetAsync("test", Path.Combine(_fa.Path("Spread"), "tests"), "-c", configuration, "--nologo");
        await DotnetAsync("publish", Path.Combine(_fa.Path("Spread"), "src"), "-c", configuration, "-o", _fa.Path("plugins/Spread"), "--nologo");

        Assert.Contains("Passed:     3", tests, StringComparison.Ordinal);
        Assert.Equal(["Spread.dll"], Directory.GetFiles(_fa.Path("plugins/Spread"), "*.dll").Select(Path.GetFileName));
        int code = await _fa.RunAsync(
            "batch", "--definitions", _fa.Write("d.conf", Definitions), "--plugins", _fa.Path("plugins"),
            "--input", _fa.Write("r.jsonl", "{\"ts\":1000,\"place\":\"bern\",\"value\":2}\n{\"ts\":2000,\"place\":\"bern\",\"value\":9.5}\n"),
            "--source", "readings", "--at", "3000", "--output", "-");
        Assert.Equal((0, "{\"group\":\"today\",\"key\":\"bern\",\"feature\":\"spread\",\"window\":\"1h\",\"at\":3000,\"value\":7.5}\n"), (code, _fa.Out));
    }

    private static async Task<string> DotnetAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };

        // What the test runner sets for its own build would lead this one astray.
        foreach (string name in start.Environment.Keys.Where(static n => n.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || n.StartsWith("VSTEST", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        using var process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"dotnet {string.Join(' ', arguments)}:\n{output}\n{await error}");
        return output;
    }
}
