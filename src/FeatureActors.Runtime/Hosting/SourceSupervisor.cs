using System.Collections.Concurrent;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Runtime.Ingest;

namespace FeatureActors.Runtime.Hosting;

/// <summary>The source partitions that a node is given: an ingest actor for each. Which partitions these are, the sources say.</summary>
internal sealed class SourceSupervisor(ShardServices services)
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(string Source, int Partition), RunningSource> _partitions = new();
    private volatile bool _isStopping;

    /// <summary>The actors of the moment. Any thread.</summary>
    public IEnumerable<IngestActor> Actors => _partitions.Values.Select(static r => r.Actor);

    /// <summary>From here on no partition is begun.</summary>
    public void BeginStop() => _isStopping = true;

    /// <summary>Ends all partitions: what their logs have is saved.</summary>
    public Task EndAllAsync() => Task.WhenAll(_partitions.Values.Select(EndAsync));

    /// <summary>Begins a partition again whose actor hangs; that one is given up.</summary>
    /// <returns>False when the actor is none of this node's.</returns>
    public bool StartAgain(IngestActor hanging)
    {
        if (_partitions.Values.FirstOrDefault(p => p.Actor == hanging) is not { } running)
        {
            return false;
        }

        // The new one begins where the old one's rows are in the log; what both append, the shards take once.
        _ = running.Stop.CancelAsync();
        running.StartAgain();
        return true;
    }

    /// <summary>Begins and ends partitions as the source says, until cancelled.</summary>
    public async Task WatchAsync(IngestPlan plan, CancellationToken cancellationToken)
    {
        IEventSource source = services.Ports.Sources[plan.Source];
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await foreach (SourceAssignment change in source.WatchAsync(cancellationToken).ConfigureAwait(false))
                {
                    if (_partitions.TryRemove((plan.Source, change.Partition), out RunningSource? old))
                    {
                        await EndAsync(old).ConfigureAwait(false);
                    }

                    if (change.IsAssigned && !_isStopping)
                    {
                        StartPartition(plan, source, change.Partition);
                        if (_isStopping && _partitions.TryGetValue((plan.Source, change.Partition), out RunningSource? late))
                        {
                            await EndAsync(late).ConfigureAwait(false);
                        }
                    }
                }

                return;
            }
            catch (FeatureActorsException error) when (error.IsTransient)
            {
                Log.Waits(services.Logger, $"source {plan.Source}", error.Message);
                await Task.Delay(Retry, services.Time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private void StartPartition(IngestPlan plan, IEventSource source, int partition)
    {
        var stop = new CancellationTokenSource();
        var actor = new IngestActor(plan, source, partition, services.Ports, services.Options, services.Letters, services.Time, services.Logger);
        _partitions[(plan.Source, partition)] = new RunningSource(
            actor, stop, Task.Run(() => actor.RunAsync(stop.Token), CancellationToken.None), () => StartPartition(plan, source, partition));
    }

    private static async Task EndAsync(RunningSource running)
    {
        if (!running.TryBeginEnd())
        {
            await running.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        await running.Stop.CancelAsync().ConfigureAwait(false);
        await running.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        running.Stop.Dispose();
    }

    private sealed record RunningSource(IngestActor Actor, CancellationTokenSource Stop, Task Task, Action StartAgain)
    {
        private int _isEnding;

        /// <summary>True for the first who ends it; whoever comes later only waits.</summary>
        public bool TryBeginEnd() => Interlocked.Exchange(ref _isEnding, 1) == 0;
    }
}
