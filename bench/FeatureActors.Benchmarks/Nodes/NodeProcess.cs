using System.Diagnostics;
using System.Text.Json;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.Benchmarks.Nodes;

/// <summary>A node in a process of its own, so that its CPU and memory are its own. It ends with this process.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private readonly Process _process;

    private NodeProcess(Process process) => _process = process;

    /// <summary>Process id.</summary>
    public int Id => _process.Id;

    /// <summary>CPU seconds so far.</summary>
    public double CpuSeconds => ProcessCost.CpuSeconds(Id);

    /// <summary>Starts a node.</summary>
    public static NodeProcess Start(NodeProcessOptions options)
    {
        var info = new ProcessStartInfo(Environment.ProcessPath ?? "dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        if (Path.GetFileNameWithoutExtension(info.FileName) == "dotnet")
        {
            info.ArgumentList.Add(typeof(NodeProcess).Assembly.Location);
        }

        info.ArgumentList.Add(NodeHost.Command);
        info.ArgumentList.Add(JsonSerializer.Serialize(options));
        return new NodeProcess(Process.Start(info) ?? throw new InvalidOperationException("could not start the node's process"));
    }

    /// <summary>Asks the node what it has done.</summary>
    public async Task<NodeFigures> AskAsync()
    {
        await _process.StandardInput.WriteLineAsync("figures").ConfigureAwait(false);
        await _process.StandardInput.FlushAsync().ConfigureAwait(false);
        string line = await _process.StandardOutput.ReadLineAsync().ConfigureAwait(false)
            ?? throw new InvalidOperationException("the node's process ended; its error is above");
        return JsonSerializer.Deserialize<NodeFigures>(line)!;
    }

    /// <summary>Asks until <paramref name="isReached"/>.</summary>
    public async Task<NodeFigures> WaitAsync(Func<NodeFigures, bool> isReached, TimeSpan limit, string phase)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            NodeFigures figures = await AskAsync().ConfigureAwait(false);
            if (isReached(figures))
            {
                return figures;
            }

            if (watch.Elapsed > limit)
            {
                throw new TimeoutException($"{phase}: not reached in {limit.TotalSeconds} s; {figures}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            await _process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}

/// <summary>What a node did, summed over its shards.</summary>
internal sealed record NodeFigures
{
    /// <summary>Events read.</summary>
    public long Events { get; init; }

    /// <summary>Rows applied.</summary>
    public long Rows { get; init; }

    /// <summary>Rows dropped as late.</summary>
    public long Late { get; init; }

    /// <summary>Events refused.</summary>
    public long Refused { get; init; }

    /// <summary>Log batches applied.</summary>
    public long LogBatches { get; init; }

    /// <summary>Groups evaluated.</summary>
    public long Evaluations { get; init; }

    /// <summary>Keys written.</summary>
    public long Writes { get; init; }

    /// <summary>Checkpoints committed.</summary>
    public long Checkpoints { get; init; }

    /// <summary>Entities committed.</summary>
    public long CheckpointEntities { get; init; }

    /// <summary>Bytes committed.</summary>
    public long CheckpointBytes { get; init; }

    /// <summary>Entities in memory.</summary>
    public long Entities { get; init; }

    /// <summary>Bytes of entities in memory.</summary>
    public long EntityBytes { get; init; }

    /// <summary>True once the sources ended and everything is published.</summary>
    public bool IsEnd { get; init; }

    /// <summary>Event-to-sink latencies, as <see cref="ShardCounters.LatencyBuckets"/>.</summary>
    public IReadOnlyList<long> Latencies { get; init; } = [];

    /// <summary>Managed heap, MiB.</summary>
    public double HeapMiB { get; init; }

    /// <summary>Bytes allocated since the start.</summary>
    public long Allocated { get; init; }

    /// <summary>Collections of any generation.</summary>
    public int Gen0 { get; init; }

    /// <summary>Collections of the oldest generation.</summary>
    public int Gen2 { get; init; }

    /// <summary>Memory that the collector holds, MiB, as of the last collection.</summary>
    public double CommittedMiB { get; init; }

    /// <summary>Sizes of generation 0, 1, 2, large and pinned objects after the last collection, MiB; in brackets what of it is free.</summary>
    public string GenerationsMiB { get; init; } = "";

    /// <summary>Memory that SQLite holds, MiB.</summary>
    public double SqliteMiB { get; init; }

    /// <summary>Most memory that SQLite held, MiB.</summary>
    public double SqliteHighestMiB { get; init; }

    /// <summary>Why something stands still.</summary>
    public string Halts { get; init; } = "";

    /// <summary>Event-to-sink latency at a quantile since the node said <paramref name="before"/>, ms.</summary>
    public double LatencyMs(NodeFigures before, double quantile) =>
        ShardCounters.Quantile([.. Latencies.Zip(before.Latencies, static (all, early) => all - early)], quantile);
}

/// <summary>How a node process runs.</summary>
internal sealed record NodeProcessOptions
{
    /// <summary>Longer than any benchmark.</summary>
    public static readonly TimeSpan Never = TimeSpan.FromDays(1);

    /// <summary>Profile name.</summary>
    public required string Profile { get; init; }

    /// <summary>Namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>Source topic; empty for events made in the process.</summary>
    public string Topic { get; init; } = "";

    /// <summary>Broker; empty for the embedded log.</summary>
    public string Kafka { get; init; } = "";

    /// <summary>Redis; empty for a sink that forgets.</summary>
    public string Redis { get; init; } = "";

    /// <summary>Shards.</summary>
    public int Shards { get; init; } = 8;

    /// <summary>The trigger in HOCON.</summary>
    public string Trigger { get; init; } = "{ on = update, coalesce = 1s }";

    /// <summary>True for event time as the clock.</summary>
    public bool IsEventClock { get; init; }

    /// <summary>Where checkpoints go.</summary>
    public StoreKind Store { get; init; } = StoreKind.Sqlite;

    /// <summary>Port of the PostgreSQL server on this machine, for <see cref="StoreKind.Postgres"/>.</summary>
    public int PostgresPort { get; init; }

    /// <summary>Seconds between checkpoints.</summary>
    public double CheckpointSeconds { get; init; } = 5;

    /// <summary>Events to make in the process.</summary>
    public long Events { get; init; }

    /// <summary>Keys of those.</summary>
    public int Keys { get; init; }

    /// <summary>Event time that those cover.</summary>
    public long SpanMs { get; init; }

    /// <summary>Bytes of entities in memory above which clean ones leave; 0 for the default.</summary>
    public long MemoryBytes { get; init; }
}
