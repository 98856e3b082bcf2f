using System.Diagnostics.Metrics;
using FeatureActors.Node.Options;
using FeatureActors.Runtime.Hosting;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace FeatureActors.Node.Http.Metrics;

/// <summary>
/// Sends the node's metrics to an OpenTelemetry collector. The same metrics as in /metrics, under the same names; the histogram of
/// latencies goes as counters of its buckets with the attribute <c>le</c>, for the shards count and do not record single times.
/// </summary>
internal sealed class OtlpExport : IDisposable
{
    private const string MeterName = "FeatureActors";

    private readonly Meter _meter = new(MeterName);
    private readonly MeterProvider _provider;

    /// <summary>Starts to send.</summary>
    /// <param name="options">Where to, and how often.</param>
    /// <param name="node">Name of the node, the resource attribute <c>service.instance.id</c>.</param>
    /// <param name="read">What the node is doing; null before it is put together.</param>
    /// <param name="time">Clock of ages.</param>
    public OtlpExport(OtlpSection options, string node, Func<NodeStatus?> read, TimeProvider time)
    {
        foreach (Metric metric in NodeMetrics.All)
        {
            if (metric.Kind == MetricKind.Counter)
            {
                _meter.CreateObservableCounter(metric.Name, () => Observe(metric), metric.Unit, metric.Help);
            }
            else
            {
                _meter.CreateObservableGauge(metric.Name, () => Observe(metric), metric.Unit, metric.Help);
            }
        }

        _meter.CreateObservableCounter(LatencyHistogram.Name + "_bucket", () => Buckets(read()), "", LatencyHistogram.Help);
        _provider = Sdk.CreateMeterProviderBuilder()
            .AddMeter(MeterName)
            .ConfigureResource(resource => resource.AddService("feature-actors", serviceInstanceId: node))
            .AddOtlpExporter((exporter, reader) =>
            {
                exporter.Endpoint = new Uri(options.Endpoint!);
                exporter.Protocol = options.Protocol == "http" ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
                exporter.TimeoutMilliseconds = (int)options.Timeout.TotalMilliseconds;
                exporter.Headers = options.ReadHeaders();
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)options.Interval.TotalMilliseconds;
            })
            .Build();

        IEnumerable<Measurement<double>> Observe(Metric metric) => metric
            .Read(new MetricMoment(read(), time.GetUtcNow().ToUnixTimeMilliseconds()))
            .Select(static s => new Measurement<double>(s.Value, s.Labels.Select(static l => KeyValuePair.Create(l.Name, (object?)l.Value))));
    }

    /// <summary>Sends once more, within a second, and ends.</summary>
    public void Dispose()
    {
        _provider.Shutdown(1_000);
        _provider.Dispose();
        _meter.Dispose();
    }

    private static IEnumerable<Measurement<long>> Buckets(NodeStatus? node)
    {
        if (node is null)
        {
            return [];
        }

        (IReadOnlyList<(double Bound, long Count)> buckets, long all, _) = LatencyHistogram.Read(node);
        return buckets.Select(static b => new Measurement<long>(b.Count, KeyValuePair.Create("le", (object?)b.Bound)))
            .Append(new Measurement<long>(all, KeyValuePair.Create("le", (object?)double.PositiveInfinity)));
    }
}
