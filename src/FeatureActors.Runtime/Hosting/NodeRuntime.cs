using FeatureActors.Abstractions.Errors;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Plugins;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Shards;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Runtime.Hosting;

/// <summary>
/// The actors of a node: an ingest actor for each source partition and a shard actor for each shard that it is given, one clock
/// for all, supervision, and an orderly end. Which shards and partitions these are, the ports say.
/// </summary>
public sealed partial class NodeRuntime : IAsyncDisposable
{
    private readonly NodePorts _ports;
    private readonly NodeRuntimeOptions _options;
    private readonly Dictionary<string, EntityPlan> _entities;
    private readonly IReadOnlyList<IngestPlan> _sources;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _gate;
    private readonly DeadLetterWriter _letters;
    private readonly ShardSupervisor _shards;
    private readonly SourceSupervisor _partitions;
    private readonly ShardWarmUp _warmUp;
    private long _lastTick;

    /// <summary>A runtime for the given plans.</summary>
    public NodeRuntime(
        NodePorts ports,
        NodeRuntimeOptions options,
        IReadOnlyList<EntityPlan> entities,
        IReadOnlyList<IngestPlan> sources,
        TimeProvider time,
        ILoggerFactory loggers)
    {
        _ports = ports;
        _options = options;
        _entities = entities.ToDictionary(static e => e.Entity, StringComparer.Ordinal);
        _sources = sources;
        _time = time;
        _logger = loggers.CreateLogger("FeatureActors.Runtime");
        _gate = new SemaphoreSlim(options.CheckpointsAtOnce);
        _letters = new DeadLetterWriter(ports.DeadLetters, time, _logger);
        var services = new ShardServices(ports, options, new ChunkPool(), _gate, _letters, time, _logger);

        // Shares are equal: the hash spreads keys evenly, and a fixed share needs no talk between shards.
        foreach (EntityPlan entity in entities)
        {
            entity.NameParts();
        }

        _parts =
        [
            .. entities.SelectMany(static e => e.Parts()), .. entities.SelectMany(ShardWarmUp.TriggersOf),
            .. sources.SelectMany(static s => s.Parts), .. ports.Plugins,
        ];
        ShardOptions shardOptions = options.Shard with
        {
            MemoryBytes = Math.Max(1024 * 1024, options.MemoryBytes / Math.Max(1, entities.Sum(static e => e.Shards))),
            WriteFormat = options.WriteFormat,
        };
        _shards = new ShardSupervisor(services, _entities, shardOptions);
        _partitions = new SourceSupervisor(services);
        _warmUp = new ShardWarmUp(services, sources, shardOptions);
    }

    /// <summary>What the node is doing.</summary>
    public NodeStatus Status => new(
        [
            .. _shards.Actors.OrderBy(static a => a.Shard.Entity, StringComparer.Ordinal).ThenBy(static a => a.Shard.Partition)
                .Select(static a => new ShardStatus(a.Shard, a.State, a.Epoch, a.ClockMs, a.NextOffset, a.Cold, a.IsEndPublished, a.Halt, a.Counters)
                {
                    LogEnd = a.LogEnd,
                    PublishQueue = a.PublishQueue,
                    IsWaiting = a.IsWaiting,
                }),
        ],
        [
            .. _partitions.Actors.OrderBy(static a => a.Source, StringComparer.Ordinal).ThenBy(static a => a.Partition)
                .Select(static a => new SourceStatus(a.Source, a.Partition, a.State, a.Halt, a.Counters)),
        ],
        new Dictionary<string, long>(_letters.Counts),
        _shards.Steals)
    {
        Plugins = [.. _parts.Select(static p => new PluginStatus(p.Kind, p.Name, p.Plugin, p.Faults, p.IsOff, p.OffReason, p.LastError))],
        PluginsSwitchedOff = Interlocked.Read(ref _switchedOff),
        StuckThreads = Volatile.Read(ref _stuckThreads),
        Rebalances = _shards.Rebalances,
    };

    /// <summary>Runs until cancelled, then drains within <see cref="NodeRuntimeOptions.StopBudget"/>.</summary>
    /// <exception cref="LogSetupException">A shard log is missing or does not fit.</exception>
    /// <exception cref="RestartNeededException">Calls of plug-ins hang in too many threads.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _restart.Token);
        using StuckCallWatchdog? watchdog = StartWatchdog();
        await RunUntilAsync(ended.Token).ConfigureAwait(false);
        if (_restart.IsCancellationRequested)
        {
            throw new RestartNeededException($"{_stuckThreads} threads hang in calls of plug-ins: start the node again; what hung is switched off");
        }
    }

    private async Task RunUntilAsync(CancellationToken cancellationToken)
    {
        await _shards.OpenLogsAsync(cancellationToken).ConfigureAwait(false);
        using var late = new CancellationTokenSource();
        using var leave = new CancellationTokenSource();
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task letters = IgnoreEndAsync(_letters.RunAsync(late.Token));
        if (_options.IsShard)
        {
            await _warmUp.RunAsync(_entities.Values, cancellationToken).ConfigureAwait(false);
        }

        Task ticker = IgnoreEndAsync(TickAsync(late.Token));
        Task shards = _options.IsShard ? StopAtFaultAsync(_shards.WatchAsync(leave.Token), stop) : Task.CompletedTask;
        Task[] sources = _options.IsIngest ? [.. _sources.Select(s => StopAtFaultAsync(_partitions.WatchAsync(s, stop.Token), stop))] : [];
        await Task.Delay(Timeout.InfiniteTimeSpan, _time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // Nothing new is begun; then last checkpoints; and only then the shards are handed back, for the next owner begins at those.
        _shards.BeginStop();
        _partitions.BeginStop();

        // Leaving the sources' groups may take seconds and goes on meanwhile.
        long stoppingSince = _time.GetTimestamp();
        await _partitions.EndAllAsync().ConfigureAwait(false);
        await _shards.RetireAsync(shards).ConfigureAwait(false);
        TimeSpan left = _options.StopBudget - _time.GetElapsedTime(stoppingSince);
        await _shards.EndAllAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero).ConfigureAwait(false);
        await leave.CancelAsync().ConfigureAwait(false);
        await late.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll([letters, ticker, shards, _shards.ArrivalsToldAsync(), .. sources]).ConfigureAwait(false);
    }

    // A watch that ends with an error that no repetition mends ends the node, which then says so.
    private static async Task StopAtFaultAsync(Task watch, CancellationTokenSource stop)
    {
        try
        {
            await watch.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _gate.Dispose();
        _restart.Dispose();
        _exchangeGate.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task IgnoreEndAsync(Task task)
    {
        try
        {
            await task.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.TickInterval, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            long now = _time.GetUtcNow().ToUnixTimeMilliseconds();
            long monotonic = (long)_time.GetElapsedTime(0).TotalMilliseconds;
            Volatile.Write(ref _lastTick, _time.GetTimestamp());
            foreach (ShardActor shard in _shards.Actors)
            {
                shard.Tick(now, monotonic);
            }
        }
    }
}
