using System.Collections.Concurrent;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Node.Hosting;
using FeatureActors.TestKit.Ports;

namespace FeatureActors.Node.Tests.Hosting;

/// <summary>Source partitions that are shared out by leases.</summary>
public sealed class LeasedSourcesTests
{
    private static readonly Dictionary<string, int> Partitions = new() { ["clicks"] = 3, ["views"] = 1 };

    [Fact]
    public async Task Two_nodes_share_the_partitions_of_all_sources_and_one_that_stops_hands_its_own_back()
    {
        await using var group = new InMemoryOwnership();
        using var stopFirst = new CancellationTokenSource();
        using var stopSecond = new CancellationTokenSource();
        ConcurrentDictionary<(string, int), bool> first = [];
        ConcurrentDictionary<(string, int), bool> second = [];
        Task one = RunAsync(group, first, stopFirst.Token);
        await Eventually.HoldsAsync(() => Task.FromResult(first.Count == 4), "the only node reads all", one);
        Task two = RunAsync(group, second, stopSecond.Token);
        await Eventually.HoldsAsync(() => Task.FromResult(first.Count == 2 && second.Count == 2), "two nodes share", two);
        await stopFirst.CancelAsync();
        await one;
        await Eventually.HoldsAsync(() => Task.FromResult(second.Count == 4), "the one that stays reads all", two);
        await stopSecond.CancelAsync();
        await two;
    }

    private static async Task RunAsync(InMemoryOwnership group, ConcurrentDictionary<(string, int), bool> held, CancellationToken cancellationToken)
    {
        await using var leased = new LeasedSources(group, Partitions);
        await Task.WhenAll(Partitions.Select(p => WatchAsync(leased.Lease(new InMemoryEventSource(p.Key, p.Value)), held, cancellationToken)));
    }

    private static async Task WatchAsync(IEventSource source, ConcurrentDictionary<(string, int), bool> held, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (SourceAssignment change in source.WatchAsync(cancellationToken))
            {
                if (change.IsAssigned)
                {
                    held[(source.Source, change.Partition)] = true;
                }
                else
                {
                    held.TryRemove((source.Source, change.Partition), out _);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // How a node stops.
        }
    }
}
