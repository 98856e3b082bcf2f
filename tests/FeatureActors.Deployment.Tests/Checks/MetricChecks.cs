using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FeatureActors.Node.Http.Metrics;

namespace FeatureActors.Deployment.Tests.Checks;

/// <summary>Alarms, scaling and pages against the metrics that a node has.</summary>
internal static partial class MetricChecks
{
    public const string Operations = "docs/operations.md";
    public const string Runbook = "docs/runbook.md";

    private static readonly string[] Pages = [Operations, Runbook];

    /// <summary>Name in /metrics, form and meaning of every metric.</summary>
    public static IReadOnlyDictionary<string, (string Form, string Help)> Known { get; } = NodeMetrics.All
        .Select(static m => m.Kind == MetricKind.Counter ? (Name: m.Name + "_total", Form: "counter", m.Help) : (Name: m.Name, Form: "gauge", m.Help))
        .Append((Name: LatencyHistogram.Name, Form: "histogram", LatencyHistogram.Help))
        .ToDictionary(static m => m.Name, static m => (m.Form, m.Help));

    /// <summary>Every metric that an alarm or the autoscaler reads is there.</summary>
    public static IEnumerable<string> Used(Installation installation)
    {
        foreach (JsonNode rule in Rules(installation))
        {
            foreach (string name in Unknown(rule.Text("expr")))
            {
                yield return $"alarm {rule.Text("alert")}: there is no metric {name}";
            }
        }

        foreach (string name in installation.Manifests.OfKind("HorizontalPodAutoscaler").SelectMany(static h => h.Items("spec/metrics")).Select(static m => m.Text("pods/metric/name")))
        {
            if (name.Length > 0 && !Known.ContainsKey(name))
            {
                yield return $"HorizontalPodAutoscaler: there is no metric {name}";
            }
        }
    }

    /// <summary>Every alarm says how bad it is and has its section in the runbook, and the other way round.</summary>
    public static IEnumerable<string> Alarms(Installation installation)
    {
        HashSet<string> sections = [.. Section().Matches(installation.Files.Read(Runbook)).Select(static m => m.Groups["name"].Value)];
        var alarms = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonNode rule in Rules(installation))
        {
            string name = rule.Text("alert");
            if (!alarms.Add(name))
            {
                yield return $"alarm {name}: is there twice";
            }

            if (!sections.Contains(name))
            {
                yield return $"alarm {name}: {Runbook} has no section of that name";
            }

            if (rule.Text("labels/severity") is not ("critical" or "warning") || rule.Text("annotations/summary").Length == 0)
            {
                yield return $"alarm {name}: has no severity or no summary";
            }

            if (rule.At("annotations") is not JsonObject notes || notes["runbook"]?.ToString() is not { } link
                || link != $"{Runbook}#{name.ToLowerInvariant()}")
            {
                yield return $"alarm {name}: does not lead to its section in the runbook";
            }
        }

        foreach (string section in sections.Except(alarms))
        {
            yield return $"{Runbook}: there is no alarm {section}";
        }
    }

    /// <summary>The page lists every metric with its form and meaning, and none that is not there.</summary>
    public static IEnumerable<string> Page(RepositoryFiles files)
    {
        var listed = new Dictionary<string, (string Form, string Help)>(StringComparer.Ordinal);
        foreach (Match row in Row().Matches(files.Read(Operations)))
        {
            listed[row.Groups["name"].Value] = (row.Groups["form"].Value, row.Groups["help"].Value);
        }

        foreach ((string name, (string Form, string Help) metric) in Known)
        {
            if (!listed.TryGetValue(name, out (string Form, string Help) row))
            {
                yield return $"{Operations}: lacks | `{name}` | {metric.Form} | {metric.Help} |";
            }
            else if (row != metric)
            {
                yield return $"{Operations}: {name} is | {metric.Form} | {metric.Help} |";
            }
        }

        foreach (string page in Pages)
        {
            foreach (string name in Unknown(files.Read(page)))
            {
                yield return $"{page}: there is no metric {name}";
            }
        }
    }

    private static IEnumerable<JsonNode> Rules(Installation installation) => installation.Manifests
        .OfKind("PrometheusRule").SelectMany(static r => r.Items("spec/groups")).SelectMany(static g => g.Items("rules"));

    private static IEnumerable<string> Unknown(string text) => MetricName().Matches(text)
        .Select(static m => m.Value)
        .Where(static n => !Known.ContainsKey(n) && !Known.ContainsKey(Suffix().Replace(n, "")))
        .Distinct();

    [GeneratedRegex(@"(?<![\w./-])(fa_(source|shard|publish|checkpoint|dead|rebalances|steals|plugin|build|event)\w*|process_\w+|dotnet_gc_\w+)")]
    private static partial Regex MetricName();

    [GeneratedRegex("_(bucket|count|sum)$")]
    private static partial Regex Suffix();

    [GeneratedRegex(@"^### (?<name>FeatureActors\w+)\r?$", RegexOptions.Multiline)]
    private static partial Regex Section();

    [GeneratedRegex(@"^\| `(?<name>\w+)` \| (?<form>\w+) \| (?<help>.+) \|\r?$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
