using System.Globalization;
using System.Text;
using FeatureActors.Runtime.Hosting;
using Microsoft.AspNetCore.Http;

namespace FeatureActors.Node.Http.Metrics;

/// <summary>
/// The metrics as text: OpenMetrics 1.0 for who accepts it (prometheus.io/docs/specs/om/open_metrics_spec), else Prometheus' own format
/// 0.0.4, which differs in the names in its comments and in its end.
/// </summary>
internal static class MetricsText
{
    private const string OpenType = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    private const string PlainType = "text/plain; version=0.0.4; charset=utf-8";

    public static Task AnswerAsync(HttpContext context, NodeStatus? node, long nowMs)
    {
        bool isOpen = context.Request.Headers.Accept.ToString().Contains("application/openmetrics-text", StringComparison.OrdinalIgnoreCase);
        context.Response.ContentType = isOpen ? OpenType : PlainType;
        return context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(Write(new MetricMoment(node, nowMs), isOpen)), context.RequestAborted).AsTask();
    }

    /// <summary>The text of all metrics.</summary>
    public static string Write(MetricMoment moment, bool isOpen)
    {
        var text = new StringBuilder(16 * 1024);
        foreach (Metric metric in NodeMetrics.All)
        {
            Sample[] samples = [.. metric.Read(moment)];
            if (samples.Length == 0)
            {
                continue;
            }

            string sampleName = metric.Kind == MetricKind.Counter ? metric.Name + "_total" : metric.Name;
            Describe(text, isOpen ? metric.Name : sampleName, metric.Kind == MetricKind.Counter ? "counter" : "gauge", metric.Unit, metric.Help, isOpen);
            foreach (Sample sample in samples)
            {
                Line(text, sampleName, sample.Value, sample.Labels);
            }
        }

        if (moment.Node is not null)
        {
            WriteHistogram(text, moment.Node, isOpen);
        }

        if (isOpen)
        {
            text.Append("# EOF\n");
        }

        return text.ToString();
    }

    private static void WriteHistogram(StringBuilder text, NodeStatus node, bool isOpen)
    {
        (IReadOnlyList<(double Bound, long Count)> buckets, long all, double sum) = LatencyHistogram.Read(node);
        Describe(text, LatencyHistogram.Name, "histogram", "seconds", LatencyHistogram.Help, isOpen);
        foreach ((double bound, long count) in buckets)
        {
            Line(text, LatencyHistogram.Name + "_bucket", count, ("le", Number(bound)));
        }

        Line(text, LatencyHistogram.Name + "_bucket", all, ("le", "+Inf"));
        Line(text, LatencyHistogram.Name + "_count", all);
        Line(text, LatencyHistogram.Name + "_sum", sum);
    }

    private static void Describe(StringBuilder text, string name, string type, string unit, string help, bool isOpen)
    {
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {Escape(help)}\n# TYPE {name} {type}\n");
        if (isOpen && unit.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"# UNIT {name} {unit}\n");
        }
    }

    private static void Line(StringBuilder text, string name, double value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        text.Append(name);
        for (int i = 0; i < labels.Length; i++)
        {
            text.Append(i == 0 ? '{' : ',').Append(labels[i].Name).Append("=\"").Append(Escape(labels[i].Value).Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
        }

        text.Append(labels.Length > 0 ? "} " : " ").Append(Number(value)).Append('\n');
    }

    private static string Escape(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
