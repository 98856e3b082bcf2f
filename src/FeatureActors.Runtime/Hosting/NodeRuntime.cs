using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Plugins;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Ingest;
using FeatureActors.Runtime.Ownership;
using FeatureActors.Runtime.Shards;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Runtime.Hosting;

/// <summary>
/// The actors of a node: an ingest actor for each source partition and a shard actor for each shard that it is given, one clock
/// for all, supervision, and an orderly end. Which shards and partitions these are, the ports say.
/// </summary>
public sealed partial class NodeRuntime : IAsyncDisposable
{
    private static readonly TimeSpan StealDelayMin = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StealDelaySpread = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WarmUpTimeout = TimeSpan.FromSeconds(5);

    // Two steals within this time are no accident: somebody else believes to own the shard, too.
    private static readonly TimeSpan StealsApart = TimeSpan.FromMinutes(1);

    private readonly NodePorts _ports;
    private readonly NodeRuntimeOptions _options;
    private readonly Dictionary<string, EntityPlan> _entities;
    private readonly IReadOnlyList<IngestPlan> _sources;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _gate;
    private readonly DeadLetterWriter _letters;
    private readonly ShardServices _services;
    private readonly ConcurrentDictionary<ShardId, RunningShard> _shards = new();
    private readonly ConcurrentDictionary<(string Source, int Partition), RunningSource> _partitions = new();
    private readonly ConcurrentDictionary<RunningShard, bool> _tidying = new();
    private readonly Dictionary<string, string> _logIdentities = [];
    private readonly ShardOptions _shardOptions;
    private long _steals;
    private long _lastTick;
    private long _rebalances;
    private volatile bool _isStopping;

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
        _services = new ShardServices(ports, options, new ChunkPool(), _gate, _letters, time, _logger);

        // Shares are equal: the hash spreads keys evenly, and a fixed share needs no talk between shards.
        foreach (EntityPlan entity in entities)
        {
            entity.NameParts();
        }

        _parts =
        [
            .. entities.SelectMany(static e => e.Parts()), .. entities.SelectMany(TriggersOf),
            .. sources.SelectMany(static s => s.Parts), .. ports.Plugins,
        ];
        _shardOptions = options.Shard with { MemoryBytes = Math.Max(1024 * 1024, options.MemoryBytes / Math.Max(1, entities.Sum(static e => e.Shards))) };
    }

    /// <summary>What the node is doing.</summary>
    public NodeStatus Status => new(
        [
            .. _shards.Values.Select(static r => r.Actor).OrderBy(static a => a.Shard.Entity, StringComparer.Ordinal).ThenBy(static a => a.Shard.Partition)
                .Select(static a => new ShardStatus(a.Shard, a.State, a.Epoch, a.ClockMs, a.NextOffset, a.Cold, a.IsEndPublished, a.Halt, a.Counters)
                {
                    LogEnd = a.LogEnd,
                    PublishQueue = a.PublishQueue,
                }),
        ],
        [
            .. _partitions.Values.Select(static r => r.Actor).OrderBy(static a => a.Source, StringComparer.Ordinal).ThenBy(static a => a.Partition)
                .Select(static a => new SourceStatus(a.Source, a.Partition, a.State, a.Halt, a.Counters)),
        ],
        new Dictionary<string, long>(_letters.Counts),
        Interlocked.Read(ref _steals))
    {
        Plugins = [.. _parts.Select(static p => new PluginStatus(p.Kind, p.Name, p.Plugin, p.Faults, p.IsOff, p.OffReason, p.LastError))],
        PluginsSwitchedOff = Interlocked.Read(ref _switchedOff),
        StuckThreads = Volatile.Read(ref _stuckThreads),
        Rebalances = Interlocked.Read(ref _rebalances),
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
        foreach (EntityPlan entity in _entities.Values)
        {
            _logIdentities[entity.Entity] = await _ports.Log.OpenAsync(entity.Entity, entity.Shards, cancellationToken).ConfigureAwait(false);
        }

        using var late = new CancellationTokenSource();
        using var leave = new CancellationTokenSource();
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task letters = IgnoreEndAsync(_letters.RunAsync(late.Token));
        if (_options.IsShard)
        {
            await Task.WhenAll(_entities.Values.Select(e => WarmUpAsync(e, cancellationToken))).ConfigureAwait(false);
        }

        Task ticker = IgnoreEndAsync(TickAsync(late.Token));
        Task shards = _options.IsShard ? StopAtFaultAsync(WatchShardsAsync(leave.Token), stop) : Task.CompletedTask;
        Task[] sources = _options.IsIngest ? [.. _sources.Select(s => StopAtFaultAsync(WatchSourceAsync(s, stop.Token), stop))] : [];
        await Task.Delay(Timeout.InfiniteTimeSpan, _time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // Nothing new is begun; then last checkpoints; and only then the shards are handed back, for the next owner begins at those.
        _isStopping = true;

        // Leaving the sources' groups may take seconds and goes on meanwhile.
        long stoppingSince = _time.GetTimestamp();
        await Task.WhenAll(_partitions.Values.Select(EndAsync)).ConfigureAwait(false);
        await RetireAsync(shards).ConfigureAwait(false);
        TimeSpan left = _options.StopBudget - _time.GetElapsedTime(stoppingSince);
        await Task.WhenAll(_shards.Values.Select(s => EndAsync(s, left > TimeSpan.Zero ? left : TimeSpan.Zero))).ConfigureAwait(false);
        await Task.WhenAll(_tidying.Keys.Select(static r => r.Task)).ConfigureAwait(false);
        await leave.CancelAsync().ConfigureAwait(false);
        await late.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll([letters, ticker, shards, .. _shards.Values.Select(static s => s.Arrival), .. sources]).ConfigureAwait(false);
    }

    /// <summary>
    /// Does once what taking a shard over needs, without taking one: clients connect and code is compiled before a shard stands still for
    /// it. What is away now is waited for later.
    /// </summary>
    private async Task WarmUpAsync(EntityPlan entity, CancellationToken cancellationToken)
    {
        var shard = new ShardId(entity.Entity, 0);
        using var timeout = new CancellationTokenSource(WarmUpTimeout, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await _ports.Checkpoints.ReadHeaderAsync(shard, either.Token).ConfigureAwait(false);
            LogRange range = await _ports.Log.GetRangeAsync(shard, either.Token).ConfigureAwait(false);
            IShardLogReader reader = await _ports.Log.ReadFromAsync(shard, range.End, either.Token).ConfigureAwait(false);
            await reader.DisposeAsync().ConfigureAwait(false);
            await _ports.Sink.ReadFenceAsync(shard, either.Token).ConfigureAwait(false);

            // Plug-ins are called for real rows only.
            if (_ports.Ownership is not StaticOwnership && !entity.Parts().Any() && !TriggersOf(entity).Any())
            {
                await new ShardRehearsal(entity, _sources, _shardOptions, _services).RunAsync(either.Token).ConfigureAwait(false);
            }
        }
        catch (FeatureActorsException error)
        {
            Log.Waits(_logger, $"warming up for shards of {entity.Entity}", error.Message);
        }
        catch (OperationCanceledException)
        {
            // Whatever is so slow is met again when a shard is taken over.
        }
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
            foreach (RunningShard shard in _shards.Values)
            {
                shard.Actor.Tick(now, monotonic);
            }
        }
    }

    private async Task WatchShardsAsync(CancellationToken cancellationToken)
    {
        var counts = _entities.ToDictionary(static e => e.Key, static e => e.Value.Shards);
        while (true)
        {
            try
            {
                await foreach (OwnershipChange change in _ports.Ownership.WatchAsync(counts, cancellationToken).ConfigureAwait(false))
                {
                    Interlocked.Increment(ref _rebalances);

                    // Assigned again without having been revoked is a new generation: what the old one holds is void.
                    await RevokeAsync(change.Shard).ConfigureAwait(false);
                    if (change.IsAssigned)
                    {
                        await StartShardAsync(change.Shard).ConfigureAwait(false);
                    }
                }

                return;
            }
            catch (FeatureActorsException error) when (error.IsTransient)
            {
                // Not a member any more: what was assigned is others' from now on.
                Log.Waits(_logger, "ownership of shards", error.Message);
                await Task.WhenAll(_shards.Keys.Select(RevokeAsync)).ConfigureAwait(false);
                await Task.Delay(Retry, _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task StartShardAsync(ShardId shard)
    {
        if (_isStopping)
        {
            return;
        }

        var stop = new CancellationTokenSource();
        var running = new RunningShard(NewActor(shard), stop);
        _shards[shard] = running;
        Task arrived = running.Actor.Arrived;
        running.Task = Task.Run(() => SuperviseAsync(running, stop.Token), CancellationToken.None);
        running.Arrival = TellArrivalAsync(shard, arrived);
        if (_isStopping)
        {
            await EndAsync(running, _options.RevokeBudget).ConfigureAwait(false);
        }
    }

    private async Task TellArrivalAsync(ShardId shard, Task arrived)
    {
        await arrived.ConfigureAwait(false);
        try
        {
            await _ports.Ownership.ArrivedAsync(shard).ConfigureAwait(false);
        }
        catch (Exception error) when (error is FeatureActorsException or OperationCanceledException or ObjectDisposedException)
        {
            // Whoever waits for it does not wait for ever.
        }
    }

    private ShardActor NewActor(ShardId shard) =>
        new(shard, _entities[shard.Entity], _logIdentities[shard.Entity], _shardOptions, _services);

    /// <summary>Runs a shard for as long as it is assigned: after a fence or a fault it is acquired again.</summary>
    private async Task SuperviseAsync(RunningShard running, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            ShardState end = await RunOrAbandonAsync(running, cancellationToken).ConfigureAwait(false);
            if (end == ShardState.Released || cancellationToken.IsCancellationRequested)
            {
                return;
            }

            TimeSpan delay = running.Actor.IsAbandoned ? TimeSpan.Zero : Retry;
            if (end == ShardState.Fenced)
            {
                Interlocked.Increment(ref _steals);
                if (await IsTakenForGoodAsync(running).ConfigureAwait(false))
                {
                    return;
                }

                delay = StealDelayMin + (StealDelaySpread * Jitter(running.Actor));
            }

            try
            {
                await Task.Delay(delay, _time, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            running.Actor = NewActor(running.Actor.Shard);
        }
    }

    /// <summary>
    /// A shard that was stolen once is acquired again: the other may have been a zombie, or was wrong. One that is stolen twice under the
    /// same assignment is left alone until the ownership gives it to this node anew: else two nodes, one of which never heard that it lost
    /// the shard, would take it from each other for ever.
    /// </summary>
    private async Task<bool> IsTakenForGoodAsync(RunningShard running)
    {
        long now = _time.GetTimestamp();
        bool isAgain = running.StolenAt is { } before && _time.GetElapsedTime(before, now) < StealsApart;
        running.StolenAt = now;
        if (!isAgain || !await _ports.Ownership.DoubtAsync(running.Actor.Shard).ConfigureAwait(false))
        {
            return false;
        }

        Log.Doubted(_logger, running.Actor.Shard);
        return true;
    }

    // Spreads nodes that fight for a shard apart; the epoch differs on each, so no random source is needed.
    private static double Jitter(ShardActor actor) => (actor.Epoch.Value * 0.618033988749895) % 1.0;

    [SuppressMessage("Design", "CA1031", Justification = "A broken invariant stops its shard, not the node: it is acquired again from its checkpoint.")]
    private async Task<ShardState> RunShardAsync(ShardActor actor, CancellationToken cancellationToken)
    {
        try
        {
            return await actor.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            Log.ShardBroke(_logger, error, actor.Shard);
            return ShardState.Faulted;
        }
    }

    private async Task RevokeAsync(ShardId shard)
    {
        if (_shards.TryRemove(shard, out RunningShard? running))
        {
            await EndAsync(running, _options.RevokeBudget).ConfigureAwait(false);
        }
    }

    private async Task EndAsync(RunningShard running, TimeSpan budget)
    {
        if (!running.TryBeginEnd())
        {
            await Task.WhenAny(running.Task, Task.Delay(budget, _time)).ConfigureAwait(false);
            return;
        }

        // Behind its last checkpoint the shard may go on elsewhere, while this one's reader is still being closed. Past its budget it is
        // abandoned: the epoch keeps whatever it still does from taking effect.
        running.Actor.Revoke();
        await Task.WhenAny(running.Actor.LetGo, running.Task, Task.Delay(budget, _time)).ConfigureAwait(false);
        await running.Stop.CancelAsync().ConfigureAwait(false);
        if (running.Task.IsCompleted)
        {
            running.Stop.Dispose();
        }
        else if (running.Actor.LetGo.IsCompleted)
        {
            _tidying.TryAdd(running, true);
            _ = running.Task.ContinueWith(_ => _tidying.TryRemove(running, out bool _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task WatchSourceAsync(IngestPlan plan, CancellationToken cancellationToken)
    {
        IEventSource source = _ports.Sources[plan.Source];
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await foreach (SourceAssignment change in source.WatchAsync(cancellationToken).ConfigureAwait(false))
                {
                    if (_partitions.TryRemove((plan.Source, change.Partition), out RunningSource? old))
                    {
                        await EndAsync(old).ConfigureAwait(false);
                    }

                    if (change.IsAssigned && !_isStopping)
                    {
                        StartPartition(plan, source, change.Partition);
                        if (_isStopping && _partitions.TryGetValue((plan.Source, change.Partition), out RunningSource? late))
                        {
                            await EndAsync(late).ConfigureAwait(false);
                        }
                    }
                }

                return;
            }
            catch (FeatureActorsException error) when (error.IsTransient)
            {
                Log.Waits(_logger, $"source {plan.Source}", error.Message);
                await Task.Delay(Retry, _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private void StartPartition(IngestPlan plan, IEventSource source, int partition)
    {
        var stop = new CancellationTokenSource();
        var actor = new IngestActor(plan, source, partition, _ports, _options, _letters, _time, _logger);
        _partitions[(plan.Source, partition)] = new RunningSource(
            actor, stop, Task.Run(() => actor.RunAsync(stop.Token), CancellationToken.None), () => StartPartition(plan, source, partition));
    }

    private static async Task EndAsync(RunningSource running)
    {
        if (!running.TryBeginEnd())
        {
            await running.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        await running.Stop.CancelAsync().ConfigureAwait(false);
        await running.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        running.Stop.Dispose();
    }

    /// <summary>Gives shards to others one by one where the ownership can, for at most half of the time there is: each stands still for a moment only.</summary>
    private async Task RetireAsync(Task watch)
    {
        try
        {
            using var half = new CancellationTokenSource(_options.StopBudget / 2, _time);
            if (!watch.IsCompleted && !_shards.IsEmpty && await _ports.Ownership.RetireAsync(half.Token).ConfigureAwait(false))
            {
                await watch.WaitAsync(half.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        catch (Exception error) when (error is FeatureActorsException or OperationCanceledException)
        {
            // Then all at once.
        }
    }

    private sealed class RunningShard(ShardActor actor, CancellationTokenSource stop)
    {
        private int _isEnding;

        /// <summary>True for the first who ends it; whoever comes later only waits.</summary>
        public bool TryBeginEnd() => Interlocked.Exchange(ref _isEnding, 1) == 0;

        public ShardActor Actor { get; set; } = actor;

        public CancellationTokenSource Stop { get; } = stop;

        public Task Task { get; set; } = Task.CompletedTask;

        /// <summary>Ends when the ownership was told that the shard runs here.</summary>
        public Task Arrival { get; set; } = Task.CompletedTask;

        /// <summary>When the shard was found to be another's, last; null for never under this assignment.</summary>
        public long? StolenAt { get; set; }

        /// <summary>Ends when the actor of the moment was given up.</summary>
        public TaskCompletionSource Abandoned { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed record RunningSource(IngestActor Actor, CancellationTokenSource Stop, Task Task, Action StartAgain)
    {
        private int _isEnding;

        /// <summary>True for the first who ends it; whoever comes later only waits.</summary>
        public bool TryBeginEnd() => Interlocked.Exchange(ref _isEnding, 1) == 0;
    }
}
