using System.Runtime.CompilerServices;
using System.Threading.Channels;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Node.Hosting;

/// <summary>
/// Sources whose partitions are shared out by leases instead of a group of their own: this node is one member for all of them. A partition
/// that somebody else gets is let go of behind the end of its ingest actor; two that read one for a moment do no harm, for shards drop what
/// comes twice by its mark. Partitions that a topic gets later are read after the next start.
/// </summary>
internal sealed class LeasedSources : IAsyncDisposable
{
    private readonly IShardOwnership _leases;
    private readonly Dictionary<string, int> _partitions;
    private readonly Dictionary<string, Channel<Told>> _told;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private Task? _watch;

    /// <summary>Shares out these sources.</summary>
    /// <param name="leases">Leases of source partitions; this owns them.</param>
    /// <param name="partitions">Sources with their numbers of partitions.</param>
    public LeasedSources(IShardOwnership leases, IReadOnlyDictionary<string, int> partitions)
    {
        _leases = leases;
        _partitions = partitions.ToDictionary(StringComparer.Ordinal);

        // At most a gain and a loss per partition wait.
        _told = partitions.Keys.ToDictionary(static s => s, static _ => Channel.CreateUnbounded<Told>(), StringComparer.Ordinal);
    }

    /// <summary>A source that reads as <paramref name="inner"/> does, and only what is leased.</summary>
    public IEventSource Lease(IEventSource inner) => new LeasedSource(this, inner);

    /// <summary>Hands everything back.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await (_watch ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _leases.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private async IAsyncEnumerable<SourceAssignment> WatchAsync(string source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _watch ??= Task.Run(ShareOutAsync, CancellationToken.None);
        }

        try
        {
            await foreach (Told told in _told[source].Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return new SourceAssignment(told.Partition, told.IsAssigned);

                // Who asks for the next change is done with this one.
                told.Done.TrySetResult();
            }
        }
        finally
        {
            // A node that stops to watch one source stops altogether: others may have all of it.
            await _stop.CancelAsync().ConfigureAwait(false);
        }
    }

    private async Task ShareOutAsync()
    {
        try
        {
            await foreach (OwnershipChange change in _leases.WatchAsync(_partitions, _stop.Token).ConfigureAwait(false))
            {
                var told = new Told(change.Shard.Partition, change.IsAssigned, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
                _told[change.Shard.Entity].Writer.TryWrite(told);
                if (change.IsAssigned)
                {
                    await ArriveAsync(change.Shard).ConfigureAwait(false);
                }
                else
                {
                    await told.Done.Task.WaitAsync(_stop.Token).ConfigureAwait(false);
                }
            }
        }
        catch (Exception error)
        {
            foreach (Channel<Told> channel in _told.Values)
            {
                channel.Writer.TryComplete(_stop.IsCancellationRequested ? null : error);
            }

            throw;
        }
    }

    private async Task ArriveAsync(ShardId partition)
    {
        try
        {
            await _leases.ArrivedAsync(partition).ConfigureAwait(false);
        }
        catch (DependencyUnavailableException)
        {
            // Whoever waits for it does not wait for ever.
        }
    }

    private sealed record Told(int Partition, bool IsAssigned, TaskCompletionSource Done);

    private sealed class LeasedSource(LeasedSources leases, IEventSource inner) : IEventSource
    {
        public string Source => inner.Source;

        public ValueTask<int> CountPartitionsAsync(CancellationToken cancellationToken) => inner.CountPartitionsAsync(cancellationToken);

        public ValueTask<LogRange> GetRangeAsync(int partition, CancellationToken cancellationToken) => inner.GetRangeAsync(partition, cancellationToken);

        public IAsyncEnumerable<SourceAssignment> WatchAsync(CancellationToken cancellationToken) => leases.WatchAsync(inner.Source, cancellationToken);

        public ValueTask<IEventReader> ReadFromAsync(int partition, long nextOffset, CancellationToken cancellationToken) =>
            inner.ReadFromAsync(partition, nextOffset, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
