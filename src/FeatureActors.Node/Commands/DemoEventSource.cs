using System.Runtime.CompilerServices;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Node.Commands;

/// <summary>A source with one partition in memory, for events that a demo makes up while its node runs. Safe for concurrent use.</summary>
/// <param name="name">Name of the source.</param>
internal sealed class DemoEventSource(string name) : IEventSource
{
    // A demo sends some hundreds.
    private const int EventsMax = 10_000;

    private readonly Lock _lock = new();
    private readonly List<byte[]> _events = [];
    private TaskCompletionSource _added = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <inheritdoc/>
    public string Source => name;

    /// <summary>Appends an event.</summary>
    /// <exception cref="InvalidOperationException">There are 10,000 already.</exception>
    public void Add(byte[] bytes)
    {
        TaskCompletionSource added;
        lock (_lock)
        {
            if (_events.Count == EventsMax)
            {
                throw new InvalidOperationException($"a demo has at most {EventsMax} events");
            }

            _events.Add(bytes);
            added = _added;
            _added = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        added.SetResult();
    }

    /// <inheritdoc/>
    public ValueTask<int> CountPartitionsAsync(CancellationToken cancellationToken) => ValueTask.FromResult(1);

    /// <inheritdoc/>
    public ValueTask<LogRange> GetRangeAsync(int partition, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return ValueTask.FromResult(new LogRange(0, _events.Count));
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<SourceAssignment> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return new SourceAssignment(0, IsAssigned: true);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<IEventReader> ReadFromAsync(int partition, long nextOffset, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IEventReader>(new Reader(this, nextOffset));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Fills the chunk, or answers what to wait for.</summary>
    private TaskCompletionSource? Read(EventChunk chunk, ref long next)
    {
        lock (_lock)
        {
            chunk.Clear();
            while (next < _events.Count)
            {
                chunk.Add(next, _events[(int)next]);
                next++;
            }

            chunk.NextOffset = next;
            return chunk.Count > 0 ? null : _added;
        }
    }

    private sealed class Reader(DemoEventSource source, long nextOffset) : IEventReader
    {
        private long _next = nextOffset;

        public async ValueTask ReadAsync(EventChunk chunk, CancellationToken cancellationToken)
        {
            ArgumentNullException.ThrowIfNull(chunk);
            while (source.Read(chunk, ref _next) is { } added)
            {
                await added.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
