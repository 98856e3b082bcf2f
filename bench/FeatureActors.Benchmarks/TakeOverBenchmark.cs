using FeatureActors.Benchmarks.Nodes;
using FeatureActors.Benchmarks.Reports;
using FeatureActors.Benchmarks.TakeOver;
using FeatureActors.Kafka;
using FeatureActors.LocalServers;

namespace FeatureActors.Benchmarks;

/// <summary>
/// How long shards stand still when they change their node: by a kill, and by plan. Real nodes over a real broker, database and Redis, at
/// 20,000 events a second, with a node's default settings.
/// </summary>
internal static class TakeOverBenchmark
{
    private const int Rate = 20_000;
    private const int Keys = 10_000;
    private const int ManyShards = 16;

    private static readonly string[] Parts = ["kill-small", "kill-large", "kill-ingest", "moves-lease", "moves-group"];

    /// <summary>Runs it.</summary>
    public static async Task RunAsync(BenchOptions options)
    {
        options = options with { Profiles = options.Profiles.Count > 0 ? options.Profiles : Parts, Keys = options.Keys > 0 ? options.Keys : Keys };
        if (options.Profiles.FirstOrDefault(static p => !Parts.Contains(p)) is { } unknown)
        {
            throw new ArgumentException($"takeover has the profiles {string.Join(", ", Parts)}, not {unknown}");
        }

        var report = new BenchReport("takeover", options);
        Preloaded servers = await Preloaded.StartAsync().ConfigureAwait(false);
        PostgresServer postgres = await PostgresServer.StartAsync().ConfigureAwait(false);
        await using (servers.ConfigureAwait(false))
        await using (postgres.ConfigureAwait(false))
        {
            foreach (string part in options.Profiles)
            {
                await RunAsync(part, options, servers, postgres, report).ConfigureAwait(false);
            }
        }

        report.Finish();
    }

    private static async Task RunAsync(string part, BenchOptions options, Preloaded servers, PostgresServer postgres, BenchReport report)
    {
        bool isKill = part.StartsWith("kill", StringComparison.Ordinal);
        string name = part.Replace('-', '_');
        NodeCluster cluster = await NodeCluster.StartAsync(
            new NodeClusterOptions(name, part == "moves-group" ? "group" : "lease", isKill ? 2 : ManyShards, options.Keys, Rate) { AllIngest = part == "kill-ingest", Logs = options.Logs },
            servers,
            postgres)
            .ConfigureAwait(false);
        await using (cluster.ConfigureAwait(false))
        {
            if (!isKill)
            {
                if (part == "moves-group")
                {
                    report.Add("moves-group, settings", ("heartbeat interval, ms", new KafkaOptions { BootstrapServers = "-" }.HeartbeatInterval.TotalMilliseconds));
                }

                foreach ((string row, (string, double)[] figures) in await MoveRun.RunAsync(cluster, part, options.Moves).ConfigureAwait(false))
                {
                    report.Add(row, figures);
                }

                return;
            }

            await cluster.SeedAsync(0, part == "kill-large" ? options.Entities : 10_000).ConfigureAwait(false);
            cluster.StartLoad();
            var kills = new KillRun(cluster, servers, name);
            var runs = new List<(string, double)[]>();
            for (int run = 0; run < options.Runs; run++)
            {
                runs.Add(await kills.RunOnceAsync(TimeSpan.FromSeconds(5.0 * run / options.Runs)).ConfigureAwait(false));
                await Console.Error.WriteLineAsync($"{part}: {string.Join(", ", runs[^1])}").ConfigureAwait(false);
            }

            report.AddMedians(part, runs);
        }
    }
}
