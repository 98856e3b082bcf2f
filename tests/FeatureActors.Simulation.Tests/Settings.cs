using System.Globalization;
using Xunit.Abstractions;

namespace FeatureActors.Simulation.Tests;

/// <summary>What <c>./fa simulate</c> asks for, and where it wants the answer.</summary>
internal static class Settings
{
    public static int Read(string name, int defaultValue) =>
        Environment.GetEnvironmentVariable($"FA_SIMULATION_{name}") is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : defaultValue;

    public static void Report(List<string> lines, ITestOutputHelper output)
    {
        if (Environment.GetEnvironmentVariable("FA_SIMULATION_REPORT") is { Length: > 0 } file)
        {
            File.WriteAllLines(file, lines);
            return;
        }

        lines.ForEach(output.WriteLine);
    }
}
