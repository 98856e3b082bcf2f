using FeatureActors.Abstractions.Errors;
using FeatureActors.Benchmarks;
using FeatureActors.Benchmarks.Nodes;

const string Usage = """
    usage: fa bench NAME [--json FILE] [--runs 5] [--events N] [--keys N] [--profile simple,rich]
      limits       what the parts cost bare: consuming, JSON, Redis writes, a slab update
      apply        events into a shard in memory, beside the bare slab update with the same keys
      evaluate     all windows of one key that has hundreds of slots, beside bare sums over as many; every type
      pipeline     Kafka to Redis: CPU of the node per million events, events/s, latency, memory
      redis-side   the same features kept by Redis commands per event, without reads and with one per ten events
      memory       20 million events over a million keys and seven days: resident set
      takeover     kill -9 of a node at 20,000 events/s, with a small and a large table, and planned moves: how long a shard stands still
      --span-minutes N  pipeline, redis-side: event times cover N minutes back from now (default 0)
      --paced-seconds N, --paced-rate N, --coalesce-ms N  pipeline: length of the latency run and its events/s; how long updates of a key are gathered
      --store off,sqlite,postgres         pipeline: where checkpoints go; several are run in turn, and what they add to none is shown
      --moves N, --entities N   takeover: moves at least (100); rows of the large table (2,000,000);
                                --profile kill-small,kill-large,kill-ingest,moves-lease,moves-group
      --logs FOLDER             takeover: keeps what the nodes logged
    """;

if (args.Length == 2 && args[0] == NodeHost.Command)
{
    await NodeHost.RunAsync(args[1]).ConfigureAwait(false);
    return 0;
}

if (args.Contains("--help"))
{
    Console.WriteLine(Usage);
    return 0;
}

try
{
    BenchOptions options = BenchOptions.Parse(args);
    switch (options.Name)
    {
        case "limits":
            await LimitsBenchmark.RunAsync(options).ConfigureAwait(false);
            return 0;
        case "apply":
            ApplyBenchmark.Run(options);
            return 0;
        case "evaluate":
            EvaluateBenchmark.Run(options);
            return 0;
        case "pipeline":
            await PipelineBenchmark.RunAsync(options).ConfigureAwait(false);
            return 0;
        case "redis-side":
            await RedisSideBenchmark.RunAsync(options).ConfigureAwait(false);
            return 0;
        case "memory":
            return await MemoryBenchmark.RunAsync(options).ConfigureAwait(false);
        case "takeover":
            await TakeOverBenchmark.RunAsync(options).ConfigureAwait(false);
            return 0;
        default:
            throw new ArgumentException($"unknown benchmark {options.Name}; there are limits, apply, evaluate, pipeline, redis-side, memory, takeover");
    }
}
catch (ArgumentException error)
{
    await Console.Error.WriteLineAsync(error.Message).ConfigureAwait(false);
    await Console.Error.WriteLineAsync(Usage).ConfigureAwait(false);
    return 2;
}
catch (DependencyUnavailableException error)
{
    await Console.Error.WriteLineAsync(error.Message).ConfigureAwait(false);
    return 3;
}
