using System.Runtime.CompilerServices;
using FeatureActors.Benchmarks.Reports;
using FeatureActors.Integration.Tests.Cluster;

namespace FeatureActors.Benchmarks.TakeOver;

/// <summary>
/// Planned moves: a third node starts, gets its share and stops in order, again and again. It is a new process each time, so each shard
/// that comes to it comes to a node without any history. Beside it a control measures what the same waits take at the same time.
/// </summary>
internal static class MoveRun
{
    // A move has some work before it and behind it.
    private static readonly TimeSpan Around = TimeSpan.FromSeconds(1);

    /// <summary>Moves shards until at least so many were moved; answers a row for each direction and one for all.</summary>
    public static async Task<IReadOnlyList<(string Row, (string, double)[] Figures)>> RunAsync(NodeCluster cluster, string row, int moves)
    {
        cluster.StartLoad();
        ControlMove control = cluster.StartControl();
        await using ConfiguredAsyncDisposable ended = control.ConfigureAwait(false);
        DateTimeOffset begun = TimeProvider.System.GetUtcNow();
        List<ClusterNode> steady = [.. cluster.Nodes];
        ClusterNode joiner = await cluster.AddAsync().ConfigureAwait(false);
        IReadOnlyList<ShardPause> pauses;
        while (true)
        {
            await cluster.SettleAsync([.. steady, joiner]).ConfigureAwait(false);
            await joiner.StopAsync().ConfigureAwait(false);
            await cluster.SettleAsync(steady).ConfigureAwait(false);

            // Without load a shard that stands still is not seen to go on.
            pauses = [.. ShardMoves.Pauses([.. cluster.Nodes.Select(static n => n.ReadOutput())]).Where(p => p.Drained > begun)];
            if (pauses.Count >= moves)
            {
                break;
            }

            await joiner.StartAsync().ConfigureAwait(false);
        }

        IReadOnlyList<(DateTimeOffset At, long Ms)> taken = await control.EndAsync().ConfigureAwait(false);
        long[] atMoves = [.. taken.Where(c => pauses.Any(p => c.At > p.Drained - Around && c.At < p.Runs + Around)).Select(static c => c.Ms).Order()];
        int cold = cluster.Nodes.Count - 1;
        return
        [
            ($"{row}, to a node that has just started", Figures(pauses.Where(p => p.NewOwner == cold))),
            ($"{row}, away from a node that stops", Figures(pauses.Where(p => p.NewOwner != cold))),
            ($"{row}, all", Figures(pauses)),
            ($"{row}, control", [
                ("control's samples", atMoves.Length),
                ("p50 ms", ShardMoves.Quantile(atMoves, 0.5)),
                ("p99 ms", ShardMoves.Quantile(atMoves, 0.99)),
                ("max ms", atMoves.DefaultIfEmpty().Max()),
                ("moves to control at p50", Ratio(pauses, atMoves, 0.5)),
                ("moves to control at p99", Ratio(pauses, atMoves, 0.99)),
            ]),
        ];
    }

    private static double Ratio(IReadOnlyList<ShardPause> pauses, long[] control, double quantile) =>
        (double)ShardMoves.Quantile([.. pauses.Select(static p => p.Ms).Order()], quantile) / Math.Max(1, ShardMoves.Quantile(control, quantile));

    private static (string, double)[] Figures(IEnumerable<ShardPause> pauses)
    {
        ShardPause[] all = [.. pauses];
        long[] ms = [.. all.Select(static p => p.Ms).Order()];
        return
        [
            ("moves", all.Length),
            ("p50 ms", ShardMoves.Quantile(ms, 0.5)),
            ("p99 ms", ShardMoves.Quantile(ms, 0.99)),
            ("max ms", ms.DefaultIfEmpty().Max()),
            ("last checkpoint, p50 ms", Median(all, static p => p.Released - p.Drained)),
            ("to the new owner's epoch, p50 ms", Median(all, static p => p.Acquired - p.Released)),
            ("fence and catch-up, p50 ms", Median(all, static p => p.Runs - p.Acquired)),
            ("first row, p50 ms", Median(all, static p => (p.AppliesAt ?? p.Runs) - p.Runs)),
        ];
    }

    private static double Median(ShardPause[] pauses, Func<ShardPause, TimeSpan> part) =>
        pauses.Length == 0 ? 0 : BenchReport.Median(pauses.Select(p => part(p).TotalMilliseconds));
}
