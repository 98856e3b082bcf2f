using System.Runtime.CompilerServices;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.TestKit.Ports;

/// <summary>
/// <see cref="IEventSource"/> in memory. Each watch is a member; several nodes of a test share one object. Disposing it does
/// nothing, so that it survives the crash of a simulated node.
/// </summary>
/// <param name="source">Source name.</param>
/// <param name="partitions">Number of partitions.</param>
public sealed class InMemoryEventSource(string source, int partitions) : IEventSource
{
    // Small, so that tests meet chunk borders.
    private const int ChunkEventsMax = 100;

    private readonly Partition[] _partitions = [.. Enumerable.Range(0, partitions).Select(_ => new Partition())];
    private readonly InMemoryGroup<int> _group = new();

    /// <inheritdoc/>
    public string Source { get; } = source;

    /// <summary>Appends an event.</summary>
    /// <returns>Its offset.</returns>
    public long Append(int partition, ReadOnlySpan<byte> bytes) => _partitions[partition].Append(new Message(bytes.ToArray(), null));

    /// <summary>Ends a partition; the mark takes an offset.</summary>
    public long AppendEnd(int partition, long endMs) => _partitions[partition].Append(new Message([], endMs));

    /// <summary>Forgets what lies below <paramref name="begin"/>, as retention does.</summary>
    public void Trim(int partition, long begin) => _partitions[partition].Trim(begin);

    /// <inheritdoc/>
    public ValueTask<int> CountPartitionsAsync(CancellationToken cancellationToken) => new(_partitions.Length);

    /// <inheritdoc/>
    public ValueTask<LogRange> GetRangeAsync(int partition, CancellationToken cancellationToken) => new(_partitions[partition].Range);

    /// <inheritdoc/>
    public async IAsyncEnumerable<SourceAssignment> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var member = _group.Join(Enumerable.Range(0, _partitions.Length));
        while (true)
        {
            var (partition, isAssigned) = await member.ReadAsync(cancellationToken).ConfigureAwait(false);
            yield return new SourceAssignment(partition, isAssigned);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IEventReader> ReadFromAsync(int partition, long nextOffset, CancellationToken cancellationToken) =>
        new(new Reader(_partitions[partition], nextOffset));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private readonly record struct Message(byte[] Bytes, long? EndMs);

    private sealed class Partition
    {
        private readonly Lock _lock = new();
        private readonly List<Message> _messages = [];
        private TaskCompletionSource _appended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _begin;

        public LogRange Range
        {
            get
            {
                lock (_lock)
                {
                    return new LogRange(_begin, _begin + _messages.Count);
                }
            }
        }

        public long Append(Message message)
        {
            lock (_lock)
            {
                _messages.Add(message);
                _appended.SetResult();
                _appended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return _begin + _messages.Count - 1;
            }
        }

        public void Trim(long begin)
        {
            lock (_lock)
            {
                var count = (int)Math.Clamp(begin - _begin, 0, _messages.Count);
                _messages.RemoveRange(0, count);
                _begin += count;
            }
        }

        /// <summary>Fills the chunk, or answers what to wait for.</summary>
        public Task? TryReadAsync(EventChunk chunk, long nextOffset)
        {
            lock (_lock)
            {
                var first = Math.Max(nextOffset, _begin);
                for (var offset = first; offset < _begin + _messages.Count && chunk.Count < ChunkEventsMax; offset++)
                {
                    var message = _messages[(int)(offset - _begin)];
                    if (message.EndMs is { } endMs)
                    {
                        chunk.EndMs = endMs;
                        chunk.NextOffset = offset + 1;
                        break;
                    }

                    chunk.Add(offset, message.Bytes);
                }

                if (chunk.Count == 0 && chunk.EndMs is null)
                {
                    return _appended.Task;
                }

                chunk.SkippedFrom = nextOffset < first ? nextOffset : null;
                return null;
            }
        }
    }

    private sealed class Reader(Partition partition, long nextOffset) : IEventReader
    {
        private long _nextOffset = nextOffset;

        public async ValueTask ReadAsync(EventChunk chunk, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            chunk.Clear();
            while (partition.TryReadAsync(chunk, _nextOffset) is { } appended)
            {
                await appended.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            _nextOffset = chunk.NextOffset;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
