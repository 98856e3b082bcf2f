using System.Globalization;
using System.IO.Compression;
using System.Text;
using FeatureActors.Integration.Tests.Kafka;
using FeatureActors.Kafka;

namespace FeatureActors.Integration.Tests.Live;

/// <summary>The online-retail events, and definitions over them with every type, window and trigger of this release.</summary>
internal static class RetailReplay
{
    /// <summary>A quarter of an hour behind the last event.</summary>
    public const long EndMs = 1_323_435_600_000;

    private const string BatchPrefix = "fa:batch:";

    public static string EventsFile { get; } = Find();

    // Tests of a collection run one after the other.
    private static Dictionary<string, Dictionary<string, string>>? Batch { get; set; }

    // The bound of sub-keys is above the number of items: what is in "other" depends on the order in which partitions are read.
    /// <summary>The definitions; <paramref name="topic"/> is used only where the source is one.</summary>
    public static string Definitions(string definitionsNamespace, string topic) => $$"""
        namespace = {{definitionsNamespace}}
        clock = event
        sources.purchases {
          topic = "{{topic}}"
          format = csv
          event-time { field = ts_ms, unit = ms }
          csv { columns = [seq, ts_ms, user_id, item_id, category_id, action, value, event_id] }
          fields {
            seq = long, ts_ms = long, user_id = string, item_id = string, category_id = string, action = string, value = double, event_id = string
          }
        }
        entities {
          item { key = [string], shards = 6 }
          customer { key = [string], shards = 4 }
          taste { key = [string, string], shards = 2 }
        }
        groups {
          sales {
            entity = item
            source = purchases
            key = item_id
            where = "action IN ('purchase', 'cancel')"
            features {
              buys { type = count, where = "action = 'purchase'", windows = [1h, 1d, 7d, 30d, lifetime] }
              cancels { type = count, where = "action = 'cancel'", windows = [1d, 7d, 30d] }
              cancel_rate { type = ratio, numerator = cancels, denominator = buys, windows = [7d, 30d] }
              quantity { type = sum, of = value, windows = [{ size = 1d, slot = 5m }, 7d, { size = 7d, offset = 7d, name = week_before }] }
              buyers { type = top-k, key = user_id, by = count, k = 10, windows = [7d, 30d] }
              quantities { type = top-k, key = user_id, by = sum, of = value, k = 3, windows = [30d] }
            }
            triggers = [{ on = update, coalesce = 200ms }]
            idle-expiry = never
          }
          week {
            entity = item
            source = purchases
            key = item_id
            features {
              largest { type = max, of = value, windows = [6h, 7d] }
              smallest { type = min, of = value, windows = [7d] }
              mean { type = avg, of = value, windows = [1d, 7d] }
              by_action { type = count-map, key = action, windows = [7d] }
            }
            triggers = [{ on = update, coalesce = 50ms }, { on = timer, every = 1s }]
          }
          habits {
            entity = customer
            source = purchases
            key = user_id
            where = "user_id IS NOT NULL"
            features {
              first_items { type = first, of = item_id, n = 3, windows = [30d] }
              first_item { type = first, of = item_id, windows = [7d] }
              last_items { type = last, of = item_id, n = 20, distinct = true, windows = [30d] }
              last_seq { type = last, of = seq, windows = [7d] }
              last_action { type = latest, of = action }
              by_item { type = sum-map, key = item_id, of = value, max-keys = 5000, windows = [30d] }
            }
            triggers = [{ on = timer, every = 2s }]
            idle-expiry = 60d
          }
          tastes {
            entity = taste
            source = purchases
            key = [user_id, category_id]
            where = "user_id IS NOT NULL"
            features { lines { type = count, windows = [1d, 30d] } }
            triggers = [{ on = expiry }]
          }
        }
        """;

    /// <summary>The events in order, without the header.</summary>
    public static IEnumerable<string> ReadEvents()
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(EventsFile), CompressionMode.Decompress), Encoding.UTF8);
        reader.ReadLine();
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    /// <summary>Store keys of the items with the most and with the fewest events.</summary>
    public static IEnumerable<string> HotAndColdKeys(string definitionsNamespace, int each)
    {
        List<string> items = [.. ReadEvents().Select(static l => l.Split(',', 5)[3]).Where(static i => i.Length > 0).CountBy(static i => i)
            .OrderByDescending(static c => c.Value).ThenBy(static c => c.Key, StringComparer.Ordinal).Select(static c => c.Key)];
        return items.Take(each).Concat(items.TakeLast(each))
            .Select(i => Abstractions.Identity.EntityKey.StorePrefix(definitionsNamespace, "sales") + Abstractions.Identity.EntityKey.Escape(i));
    }

    /// <summary>Writes all events into a topic, keyed by item so that partitions are skewed, spread evenly over <paramref name="duration"/>, and ends it.</summary>
    public static async Task WriteAsync(KafkaNode kafka, string topic, TimeSpan duration, Action<double> onProgress, CancellationToken cancellationToken)
    {
        await using var writer = new KafkaTopicWriter(kafka.Connection, topic);
        await writer.OpenAsync(cancellationToken);
        string[] events = [.. ReadEvents()];
        long start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        for (int next = 0; next < events.Length;)
        {
            double share = duration == TimeSpan.Zero ? 1 : Math.Min(1, TimeProvider.System.GetElapsedTime(start) / duration);
            for (int until = (int)(share * events.Length); next < until; next++)
            {
                await writer.WriteAsync(Encoding.UTF8.GetBytes(events[next].Split(',', 5)[3]), Encoding.UTF8.GetBytes(events[next]), cancellationToken);
            }

            onProgress((double)writer.Acknowledged / events.Length);
            await timer.WaitForNextTickAsync(cancellationToken);
        }

        await writer.WriteEndAsync(EndMs, cancellationToken);
        onProgress(1);
    }

    /// <summary>What Redis holds in the end: the values of <c>fa batch</c>, computed once for all tests.</summary>
    public static async Task<Dictionary<string, Dictionary<string, string>>> ExpectedAsync(string definitionsNamespace)
    {
        Dictionary<string, Dictionary<string, string>> batch = Batch ??= await ComputeAsync();
        return batch.ToDictionary(v => $"fa:{definitionsNamespace}:{v.Key[BatchPrefix.Length..]}", static v => v.Value, StringComparer.Ordinal);
    }

    public static string EndText => EndMs.ToString(CultureInfo.InvariantCulture);

    private static async Task<Dictionary<string, Dictionary<string, string>>> ComputeAsync()
    {
        using var folder = new LiveFolder();
        string definitions = folder.Write("definitions.conf", Definitions("batch", "none"));
        return await ExpectedValues.ComputeAsync(folder, "batch", definitions, EventsFile, EndText);
    }

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string file = Path.Combine(folder.FullName, "samples", "online-retail", "events.csv.gz");
            if (File.Exists(file))
            {
                return file;
            }
        }

        throw new FileNotFoundException($"no samples/online-retail/events.csv.gz above {AppContext.BaseDirectory}");
    }
}
