using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Plugins;
using FeatureActors.Core.Sharding;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.Runtime.Hosting;

/// <summary>
/// Runs one <see cref="ShardMachine"/> from acquire to release: a mailbox in front, and for each output a task whose answer
/// comes back as a message. One turn at a time; the machine is touched by no other thread.
/// </summary>
internal sealed class ShardActor : IAsyncDisposable, IWatched
{
    private readonly ShardId _shard;
    private readonly string _logIdentity;
    private readonly ShardServices _services;
    private readonly ShardMachine _machine;

    // Every task that posts is bounded: one log read, one tick, one answer per output under way.
    private readonly Channel<ShardInput> _mailbox = Channel.CreateUnbounded<ShardInput>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _tasks = [];
    private readonly List<ShardOutput> _outputs = [];
    private readonly Inspections _inspections = new();
    private readonly DependencyCalls _calls;
    private readonly ShardLogTail _log;
    private readonly ShardErrands _errands;
    private Task? _logRead;
    private bool _holdsGate;
    private bool _isDisposed;
    private volatile bool _isAbandoned;
    private TaskCompletionSource<string?>? _exchange;
    private int _isTickPending;
    private readonly long _givenAt;
    private long? _acquiredFrom;

    public ShardActor(ShardId shard, EntityPlan plan, string logIdentity, ShardOptions options, ShardServices services)
    {
        _shard = shard;
        Plan = plan.ForShard(Watch);
        _logIdentity = logIdentity;
        _services = services;
        _givenAt = services.Time.GetTimestamp();
        _calls = new DependencyCalls(services.Time, error => Log.ShardWaits(services.Logger, shard, error));
        _log = new ShardLogTail(shard, services.Ports.Log, _calls, services.Time, services.Logger);
        _machine = new ShardMachine(shard, Plan, options, services.Chunks);
        _errands = new ShardErrands(shard, services, _calls, _log, _machine.Counters);
    }

    public ShardId Shard => _shard;

    public EntityPlan Plan { get; }

    public PluginCallWatch Watch { get; } = new();

    /// <summary>True when the actor was given up: a plug-in call in its turn does not return.</summary>
    public bool IsAbandoned => _isAbandoned;

    public ShardCounters Counters => _machine.Counters;

    public ShardState State => _machine.State;

    public long ClockMs => _machine.ClockMs;

    public long NextOffset => _machine.NextOffset;

    public Epoch Epoch => _machine.Epoch;

    public long Cold => _machine.Cold;

    private readonly TaskCompletionSource _letGo = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the shard runs, or cannot.</summary>
    public Task Arrived => _arrived.Task;

    /// <summary>Ends when nothing of the shard's state is written under this epoch any more; the actor's own end, a little later, only tidies up.</summary>
    public Task LetGo => _letGo.Task;

    /// <summary>True once all sources ended and everything is published.</summary>
    public bool IsEndPublished { get; private set; }

    /// <summary>Why the shard stands still, or null.</summary>
    public string? Halt { get; private set; }

    /// <summary>True when it waits for a node with newer definitions.</summary>
    public bool IsWaiting { get; private set; }

    /// <summary>Posts the time unless the last tick still waits.</summary>
    public void Tick(long nowMs, long monotonicMs)
    {
        if (Interlocked.Exchange(ref _isTickPending, 1) == 0)
        {
            Post(new ShardInput.Tick(nowMs, monotonicMs));
        }
    }

    /// <summary>Log offset that the next batch will get, as last asked for; −1 while unknown.</summary>
    public long LogEnd => _log.End;

    /// <summary>Publish batches that wait for the sink.</summary>
    public int PublishQueue => _machine.PublishQueue;

    /// <summary>Asks the log for its end.</summary>
    public Task RefreshLogEndAsync(CancellationToken cancellationToken) => _log.GetRangeAsync(cancellationToken).AsTask();

    /// <summary>
    /// An entity's values at the shard's T, as JSON, with all that the shard applied before it was asked; null when it cannot say now:
    /// it is not acquired yet, is ending, or too many ask at once.
    /// </summary>
    public Task<byte[]?> InspectAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken) =>
        _inspections.AskAsync(id => Post(new ShardInput.Inspect(id, key)), cancellationToken);

    /// <summary>Asks for a last checkpoint and release.</summary>
    public void Revoke() => Post(new ShardInput.Revoked());

    /// <summary>Exchanges plug-ins between two turns, or tries whether that can be; answers why not, or null. One at a time.</summary>
    public Task<string?> ExchangeAsync(IReadOnlyDictionary<int, PluginAggregate> next, bool isTrial)
    {
        var answer = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _exchange, answer);
        Post(new ShardInput.Exchange(next, isTrial));
        if (_stop.IsCancellationRequested)
        {
            answer.TrySetResult(null);
        }

        return answer.Task;
    }

    /// <summary>
    /// Gives up an actor whose turn hangs in a plug-in: everything but that turn ends. Should the call ever return, nothing of what
    /// it did takes effect; the epoch of the next owner is above this one's anyway.
    /// </summary>
    public async Task AbandonAsync()
    {
        _isAbandoned = true;

        // It will not arrive any more, and nobody need wait for it.
        _arrived.TrySetResult();
        await EndTasksAsync().ConfigureAwait(false);
    }

    /// <summary>Acquires the shard and runs it until it is released, fenced or cancelled; answers the state it ended in.</summary>
    public async Task<ShardState> RunAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        CancellationToken stop = linked.Token;
        try
        {
            if (!await AcquireAsync(stop).ConfigureAwait(false))
            {
                return ShardState.Faulted;
            }

            while (await _mailbox.Reader.WaitToReadAsync(stop).ConfigureAwait(false))
            {
                while (_mailbox.Reader.TryRead(out ShardInput? input))
                {
                    Turn(input, stop);
                    if (_isAbandoned)
                    {
                        return ShardState.Faulted;
                    }

                    if (_machine.State is ShardState.Released or ShardState.Fenced)
                    {
                        _letGo.TrySetResult();
                        return _machine.State;
                    }
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        finally
        {
            _arrived.TrySetResult();
            await DisposeAsync().ConfigureAwait(false);
        }

        return ShardState.Released;
    }

    private void Post(ShardInput input) => _mailbox.Writer.TryWrite(input);

    private async Task<bool> AcquireAsync(CancellationToken cancellationToken)
    {
        var identity = new ShardIdentity(Plan.Shards, StableHash.Id, _logIdentity);
        while (true)
        {
            try
            {
                (ShardCheckpoint checkpoint, LogRange range) = await AcquireAsync(identity, cancellationToken).ConfigureAwait(false);
                Post(new ShardInput.Tick(NowMs, MonotonicMs));
                Post(new ShardInput.Acquired(checkpoint, range));
                Post(new ShardInput.Tick(NowMs, MonotonicMs));
                return true;
            }
            catch (FeatureActorsException error) when (error.IsTransient)
            {
                _calls.Say(error);
                await _calls.PauseAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (FeatureActorsException error)
            {
                Halt = error.Message;
                Log.CannotAcquire(_services.Logger, _shard, error.Message);
                return false;
            }
        }
    }

    /// <summary>Raises the epoch and meanwhile asks for the log's range; asks again where that turns out older than the checkpoint.</summary>
    private async Task<(ShardCheckpoint Checkpoint, LogRange Range)> AcquireAsync(ShardIdentity identity, CancellationToken cancellationToken)
    {
        var owner = new ShardOwner(_services.Options.NodeName, _services.Options.Address);
        Task<LogRange> asked = _log.GetRangeAsync(cancellationToken).AsTask();
        try
        {
            ShardCheckpoint checkpoint = await _services.Ports.Checkpoints.AcquireAsync(_shard, identity, owner, cancellationToken).ConfigureAwait(false);
            LogRange range = await asked.ConfigureAwait(false);
            return range.End >= checkpoint.Header.NextOffset
                ? (checkpoint, range)
                : (checkpoint, await _log.GetRangeAsync(cancellationToken).ConfigureAwait(false));
        }
        finally
        {
            await ((Task)asked).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private long NowMs => _services.Time.GetUtcNow().ToUnixTimeMilliseconds();

    private long MonotonicMs => (long)_services.Time.GetElapsedTime(0).TotalMilliseconds;

    private void Turn(ShardInput input, CancellationToken stop)
    {
        if (input is ShardInput.Tick)
        {
            Volatile.Write(ref _isTickPending, 0);
        }

        _outputs.Clear();
        PluginCallWatch.Attach(Watch);
        try
        {
            _machine.Step(input, _outputs);
        }
        finally
        {
            PluginCallWatch.Attach(null);
        }

        if (_isAbandoned)
        {
            return;
        }

        foreach (ShardOutput output in _outputs)
        {
            Carry(output, stop);
        }

        SayThatItApplies(input);
        if (_machine.Waits is { } waits)
        {
            (Halt, IsWaiting) = (waits, true);
        }

        // Refreshes of expiries go on for ever and leave no tick without a batch in flight; once true it stays so.
        if (input is ShardInput.Tick or ShardInput.Published)
        {
            IsEndPublished = IsEndPublished || _machine.IsEndPublished;
        }

        if (input is ShardInput.Tick)
        {
            _tasks.RemoveAll(static t => t.IsCompleted);
            _log.CheckStall(stop);
        }

        if (_logRead is null && _machine.WantsLog)
        {
            _logRead = ReadLogAsync(_machine.ReadOffset, stop);
        }

        if (input is ShardInput.LogRead)
        {
            _logRead = _machine.WantsLog ? ReadLogAsync(_machine.ReadOffset, stop) : null;
        }
    }

    private void Carry(ShardOutput output, CancellationToken stop)
    {
        switch (output)
        {
            case ShardOutput.WantCheckpoint:
                Start(async () =>
                {
                    await _services.CheckpointGate.WaitAsync(stop).ConfigureAwait(false);
                    _holdsGate = true;
                    return new ShardInput.CheckpointPermitted();
                });
                break;
            case ShardOutput.CheckpointOver over:
                ReleaseGate();
                if (over.IsCommitted)
                {
                    Start(() => _errands.TrimAsync(over.NextOffset, stop));
                }

                break;
            case ShardOutput.Inspected inspected:
                _inspections.Answer(inspected.Id, inspected.Json);
                break;
            case ShardOutput.Letters letters:
                _errands.HandIn(letters.Items, stop);
                break;
            case ShardOutput.Moved moved:
                Report(moved);
                break;
            case ShardOutput.Exchanged exchanged:
                Volatile.Read(ref _exchange)?.TrySetResult(exchanged.Refusal);
                break;
            case ShardOutput.FeatureOff:
                // The node says so, once for all shards.
                break;
            case ShardOutput.Alarm alarm:
                Log.Alarm(_services.Logger, alarm.Text);
                break;
            default:
                Start(_errands.For(output, stop));
                break;
        }
    }

    /// <summary>Says once when the first rows are applied: with them the time ends for which the shard stood still.</summary>
    private void SayThatItApplies(ShardInput input)
    {
        if (input is ShardInput.Acquired)
        {
            _acquiredFrom = _machine.NextOffset;
        }
        else if (_machine.State == ShardState.Running && _machine.NextOffset > _acquiredFrom)
        {
            _acquiredFrom = null;
            Log.Applies(_services.Logger, _shard, (long)_services.Time.GetElapsedTime(_givenAt).TotalMilliseconds);
        }
    }

    private void Report(ShardOutput.Moved moved)
    {
        Log.Moved(_services.Logger, _shard, moved.From, moved.To, moved.Reason);
        if (moved.To != ShardState.Recovering)
        {
            _arrived.TrySetResult();
        }

        if (moved.To is ShardState.LogLostTail or ShardState.Faulted)
        {
            Halt = moved.Reason;
            Log.StandsStill(_services.Logger, _shard, moved.To, moved.Reason);
        }
    }

    /// <summary>
    /// Runs work outside the turn; its answer is posted unless it is null or the actor is stopping. A machine that waits for an answer that
    /// never comes would stand still without a word, so a failure that nobody foresaw ends the actor: its shard is acquired again.
    /// </summary>
    [SuppressMessage("Design", "CA1031", Justification = "It ends the actor, whose supervisor reports it.")]
    private void Start(Func<Task<ShardInput?>> work) => _tasks.Add(Task.Run(async () =>
    {
        try
        {
            if (await work().ConfigureAwait(false) is { } answer)
            {
                Post(answer);
            }
        }
        catch (OperationCanceledException)
        {
        }
        catch (FeatureActorsException error) when (error.IsTransient)
        {
            _calls.Say(error);
        }
        catch (Exception error)
        {
            _mailbox.Writer.TryComplete(error);
        }
    }));

    [SuppressMessage("Design", "CA1031", Justification = "It ends the actor, whose supervisor reports it.")]
    private async Task ReadLogAsync(long from, CancellationToken stop)
    {
        try
        {
            Post(new ShardInput.LogRead(await _log.ReadAsync(from, stop).ConfigureAwait(false)));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        catch (Exception error)
        {
            _mailbox.Writer.TryComplete(error);
        }
    }

    private void ReleaseGate()
    {
        if (_holdsGate)
        {
            _holdsGate = false;
            _services.CheckpointGate.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        if (!_isAbandoned)
        {
            await EndTasksAsync().ConfigureAwait(false);
        }

        _machine.Dispose();
    }

    private async Task EndTasksAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        Volatile.Read(ref _exchange)?.TrySetResult(null);
        _inspections.End();
        if (_logRead is not null)
        {
            await _logRead.ConfigureAwait(false);
        }

        await Task.WhenAll([.. _tasks, _errands.LettersHandedIn]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ReleaseGate();
        await _log.CloseAsync().ConfigureAwait(false);
        _stop.Dispose();
    }
}
