using System.Globalization;
using System.Text.RegularExpressions;

namespace FeatureActors.Node.Tests.Http;

/// <summary>Reads metrics text strictly, by the rules of the OpenMetrics and Prometheus text formats.</summary>
internal static partial class MetricsReader
{
    public static Dictionary<string, double> Read(string text, bool isOpen)
    {
        var samples = new Dictionary<string, double>(StringComparer.Ordinal);
        var done = new HashSet<string>(StringComparer.Ordinal);
        string family = "";
        string type = "";
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        string[] lines = text[..^1].Split('\n');
        Assert.Equal(isOpen, lines[^1] == "# EOF");
        foreach (string line in isOpen ? lines[..^1] : lines)
        {
            if (line.StartsWith("# ", StringComparison.Ordinal))
            {
                string[] words = line.Split(' ', 4);
                Assert.True(words[1] is "HELP" or "TYPE" or "UNIT", line);
                if (words[1] == "HELP")
                {
                    family = words[2];
                    Assert.True(done.Add(family), $"{family} is described twice");
                }

                Assert.Equal(family, words[2]);
                type = words[1] == "TYPE" ? words[3] : type;
                if (words[1] == "UNIT")
                {
                    Assert.EndsWith("_" + words[3], family, StringComparison.Ordinal);
                }

                continue;
            }

            Match match = SampleLine().Match(line);
            Assert.True(match.Success, line);
            string name = match.Groups[1].Value;
            string suffix = name[family.Length..];
            Assert.StartsWith(family, name, StringComparison.Ordinal);
            Assert.True(type switch
            {
                "counter" => suffix == (isOpen ? "_total" : ""),
                "histogram" => suffix is "_bucket" or "_count" or "_sum",
                _ => suffix.Length == 0,
            }, line);
            Assert.True(type != "counter" || name.EndsWith("_total", StringComparison.Ordinal), line);
            samples.Add(name + match.Groups[2].Value, double.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture));
        }

        return samples;
    }

    [GeneratedRegex("""^([a-z_]+)(\{[a-z]+="(?:[^"\\]|\\.)*"(?:,[a-z]+="(?:[^"\\]|\\.)*")*\})? (\S+)$""")]
    private static partial Regex SampleLine();
}
