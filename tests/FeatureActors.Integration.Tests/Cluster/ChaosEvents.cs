using System.Globalization;
using System.Text;
using System.Text.Json;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Integration.Tests.Kafka;
using FeatureActors.Kafka;

namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>An event as it lies in the topic.</summary>
internal readonly record struct ChaosEvent(string User, string Item, string Kind, long Value, long TimeMs);

/// <summary>Writes events at a steady rate until stopped, and reads back what the topic holds.</summary>
internal sealed class ChaosEvents(KafkaNode kafka, string topic, int seed, int users = 2_000)
{
    private const int Items = 300;
    private const int LatenessMaxMs = 2_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly Random _random = new(seed);
    private readonly long _startedAt = TimeProvider.System.GetTimestamp();
    private int _perSecond = 1;

    /// <summary>Names of the users with the most events.</summary>
    public static IEnumerable<string> HotUsers(int count) => Enumerable.Range(0, count).Select(static i => $"u{i}");

    /// <summary>
    /// Writes <paramref name="perSecond"/> events a second, event times up to 2 s late, until cancelled; then waits until all are in the
    /// topic. A broker that is away, or has forgotten its topics for a moment after a restart, is tried again; what it did not take is not
    /// in the topic and so not asked for.
    /// </summary>
    public async Task WriteAsync(int perSecond, CancellationToken cancellationToken)
    {
        _perSecond = perSecond;
        long written = 0;
        using var retry = new PeriodicTimer(Pause, TimeProvider.System);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var writer = new KafkaTopicWriter(kafka.Connection, topic);
                await writer.OpenAsync(CancellationToken.None);
                using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20), TimeProvider.System);
                while (!cancellationToken.IsCancellationRequested)
                {
                    long due = Due;
                    for (; written < due && !cancellationToken.IsCancellationRequested; written++)
                    {
                        (string user, byte[] text) = Next();
                        await writer.WriteAsync(Encoding.UTF8.GetBytes(user), text, CancellationToken.None);
                    }

                    await timer.WaitForNextTickAsync(CancellationToken.None);
                }

                await writer.FlushAsync(CancellationToken.None);
            }
            catch (DependencyUnavailableException)
            {
                await retry.WaitForNextTickAsync(CancellationToken.None);
            }
        }
    }

    /// <summary>
    /// Returns when the load has gone on for so long: an outage lasts as many events. The schedule counts, not what was written, because
    /// while the broker is away nothing is.
    /// </summary>
    public Task GoOnAsync(TimeSpan length)
    {
        long until = Due + (long)(length.TotalSeconds * _perSecond);
        return Eventually.HoldsAsync("the load goes on", length + Patience, () => Due >= until, () => $"{Due} of {until} events were due");
    }

    /// <summary>Everything the topic holds. A broker that was killed may have events twice: those are two events.</summary>
    public async Task<List<ChaosEvent>> ReadAllAsync()
    {
        var events = new List<ChaosEvent>();
        await kafka.ReadAllAsync(topic, value => events.Add(Parse(value)));
        return events;
    }

    private long Due => (long)(TimeProvider.System.GetElapsedTime(_startedAt).TotalSeconds * _perSecond);

    private (string User, byte[] Text) Next()
    {
        // Skewed: squares of equal spread; a tenth of the users has a third of the events.
        double share = _random.NextDouble();
        string user = string.Create(CultureInfo.InvariantCulture, $"u{(int)(share * share * users)}");
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - _random.Next(LatenessMaxMs);
        return (user, Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"u":"{{user}}","i":"i{{_random.Next(Items)}}","c":"c{{_random.Next(5)}}","v":{{_random.Next(-50, 1_000)}},"ts":{{now}}}""")));
    }

    private static ChaosEvent Parse(byte[] text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        JsonElement root = document.RootElement;
        return new ChaosEvent(
            string.Intern(root.GetProperty("u").GetString()!), string.Intern(root.GetProperty("i").GetString()!),
            string.Intern(root.GetProperty("c").GetString()!), root.GetProperty("v").GetInt64(), root.GetProperty("ts").GetInt64());
    }
}
