using System.Runtime.CompilerServices;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Runtime.Ingest;

/// <summary>
/// A file as the one partition of a source. The offset of an event is the 0-based number of its record, so the file must only grow
/// between starts. Behind its last event the source ends, when it was given an end; otherwise it waits until it is cancelled, and what
/// is appended meanwhile is read at the next start.
/// </summary>
/// <param name="source">Source name as in the definitions.</param>
/// <param name="file">The file.</param>
/// <param name="endMs">Event time at which the source ends, Unix milliseconds; null for a source without end.</param>
public sealed class FileEventSource(string source, EventFile file, long? endMs) : IEventSource
{
    private readonly SemaphoreSlim _counting = new(1, 1);
    private long _count = -1;

    /// <inheritdoc/>
    public string Source { get; } = source;

    /// <inheritdoc/>
    public ValueTask<int> CountPartitionsAsync(CancellationToken cancellationToken) => ValueTask.FromResult(1);

    /// <inheritdoc/>
    public async ValueTask<LogRange> GetRangeAsync(int partition, CancellationToken cancellationToken)
    {
        await _counting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_count < 0)
            {
                _count = await Task.Run(() => CountRecords(cancellationToken), cancellationToken).ConfigureAwait(false);
            }

            return new LogRange(0, _count);
        }
        finally
        {
            _counting.Release();
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<SourceAssignment> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return new SourceAssignment(0, IsAssigned: true);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<IEventReader> ReadFromAsync(int partition, long nextOffset, CancellationToken cancellationToken)
    {
        var reader = new Reader(file.OpenReader(), endMs);
        try
        {
            await Task.Run(() => reader.SkipTo(nextOffset, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await reader.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return reader;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _counting.Dispose();
        return ValueTask.CompletedTask;
    }

    private long CountRecords(CancellationToken cancellationToken)
    {
        using EventFileReader reader = file.OpenReader();
        while (reader.Read())
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return reader.Number + 1;
    }

    private sealed class Reader(EventFileReader records, long? endMs) : IEventReader
    {
        // A chunk is routed in a millisecond or so; larger ones would only delay the batches.
        private const int ChunkBytes = 256 * 1024;

        private long _next;

        public void SkipTo(long nextOffset, CancellationToken cancellationToken)
        {
            while (_next < nextOffset && records.Read())
            {
                cancellationToken.ThrowIfCancellationRequested();
                _next++;
            }
        }

        public async ValueTask ReadAsync(EventChunk chunk, CancellationToken cancellationToken)
        {
            ArgumentNullException.ThrowIfNull(chunk);
            chunk.Clear();
            chunk.NextOffset = _next;
            while (chunk.ByteCount < ChunkBytes && await records.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                chunk.Add(_next++, records.Record.Span);
            }

            if (chunk.Count > 0)
            {
                return;
            }

            if (endMs is null)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(false);
            }

            chunk.EndMs = endMs;
        }

        public ValueTask DisposeAsync()
        {
            records.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
