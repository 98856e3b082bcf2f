using System.Runtime.CompilerServices;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Runtime.Tests.Versions;

/// <summary>A source whose events are handed out in small chunks, all partitions to whoever asks.</summary>
internal sealed class ScriptedSource(IReadOnlyList<ScriptedPartition> partitions, int chunk) : IEventSource
{
    public string Source => "clicks";

    public ValueTask<int> CountPartitionsAsync(CancellationToken cancellationToken) => new(partitions.Count);

    public ValueTask<LogRange> GetRangeAsync(int partition, CancellationToken cancellationToken) => new(new LogRange(0, partitions[partition].Count));

    public async IAsyncEnumerable<SourceAssignment> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int p = 0; p < partitions.Count; p++)
        {
            yield return new SourceAssignment(p, true);
        }

        // Nothing changes any more.
        await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
    }

    public ValueTask<IEventReader> ReadFromAsync(int partition, long nextOffset, CancellationToken cancellationToken) =>
        new(new Reader(partitions[partition], nextOffset, chunk));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Reader(ScriptedPartition partition, long nextOffset, int most) : IEventReader
    {
        private long _next = nextOffset;

        public async ValueTask ReadAsync(EventChunk chunk, CancellationToken cancellationToken)
        {
            // Handed over on another thread, as an adapter would: readers of two partitions take turns in any order.
            await Task.Yield();
            chunk.Clear();
            while (partition.TryRead(chunk, _next, most) is { } added)
            {
                await added.WaitAsync(cancellationToken);
            }

            _next += chunk.Count;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
