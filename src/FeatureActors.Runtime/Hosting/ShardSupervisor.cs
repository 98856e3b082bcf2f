using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.Runtime.Hosting;

/// <summary>
/// The shards that a node is given: an actor for each, which is begun again after a fence or a fault for as long as the shard is assigned, and
/// ended in order. Which shards these are, the ownership says.
/// </summary>
internal sealed class ShardSupervisor(ShardServices services, IReadOnlyDictionary<string, EntityPlan> entities, ShardOptions shardOptions)
{
    private static readonly TimeSpan StealDelayMin = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StealDelaySpread = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    // Two steals within this time are no accident: somebody else believes to own the shard, too.
    private static readonly TimeSpan StealsApart = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<ShardId, RunningShard> _shards = new();
    private readonly ConcurrentDictionary<RunningShard, bool> _tidying = new();
    private readonly Dictionary<string, string> _logIdentities = [];
    private long _steals;
    private long _rebalances;
    private volatile bool _isStopping;

    /// <summary>The actors of the moment. Any thread.</summary>
    public IEnumerable<ShardActor> Actors => _shards.Values.Select(static r => r.Actor);

    /// <summary>How often a shard was found to be another's.</summary>
    public long Steals => Interlocked.Read(ref _steals);

    /// <summary>Changes of ownership told to this node.</summary>
    public long Rebalances => Interlocked.Read(ref _rebalances);

    /// <summary>The actor of a shard, or null when this node does not run it. Any thread.</summary>
    public ShardActor? Find(ShardId shard) => _shards.GetValueOrDefault(shard)?.Actor;

    /// <summary>Opens the logs of all entity types.</summary>
    /// <exception cref="LogSetupException">Some are missing or do not fit; it names them all, so that they are mended in one go.</exception>
    public async Task OpenLogsAsync(CancellationToken cancellationToken)
    {
        var missing = new List<LogSetupException>();
        foreach (EntityPlan entity in entities.Values)
        {
            try
            {
                _logIdentities[entity.Entity] = await services.Ports.Log.OpenAsync(entity.Entity, entity.Shards, cancellationToken).ConfigureAwait(false);
            }
            catch (LogSetupException error)
            {
                missing.Add(error);
            }
        }

        if (missing.Count > 0)
        {
            throw missing.Count == 1 ? missing[0] : new LogSetupException(string.Join('\n', missing.Select(static m => m.Message)), missing[0]);
        }
    }

    /// <summary>Begins and ends shards as the ownership says, until cancelled.</summary>
    public async Task WatchAsync(CancellationToken cancellationToken)
    {
        var counts = entities.ToDictionary(static e => e.Key, static e => e.Value.Shards);
        while (true)
        {
            try
            {
                await foreach (OwnershipChange change in services.Ports.Ownership.WatchAsync(counts, cancellationToken).ConfigureAwait(false))
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
                Log.Waits(services.Logger, "ownership of shards", error.Message);
                await Task.WhenAll(_shards.Keys.Select(RevokeAsync)).ConfigureAwait(false);
                await Task.Delay(Retry, services.Time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>From here on no shard is begun.</summary>
    public void BeginStop() => _isStopping = true;

    /// <summary>Gives shards to others one by one where the ownership can, for at most half of the time there is: each stands still for a moment only.</summary>
    public async Task RetireAsync(Task watch)
    {
        try
        {
            using var half = new CancellationTokenSource(services.Options.StopBudget / 2, services.Time);
            if (!watch.IsCompleted && !_shards.IsEmpty && await services.Ports.Ownership.RetireAsync(half.Token).ConfigureAwait(false))
            {
                await watch.WaitAsync(half.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        catch (Exception error) when (error is FeatureActorsException or OperationCanceledException)
        {
            // Then all at once.
        }
    }

    /// <summary>Ends all shards behind their last checkpoints, or at the end of the budget.</summary>
    public async Task EndAllAsync(TimeSpan budget)
    {
        await Task.WhenAll(_shards.Values.Select(s => EndAsync(s, budget))).ConfigureAwait(false);
        await Task.WhenAll(_tidying.Keys.Select(static r => r.Task)).ConfigureAwait(false);
    }

    /// <summary>Ends when the ownership was told of every shard that runs here.</summary>
    public Task ArrivalsToldAsync() => Task.WhenAll(_shards.Values.Select(static s => s.Arrival));

    /// <summary>Gives up an actor whose turn hangs; its shard is begun again.</summary>
    /// <param name="actor">The actor.</param>
    /// <param name="returned">Called when its turn ends after all.</param>
    public void Abandon(ShardActor actor, Action returned) =>
        _shards.Values.FirstOrDefault(r => r.Actor == actor)?.Abandoned.TrySetResult(returned);

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
            await EndAsync(running, services.Options.RevokeBudget).ConfigureAwait(false);
        }
    }

    private async Task TellArrivalAsync(ShardId shard, Task arrived)
    {
        await arrived.ConfigureAwait(false);
        try
        {
            await services.Ports.Ownership.ArrivedAsync(shard).ConfigureAwait(false);
        }
        catch (Exception error) when (error is FeatureActorsException or OperationCanceledException or ObjectDisposedException)
        {
            // Whoever waits for it does not wait for ever.
        }
    }

    private ShardActor NewActor(ShardId shard) =>
        new(shard, entities[shard.Entity], _logIdentities[shard.Entity], shardOptions, services);

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
                await Task.Delay(delay, services.Time, cancellationToken).ConfigureAwait(false);
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
        long now = services.Time.GetTimestamp();
        bool isAgain = running.StolenAt is { } before && services.Time.GetElapsedTime(before, now) < StealsApart;
        running.StolenAt = now;
        if (!isAgain || !await services.Ports.Ownership.DoubtAsync(running.Actor.Shard).ConfigureAwait(false))
        {
            return false;
        }

        Log.Doubted(services.Logger, running.Actor.Shard);
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
            Log.ShardBroke(services.Logger, error, actor.Shard);
            return ShardState.Faulted;
        }
    }

    private async Task<ShardState> RunOrAbandonAsync(RunningShard running, CancellationToken cancellationToken)
    {
        ShardActor actor = running.Actor;
        running.Abandoned = new TaskCompletionSource<Action>(TaskCreationOptions.RunContinuationsAsynchronously);
        var run = Task.Run(() => RunShardAsync(actor, cancellationToken), CancellationToken.None);
        if (await Task.WhenAny(run, running.Abandoned.Task).ConfigureAwait(false) == run)
        {
            return await run.ConfigureAwait(false);
        }

        await actor.AbandonAsync().ConfigureAwait(false);
        Action returned = await running.Abandoned.Task.ConfigureAwait(false);
        _ = run.ContinueWith(_ => returned(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return ShardState.Faulted;
    }

    private async Task RevokeAsync(ShardId shard)
    {
        if (_shards.TryRemove(shard, out RunningShard? running))
        {
            await EndAsync(running, services.Options.RevokeBudget).ConfigureAwait(false);
        }
    }

    private async Task EndAsync(RunningShard running, TimeSpan budget)
    {
        if (!running.TryBeginEnd())
        {
            await Task.WhenAny(running.Task, Task.Delay(budget, services.Time)).ConfigureAwait(false);
            return;
        }

        // Behind its last checkpoint the shard may go on elsewhere, while this one's reader is still being closed. Past its budget it is
        // abandoned: the epoch keeps whatever it still does from taking effect.
        running.Actor.Revoke();
        await Task.WhenAny(running.Actor.LetGo, running.Task, Task.Delay(budget, services.Time)).ConfigureAwait(false);
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

        /// <summary>Ends when the actor of the moment was given up; carries what to call when its turn ends after all.</summary>
        public TaskCompletionSource<Action> Abandoned { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
