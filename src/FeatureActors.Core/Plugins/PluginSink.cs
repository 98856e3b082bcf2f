using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;

namespace FeatureActors.Core.Plugins;

/// <summary>A sink of a plug-in as a node's configuration sees it: <c>type = "custom:&lt;name&gt;"</c> in <c>fa.sink</c>.</summary>
/// <param name="inner">The plug-in's sink type.</param>
/// <param name="plugin">Name of the plug-in.</param>
public sealed class PluginSinkType(IFeatureSinkType inner, string plugin)
{
    /// <summary>The word of the configuration.</summary>
    public string Name { get; } = CustomKinds.Prefix + inner.Name;

    /// <summary>Opens a sink; null when a mistake was reported.</summary>
    /// <param name="settings">Its settings.</param>
    /// <param name="definitionsNamespace">Namespace of the definitions.</param>
    /// <param name="callBudget">Longest time that a call may take.</param>
    /// <param name="time">The node's clock.</param>
    public PluginSink? Open(SettingsBinding settings, string definitionsNamespace, TimeSpan callBudget, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(settings);
        try
        {
            return inner.Open(settings, definitionsNamespace, time) is { } sink
                ? new PluginSink(sink, new PluginPart(plugin, "sink", "sink"), callBudget, time)
                : null;
        }
#pragma warning disable CA1031 // A plug-in may throw anything; it is a mistake at this place of the configuration.
        catch (Exception error)
#pragma warning restore CA1031
        {
            settings.Error("type", $"sink {Name} of plug-in {plugin} failed while it was opened: {error.Message}");
            return null;
        }
    }
}

/// <summary>
/// Stands between the shards and the sink of a plug-in. Whatever goes wrong there is to them a store that is away: they keep what changed and
/// try again, so nothing is lost, and nothing but publishing waits. A call beyond its budget is given up; while too many of those
/// do not return, no further one is made. Safe for concurrent use.
/// </summary>
public sealed class PluginSink : IFeatureSink
{
    // Each holds a thread as long as it does not return.
    private const int GivenUpMax = 8;

    private readonly TimeSpan _callBudget;
    private readonly TimeProvider _time;
    private volatile OpenSink _open;
    private int _givenUp;
    private volatile bool _isDisposed;

    /// <summary>Supervises <paramref name="inner"/>, and disposes it.</summary>
    public PluginSink(IFeatureSink inner, PluginPart part, TimeSpan callBudget, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(inner);
        _open = new OpenSink(inner);
        Part = part;
        _callBudget = callBudget;
        _time = time;
    }

    /// <summary>The use of the plug-in by this node.</summary>
    public PluginPart Part { get; }

    /// <summary>Exchanges the sink behind this one for that behind <paramref name="next"/>; the old one is disposed once its calls have ended.</summary>
    public void Become(PluginSink next)
    {
        ArgumentNullException.ThrowIfNull(next);
        OpenSink old = _open;
        _open = next._open;
        _ = old.CloseAsync();
    }

    /// <inheritdoc/>
    public ValueTask<SinkFence?> RaiseFenceAsync(ShardId shard, Epoch epoch, long batch, CancellationToken cancellationToken) =>
        CallAsync((sink, token) => sink.RaiseFenceAsync(shard, epoch, batch, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SinkFence?> ReadFenceAsync(ShardId shard, CancellationToken cancellationToken) =>
        CallAsync((sink, token) => sink.ReadFenceAsync(shard, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SinkKeys> ScanAsync(long cursor, CancellationToken cancellationToken) =>
        CallAsync((sink, token) => sink.ScanAsync(cursor, token), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SinkAnswer> WriteAsync(PublishBatch batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batch.Items.Count, PublishBatch.ItemsMax, nameof(batch));
        return CallAsync((sink, token) => sink.WriteAsync(batch, token), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _isDisposed = true;
        return new(_open.CloseAsync());
    }

    private async ValueTask<T> CallAsync<T>(Func<IFeatureSink, CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        if (Part.IsOff)
        {
            throw new DependencyUnavailableException(Part.Name, $"it is switched off ({Part.OffReason})");
        }

        if (Volatile.Read(ref _givenUp) >= GivenUpMax)
        {
            throw new DependencyUnavailableException(Part.Name, $"{GivenUpMax} calls into plug-in {Part.Plugin} have not returned");
        }

        OpenSink open = _open;
        while (!open.TryEnter())
        {
            // Exchanged between the two lines, or the end.
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            open = _open;
        }

        // On a thread of its own: a plug-in may block before it returns a task.
        Task<T> answer = Task.Run(
            async () =>
            {
                try
                {
                    return await call(open.Sink, cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    open.Leave();
                }
            },
            CancellationToken.None);
        try
        {
            return await answer.WaitAsync(_callBudget, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException error) when (!answer.IsCompleted)
        {
            Interlocked.Increment(ref _givenUp);
            _ = answer.ContinueWith(
                (task, _) =>
                {
                    _ = task.Exception;
                    Interlocked.Decrement(ref _givenUp);
                },
                null,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            throw Failed($"a call did not return within {_callBudget}", error);
        }
        catch (Exception error) when (error is not (FeatureActorsException { IsTransient: true } or OperationCanceledException)
            || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw Failed(error.Message, error);
        }
    }

    private DependencyUnavailableException Failed(string message, Exception error)
    {
        Part.CountFault($"{message}\n{error}");
        return new DependencyUnavailableException(Part.Name, $"the sink of plug-in {Part.Plugin} failed: {message}", error);
    }

    /// <summary>A sink with the calls that are in it: disposed when it is closed and the last of them has ended.</summary>
    private sealed class OpenSink(IFeatureSink sink)
    {
        private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _uses = 1;
        private int _isClosed;

        public IFeatureSink Sink { get; } = sink;

        /// <summary>False when it is closed.</summary>
        public bool TryEnter()
        {
            for (int uses = Volatile.Read(ref _uses); uses > 0; uses = Volatile.Read(ref _uses))
            {
                if (Interlocked.CompareExchange(ref _uses, uses + 1, uses) == uses)
                {
                    return true;
                }
            }

            return false;
        }

        public void Leave()
        {
            if (Interlocked.Decrement(ref _uses) == 0)
            {
                _empty.TrySetResult();
            }
        }

        public async Task CloseAsync()
        {
            if (Interlocked.Exchange(ref _isClosed, 1) == 1)
            {
                return;
            }

            Leave();
            await _empty.Task.ConfigureAwait(false);
            await Sink.DisposeAsync().ConfigureAwait(false);
        }
    }
}
