using System.Collections.Concurrent;
using System.Threading.Channels;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Plugins;
using FeatureActors.Core.Sharding;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Shards;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Runtime.Hosting;

/// <summary>What the shard actors of a node share.</summary>
internal sealed record ShardServices(
    NodePorts Ports,
    NodeRuntimeOptions Options,
    ChunkPool Chunks,
    SemaphoreSlim CheckpointGate,
    DeadLetterWriter Letters,
    TimeProvider Time,
    ILogger Logger);

/// <summary>
/// Runs one <see cref="ShardMachine"/> from acquire to release: a mailbox in front, and for each output a task whose answer
/// comes back as a message. One turn at a time; the machine is touched by no other thread.
/// </summary>
internal sealed class ShardActor : IAsyncDisposable, IWatched
{
    private const int LogReadBytes = 256 * 1024;

    // Reads from outside that wait at a time; more would be refused anyway once their callers gave up.
    private const int InspectionsMax = 256;
    private const long StallMs = 10_000;
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan WaitReportInterval = TimeSpan.FromSeconds(10);

    private readonly ShardId _shard;
    private readonly string _logIdentity;
    private readonly ShardServices _services;
    private readonly ShardMachine _machine;

    // Every task that posts is bounded: one log read, one tick, one answer per output under way.
    private readonly Channel<ShardInput> _mailbox = Channel.CreateUnbounded<ShardInput>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _tasks = [];
    private readonly List<ShardOutput> _outputs = [];
    private readonly ConcurrentDictionary<long, TaskCompletionSource<byte[]?>> _inspections = new();
    private long _inspectionId;
    private long _logEnd = -1;
    private IShardLogReader? _reader;
    private Task? _logRead;
    private CancellationTokenSource? _readerStop;
    private Task _stallCheck = Task.CompletedTask;
    private long _readFrom;
    private long _readSinceMs;
    private long? _endSeen;
    private long _saidWaitAt;
    private Task _letters = Task.CompletedTask;
    private bool _holdsGate;
    private bool _isDisposed;
    private volatile bool _isAbandoned;
    private TaskCompletionSource<string?>? _exchange;
    private int _isTickPending;

    public ShardActor(ShardId shard, EntityPlan plan, string logIdentity, ShardOptions options, ShardServices services)
    {
        _shard = shard;
        Plan = plan.ForShard(Watch);
        _logIdentity = logIdentity;
        _services = services;
        _machine = new ShardMachine(shard, Plan, options, services.Chunks);
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

    /// <summary>True once all sources ended and everything is published.</summary>
    public bool IsEndPublished { get; private set; }

    /// <summary>Why the shard stands still, or null.</summary>
    public string? Halt { get; private set; }

    /// <summary>Posts the time unless the last tick still waits.</summary>
    public void Tick(long nowMs, long monotonicMs)
    {
        if (Interlocked.Exchange(ref _isTickPending, 1) == 0)
        {
            Post(new ShardInput.Tick(nowMs, monotonicMs));
        }
    }

    /// <summary>Log offset that the next batch will get, as last asked for; −1 while unknown.</summary>
    public long LogEnd => Volatile.Read(ref _logEnd);

    /// <summary>Publish batches that wait for the sink.</summary>
    public int PublishQueue => _machine.PublishQueue;

    /// <summary>Asks the log for its end.</summary>
    public async Task RefreshLogEndAsync(CancellationToken cancellationToken) =>
        Volatile.Write(ref _logEnd, (await _services.Ports.Log.GetRangeAsync(_shard, cancellationToken).ConfigureAwait(false)).End);

    /// <summary>
    /// An entity's values at the shard's T, as JSON, with all that the shard applied before it was asked; null when it cannot say now:
    /// it is not acquired yet, is ending, or too many ask at once.
    /// </summary>
    public async Task<byte[]?> InspectAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken)
    {
        if (_inspections.Count >= InspectionsMax || _stop.IsCancellationRequested)
        {
            return null;
        }

        long id = Interlocked.Increment(ref _inspectionId);
        var answer = new TaskCompletionSource<byte[]?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _inspections[id] = answer;
        try
        {
            Post(new ShardInput.Inspect(id, key));
            return await answer.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _inspections.TryRemove(id, out _);
        }
    }

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
                ShardCheckpoint checkpoint = await _services.Ports.Checkpoints
                    .AcquireAsync(_shard, identity, new ShardOwner(_services.Options.NodeName, _services.Options.Address), cancellationToken).ConfigureAwait(false);
                LogRange range = await _services.Ports.Log.GetRangeAsync(_shard, cancellationToken).ConfigureAwait(false);
                Post(new ShardInput.Tick(NowMs, MonotonicMs));
                Post(new ShardInput.Acquired(checkpoint, range));
                Post(new ShardInput.Tick(NowMs, MonotonicMs));
                return true;
            }
            catch (FeatureActorsException error) when (error.IsTransient)
            {
                SayWait(error.Message);
                await Task.Delay(Retry, _services.Time, cancellationToken).ConfigureAwait(false);
            }
            catch (FeatureActorsException error)
            {
                Halt = error.Message;
                Log.CannotAcquire(_services.Logger, _shard, error.Message);
                return false;
            }
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

        // Refreshes of expiries go on for ever and leave no tick without a batch in flight; once true it stays so.
        if (input is ShardInput.Tick or ShardInput.Published)
        {
            IsEndPublished = IsEndPublished || _machine.IsEndPublished;
        }

        if (input is ShardInput.Tick)
        {
            _tasks.RemoveAll(static t => t.IsCompleted);
            if (_logRead is not null && _stallCheck.IsCompleted && MonotonicMs - Volatile.Read(ref _readSinceMs) > StallMs)
            {
                _stallCheck = CheckStallAsync(stop);
            }
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
        NodePorts ports = _services.Ports;
        switch (output)
        {
            case ShardOutput.LoadKeys load:
                Start(async () => new ShardInput.Loaded(
                    load.Keys, await RetryAsync(t => ports.Checkpoints.LoadAsync(_shard, load.Keys, t), stop).ConfigureAwait(false)));
                break;
            case ShardOutput.ReadDue due:
                Start(async () => new ShardInput.DueLoaded(await RetryAsync(
                    t => ports.Checkpoints.ReadDueAsync(_shard, due.DueAtOrBeforeMs, due.After, due.Limit, t), stop).ConfigureAwait(false)));
                break;
            case ShardOutput.ReadKeys keys:
                Start(async () => new ShardInput.KeysLoaded(await RetryAsync(
                    t => ports.Checkpoints.ReadKeysAsync(_shard, keys.After, keys.OnlyUnpublished, keys.Limit, t), stop).ConfigureAwait(false)));
                break;
            case ShardOutput.ScanSink scan:
                Start(async () => new ShardInput.SinkScanned(
                    await RetryAsync(t => ports.Sink.ScanAsync(scan.Cursor, t), stop).ConfigureAwait(false)));
                break;
            case ShardOutput.LookUp look:
                Start(async () => new ShardInput.LookedUp(
                    look.FullKeys, await RetryAsync(t => ports.Checkpoints.LoadAsync(_shard, look.Keys, t), stop).ConfigureAwait(false)));
                break;
            case ShardOutput.ReadHeader:
                Start(async () => new ShardInput.HeaderRead(
                    await RetryAsync(t => ports.Checkpoints.ReadHeaderAsync(_shard, t), stop).ConfigureAwait(false)));
                break;
            case ShardOutput.ReadStoreClock:
                Start(async () => new ShardInput.StoreClockRead(
                    await RetryAsync(ports.Checkpoints.ReadClockAsync, stop).ConfigureAwait(false)));
                break;
            case ShardOutput.ReadFence:
                Start(async () => new ShardInput.FenceRead(
                    await RetryAsync(t => ports.Sink.ReadFenceAsync(_shard, t), stop).ConfigureAwait(false)));
                break;
            case ShardOutput.RaiseFence raise:
                Start(() => RaiseFenceAsync(raise, stop));
                break;
            case ShardOutput.Publish publish:
                Start(() => PublishAsync(publish.Batch, stop));
                break;
            case ShardOutput.WantCheckpoint:
                Start(async () =>
                {
                    await _services.CheckpointGate.WaitAsync(stop).ConfigureAwait(false);
                    _holdsGate = true;
                    return new ShardInput.CheckpointPermitted();
                });
                break;
            case ShardOutput.Commit commit:
                Start(() => CommitAsync(commit, _letters, stop));
                break;
            case ShardOutput.CheckpointOver over:
                ReleaseGate();
                if (over.IsCommitted)
                {
                    Start(async () =>
                    {
                        await ports.Log.TrimAsync(_shard, over.NextOffset, stop).ConfigureAwait(false);
                        return null;
                    });
                }

                break;
            case ShardOutput.LoadInspected load:
                Start(async () =>
                {
                    IReadOnlyList<StoredEntity> found = await RetryAsync(t => ports.Checkpoints.LoadAsync(_shard, [load.Key], t), stop).ConfigureAwait(false);
                    return new ShardInput.InspectedLoaded(load.Id, load.Key, found.Count > 0 ? found[0] : null);
                });
                break;
            case ShardOutput.Inspected inspected:
                if (_inspections.TryRemove(inspected.Id, out TaskCompletionSource<byte[]?>? inspection))
                {
                    inspection.TrySetResult(inspected.Json);
                }

                break;
            case ShardOutput.Letters letters:
                _letters = HandInAsync(_letters, letters.Items, stop);
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
                throw new InvalidOperationException($"unknown shard output {output.GetType().Name}");
        }
    }

    private void Report(ShardOutput.Moved moved)
    {
        Log.Moved(_services.Logger, _shard, moved.From, moved.To, moved.Reason);
        if (moved.To is ShardState.LogLostTail or ShardState.Faulted)
        {
            Halt = moved.Reason;
            Log.StandsStill(_services.Logger, _shard, moved.To, moved.Reason);
        }
    }

    /// <summary>Runs work outside the turn; its answer is posted unless it is null or the actor is stopping.</summary>
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
            SayWait(error.Message);
        }
    }));

    private async Task<T> RetryAsync<T>(Func<CancellationToken, ValueTask<T>> read, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                return await read(stop).ConfigureAwait(false);
            }
            catch (FeatureActorsException error) when (error.IsTransient)
            {
                SayWait(error.Message);
                await Task.Delay(Retry, _services.Time, stop).ConfigureAwait(false);
            }
        }
    }

    private async Task<ShardInput?> RaiseFenceAsync(ShardOutput.RaiseFence raise, CancellationToken stop)
    {
        try
        {
            SinkFence? old = await _services.Ports.Sink.RaiseFenceAsync(_shard, raise.Epoch, raise.Batch, stop).ConfigureAwait(false);
            LogRange range = await RetryAsync(t => _services.Ports.Log.GetRangeAsync(_shard, t), stop).ConfigureAwait(false);
            return new ShardInput.FenceRaised(old, range.End);
        }
        catch (FeatureActorsException error) when (error.IsTransient)
        {
            SayWait(error.Message);
            return new ShardInput.FenceFailed();
        }
    }

    private async Task<ShardInput?> PublishAsync(PublishBatch batch, CancellationToken stop)
    {
        try
        {
            return new ShardInput.Published(batch.Batch, await _services.Ports.Sink.WriteAsync(batch, stop).ConfigureAwait(false));
        }
        catch (FeatureActorsException error) when (error.IsTransient)
        {
            SayWait(error.Message);
            return new ShardInput.PublishFailed(batch.Batch);
        }
    }

    private async Task HandInAsync(Task before, IReadOnlyList<DeadLetter> letters, CancellationToken stop)
    {
        await before.ConfigureAwait(false);
        foreach (DeadLetter letter in letters)
        {
            await _services.Letters.AddAsync(letter, stop).ConfigureAwait(false);
        }
    }

    private async Task<ShardInput?> CommitAsync(ShardOutput.Commit commit, Task letters, CancellationToken stop)
    {
        // A row that only a dead letter remembers must not get lost between the two stores.
        await letters.ConfigureAwait(false);
        await _services.Letters.FlushAsync(stop).ConfigureAwait(false);
        long start = _services.Time.GetTimestamp();
        try
        {
            CommitOutcome outcome = await _services.Ports.Checkpoints.CommitAsync(_shard, commit.Epoch, commit.Write, stop).ConfigureAwait(false);
            Interlocked.Add(ref Counters.CheckpointMicroseconds, (long)_services.Time.GetElapsedTime(start).TotalMicroseconds);
            return new ShardInput.CommitEnded(commit.Write.Header.CheckpointId, outcome);
        }
        catch (FeatureActorsException error) when (error.IsTransient)
        {
            return new ShardInput.CommitUnknown(commit.Write.Header.CheckpointId, error.Message);
        }
    }

    private async Task ReadLogAsync(long from, CancellationToken stop)
    {
        _readFrom = from;
        _endSeen = null;
        Volatile.Write(ref _readSinceMs, MonotonicMs);
        await Task.Yield();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                _readerStop ??= CancellationTokenSource.CreateLinkedTokenSource(stop);
                _reader ??= await _services.Ports.Log.ReadFromAsync(_shard, from, _readerStop.Token).ConfigureAwait(false);
                Post(new ShardInput.LogRead(await _reader.ReadAsync(LogReadBytes, _readerStop.Token).ConfigureAwait(false)));
                return;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (OperationCanceledException)
            {
                await CloseReaderAsync().ConfigureAwait(false);
            }
            catch (FeatureActorsException error)
            {
                SayWait(error.Message);
                await CloseReaderAsync().ConfigureAwait(false);
                try
                {
                    await Task.Delay(Retry, _services.Time, stop).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }

    private async ValueTask CloseReaderAsync()
    {
        if (_reader is { } reader)
        {
            _reader = null;
            await reader.DisposeAsync().ConfigureAwait(false);
        }

        _readerStop?.Dispose();
        _readerStop = null;
    }

    /// <summary>
    /// A read that waits although the log has had more for a whole interval: the client has stopped fetching without an error. The reader
    /// is opened anew where it stood.
    /// </summary>
    private async Task CheckStallAsync(CancellationToken stop)
    {
        long from = _readFrom;
        try
        {
            LogRange range = await _services.Ports.Log.GetRangeAsync(_shard, stop).ConfigureAwait(false);
            if (from == _readFrom && _endSeen > from)
            {
                Log.ReaderStalled(_services.Logger, _shard, from, range.End);
                _endSeen = null;
                await (_readerStop?.CancelAsync() ?? Task.CompletedTask).ConfigureAwait(false);
            }
            else
            {
                _endSeen = from == _readFrom ? range.End : null;
            }
        }
        catch (Exception error) when (error is FeatureActorsException or OperationCanceledException or ObjectDisposedException)
        {
            // The broker is away, the actor ends, or the reader was closed meanwhile.
        }

        Volatile.Write(ref _readSinceMs, MonotonicMs);
    }

    // A dependency that stays away is worth a line now and then, not one for each attempt.
    private void SayWait(string error)
    {
        long now = _services.Time.GetTimestamp();
        long last = Interlocked.Read(ref _saidWaitAt);
        if ((last == 0 || _services.Time.GetElapsedTime(last, now) > WaitReportInterval) && Interlocked.CompareExchange(ref _saidWaitAt, now, last) == last)
        {
            Log.ShardWaits(_services.Logger, _shard, error);
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
        foreach (TaskCompletionSource<byte[]?> inspection in _inspections.Values)
        {
            inspection.TrySetResult(null);
        }

        if (_logRead is not null)
        {
            await _logRead.ConfigureAwait(false);
        }

        await Task.WhenAll([.. _tasks, _letters]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stallCheck.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ReleaseGate();
        await CloseReaderAsync().ConfigureAwait(false);
        _stop.Dispose();
    }
}
