using FeatureActors.Runtime.Hosting;

namespace FeatureActors.Node.Http.Metrics;

/// <summary>
/// Times from reading an event to Redis' answer, over all shards of a node. The shards count in buckets of 2^(i/4) ms; every fourth of
/// them is shown, from 1 ms to about a minute.
/// </summary>
internal static class LatencyHistogram
{
    public const string Name = "fa_event_to_publish_seconds";
    public const string Help = "Time from reading an event from its source to Redis' answer, of the oldest event in each write.";

    private const int Step = 4;
    private const int Last = 64;

    /// <summary>Upper bounds in seconds with the number of times at or below them, and the number of all.</summary>
    public static (IReadOnlyList<(double Bound, long Count)> Buckets, long All, double SumSeconds) Read(NodeStatus node)
    {
        long[] counts = node.SumLatencies();
        var buckets = new List<(double, long)>();
        long below = 0;
        double sum = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            below += counts[i];
            sum += counts[i] * Math.Pow(2, (i - 0.5) / 4) / 1000;
            if (i % Step == 0 && i <= Last)
            {
                buckets.Add((Math.Pow(2, i / Step) / 1000, below));
            }
        }

        return (buckets, below, sum);
    }
}
