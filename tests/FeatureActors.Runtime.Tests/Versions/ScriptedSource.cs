using System.Runtime.CompilerServices;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Runtime.Tests.Versions;

/// <summary>A source whose events are handed out in small chunks, all partitions to whoever asks. Who appends locks the partition.</summary>
internal sealed class ScriptedSource(IReadOnlyList<List<byte[]>> partitions, int chunk) : IEventSource
{
    public string Source => "clicks";

    public ValueTask<int> CountPartitionsAsync(CancellationToken cancellationToken) => new(partitions.Count);

    public ValueTask<LogRange> GetRangeAsync(int partition, CancellationToken cancellationToken) => new(new LogRange(0, CountOf(partitions[partition])));

    public async IAsyncEnumerable<SourceAssignment> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int p = 0; p < partitions.Count; p++)
        {
            yield return new SourceAssignment(p, true);
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
    }

    public ValueTask<IEventReader> ReadFromAsync(int partition, long nextOffset, CancellationToken cancellationToken) =>
        new(new Reader(partitions[partition], nextOffset, chunk));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static int CountOf(List<byte[]> partition)
    {
        lock (partition)
        {
            return partition.Count;
        }
    }

    private sealed class Reader(List<byte[]> events, long nextOffset, int most) : IEventReader
    {
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

        private long _next = nextOffset;

        public async ValueTask ReadAsync(EventChunk chunk, CancellationToken cancellationToken)
        {
            chunk.Clear();
            while (CountOf(events) <= _next)
            {
                await Task.Delay(Pause, TimeProvider.System, cancellationToken);
            }

            // Handed over on another thread, as an adapter would: readers of two partitions take turns in any order.
            await Task.Yield();
            lock (events)
            {
                for (int i = 0; i < most && _next < events.Count; i++)
                {
                    chunk.Add(_next, events[(int)_next]);
                    _next++;
                }
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
