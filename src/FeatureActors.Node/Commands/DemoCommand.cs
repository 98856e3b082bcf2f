using System.CommandLine;
using System.Globalization;
using FeatureActors.Client;
using FeatureActors.LocalServers;
using FeatureActors.Node.Hosting;
using FeatureActors.Node.Logging;
using FeatureActors.Node.Options;
using FeatureActors.Runtime.Hosting;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace FeatureActors.Node.Commands;

/// <summary>
/// <c>fa demo</c>: the main job with nothing set up. The bundled year of a gift shop is replayed into a node, its features go to a
/// real Redis, and a few of them are read back as a recommendation server would.
/// </summary>
internal static class DemoCommand
{
    private const string Source = "purchases";

    // Behind the last invoice of the set, 2011-12-09T12:50Z.
    private const long EndMs = 1_323_435_600_000;

    // A list or map is shown by its beginning: a line each.
    private const int ShownMax = 64;

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);

    private static readonly Option<bool> Kafka = new("--kafka") { Description = "Through a real Kafka broker instead of a file and an embedded log" };

    private static readonly Option<bool> WithPlugins = new("--with-plugins")
    {
        Description = "The sample plug-ins in a running node, one exchanged for its next version, one made to misbehave",
    };

    private static readonly (string Group, string Key, string[] Features)[] Shown =
    [
        ("item_sales", "85123A", ["buys:1d", "buys:30d", "cancel_rate:30d", "quantity:week_before", "buyers:7d", "last_buyers:30d"]),
        ("item_sales", "22423", ["buys:1d", "buys:30d", "cancel_rate:30d", "quantity:week_before", "buyers:7d", "last_buyers:30d"]),
        ("customer_habits", "17841", ["lines:7d", "lines:30d", "mean_quantity:30d", "by_category:7d", "last_items:30d", "last_action"]),
        ("category_trend", "226", ["events:1d", "events:30d", "purchase_rate:30d", "items:7d", "last_item:7d"]),
    ];

    public static Command Create(CommandHost host)
    {
        var command = new Command("demo", "Replays a real year of purchases and shows the features that Redis then serves") { Kafka, WithPlugins };
        command.SetAction((result, cancellationToken) => RunAsync(result.GetValue(Kafka), result.GetValue(WithPlugins), host, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(bool isKafka, bool withPlugins, CommandHost host, CancellationToken cancellationToken)
    {
        string samples = FindSamples();
        string folder = Directory.CreateTempSubdirectory("fa-demo-").FullName;
        try
        {
            host.Say("starting a redis-server for the demo" + (isKafka ? " and a Kafka broker" : ""));
            RedisServer redis = await RedisServer.StartAsync(null, host.Time, cancellationToken).ConfigureAwait(false);
            await using (redis.ConfigureAwait(false))
            {
                if (withPlugins)
                {
                    return await PluginDemo.RunAsync(Path.Combine(samples, "..", ".."), folder, redis, host, cancellationToken).ConfigureAwait(false);
                }

                KafkaServer? broker = isKafka ? await StartBrokerAsync(host, cancellationToken).ConfigureAwait(false) : null;
                try
                {
                    NodeOptions options = OptionsOf(samples, folder, redis, broker);
                    return await ReplayAsync(options, samples, host, cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    if (broker is not null)
                    {
                        await broker.DisposeAsync().ConfigureAwait(false);
                    }
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string FindSamples()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string folder = Path.Combine(at.FullName, "samples", "online-retail");
            if (File.Exists(Path.Combine(folder, "definitions.conf")))
            {
                return folder;
            }
        }

        throw new UsageException("the demo's data is not there: run ./fa demo in a checkout of the repository, which has it in samples/online-retail");
    }

    private static async Task<KafkaServer> StartBrokerAsync(CommandHost host, CancellationToken cancellationToken)
    {
        KafkaServer broker = await KafkaServer.StartAsync(null, host.Time, cancellationToken).ConfigureAwait(false);
        await broker.CreateTopicAsync(Source, 4, null, cancellationToken).ConfigureAwait(false);

        // This broker is too old to create topics for clients.
        await broker.CreateTopicAsync("fa.shop.item", 8, null, cancellationToken).ConfigureAwait(false);
        await broker.CreateTopicAsync("fa.shop.customer", 8, null, cancellationToken).ConfigureAwait(false);
        await broker.CreateTopicAsync("fa.shop.category", 4, null, cancellationToken).ConfigureAwait(false);
        return broker;
    }

    private static NodeOptions OptionsOf(string samples, string folder, RedisServer redis, KafkaServer? broker)
    {
        var options = new NodeOptions
        {
            Definitions = Path.Combine(samples, "definitions.conf"),
            Name = "demo",
            DataDirectory = folder,
            Redis = new RedisSection { Host = LocalServer.Host, Port = redis.Port },
        };
        return broker is null
            ? options with { Sources = new Dictionary<string, SourceSection> { [Source] = new(Path.Combine(samples, "events.csv.gz"), EndMs) } }
            : options with
            {
                Log = "kafka",
                Kafka = new KafkaSection { BootstrapServers = broker.Endpoint, Properties = new Dictionary<string, string>(KafkaServer.ClientSettings) },
            };
    }

    private static async Task<int> ReplayAsync(NodeOptions options, string samples, CommandHost host, CancellationToken cancellationToken)
    {
        using var loggers = new ConsoleLoggers(host.Error, LogLevel.Warning, host.Time);
        NodeComposition node = await NodeComposition.BuildAsync(options, host.Time, loggers, cancellationToken).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            long started = host.Time.GetTimestamp();
            Task run = node.RunAsync(stop.Token);
            Task writing = options.Log == "kafka"
                ? ReplayCommand.ReplayAsync(options, node.Model.Source(Source), Path.Combine(samples, "events.csv.gz"), rate: null, EndMs, host, stop.Token)
                : Task.CompletedTask;
            NodeStatus status = await WatchAsync(node, run, host, cancellationToken).ConfigureAwait(false);
            await writing.ConfigureAwait(false);
            TimeSpan took = host.Time.GetElapsedTime(started);
            bool isComplete = await ShowAsync(options, status, took, host, cancellationToken).ConfigureAwait(false);
            await stop.CancelAsync().ConfigureAwait(false);
            await run.ConfigureAwait(false);
            return isComplete ? ExitCodes.Done : ExitCodes.Failed;
        }
    }

    /// <summary>Prints progress until everything is published.</summary>
    private static async Task<NodeStatus> WatchAsync(NodeComposition node, Task run, CommandHost host, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(ProgressInterval, host.Time);
        NodeStatus status;
        do
        {
            await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
            status = node.Runtime.Status;
            if (run.IsCompleted)
            {
                await run.ConfigureAwait(false);
                throw new InvalidDataException("the node stopped before the replay was over");
            }

            if (status.Halts.FirstOrDefault() is { } halt)
            {
                throw new InvalidDataException(halt);
            }

            host.Say(ProgressOf(status));
        }
        while (!status.IsEndPublished);

        return status;
    }

    private static string ProgressOf(NodeStatus status)
    {
        long rows = status.Sources.Sum(static s => s.Counters.Rows);
        long applied = status.Shards.Sum(static s => s.Counters.Rows + s.Counters.Repeated);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{status.Sources.Sum(static s => s.Counters.Events),9:N0} events read, {applied,11:N0} rows applied, lag {Math.Max(0, rows - applied),9:N0} rows, "
            + $"{status.Shards.Sum(static s => s.Counters.Values),10:N0} feature values written{LatencyOf(status)}");
    }

    // Nothing until something was measured: 0 ms would be taken for a figure.
    private static string LatencyOf(NodeStatus status) => status.LatencyMs(0.99) > 0
        ? string.Create(CultureInfo.InvariantCulture, $", event to Redis p50 {status.LatencyMs(0.5):N0} ms, p99 {status.LatencyMs(0.99):N0} ms")
        : "";

    private static async Task<bool> ShowAsync(
        NodeOptions options, NodeStatus status, TimeSpan took, CommandHost host, CancellationToken cancellationToken)
    {
        string address = string.Create(CultureInfo.InvariantCulture, $"{options.Redis.Host}:{options.Redis.Port}");
        FeatureClient client = await FeatureClient
            .ConnectAsync(new FeatureClientOptions { Namespace = "shop", ConnectionString = address }, cancellationToken).ConfigureAwait(false);
        bool isComplete = true;
        await using (client.ConfigureAwait(false))
        {
            var table = new Table().Border(TableBorder.Simple).AddColumns("group", "key", "feature", "value in Redis");
            foreach ((string group, string key, string[] features) in Shown)
            {
                FeatureRow row = await client.ReadAsync(client.Prepare(group, features), key, cancellationToken).ConfigureAwait(false);
                isComplete &= row.Exists;
                foreach (string feature in features)
                {
                    string value = row.Text(feature) ?? "(absent)";
                    value = value.Length <= ShownMax ? value : value[..ShownMax] + " …";
                    table.AddRow(Markup.Escape(group), Markup.Escape(key), Markup.Escape(feature), Markup.Escape(value));
                }
            }

            IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(host.Out) });
            console.Profile.Width = Math.Max(console.Profile.Width, 120);
            console.Write(table);
        }

        await host.Out.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{status.Sources.Sum(static s => s.Counters.Events):N0} events became {status.Shards.Sum(static s => s.Counters.Writes):N0} writes of {status.Shards.Sum(static s => s.Counters.Values):N0} feature values in {took.TotalSeconds:N1} s."))
            .ConfigureAwait(false);
        await host.Out.WriteLineAsync(
            """

            Next:
              ./fa demo --kafka                          the same through a real Kafka broker
              ./fa plan --definitions samples/online-retail/definitions.conf
              ./fa batch --definitions samples/online-retail/definitions.conf --input samples/online-retail/events.csv.gz \
                  --source purchases --at 2011-11-01T12:00:00Z --output features.jsonl
              docs/definitions.md                        write features of your own
            """).ConfigureAwait(false);
        return isComplete;
    }
}
