using FeatureActors.Runtime.Hosting;

namespace FeatureActors.Node.Http.Metrics;

/// <summary>Forms of a metric.</summary>
internal enum MetricKind
{
    /// <summary>Only rises while what it counts lives.</summary>
    Counter,

    /// <summary>Rises and falls.</summary>
    Gauge,
}

/// <summary>One value of a metric.</summary>
/// <param name="Value">The value, in the metric's unit.</param>
/// <param name="Labels">Names and values.</param>
internal readonly record struct Sample(double Value, params (string Name, string Value)[] Labels);

/// <summary>What a metric is read from.</summary>
/// <param name="Node">What the node is doing; null before it is put together.</param>
/// <param name="NowMs">Unix milliseconds.</param>
internal sealed record MetricMoment(NodeStatus? Node, long NowMs);

/// <summary>A metric: the Prometheus text and the OTLP export are both made from these.</summary>
/// <param name="Name">Name without the suffix _total of counters; the unit is its last word.</param>
/// <param name="Kind">Form.</param>
/// <param name="Unit">Base unit as OpenMetrics names it, or empty.</param>
/// <param name="Help">What it means.</param>
/// <param name="Read">Reads its values.</param>
internal sealed record Metric(string Name, MetricKind Kind, string Unit, string Help, Func<MetricMoment, IEnumerable<Sample>> Read);
