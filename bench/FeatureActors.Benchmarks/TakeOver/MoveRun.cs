using FeatureActors.Benchmarks.Reports;
using FeatureActors.Integration.Tests.Cluster;

namespace FeatureActors.Benchmarks.TakeOver;

/// <summary>
/// Planned moves: a third node starts, gets its share and stops in order, again and again. It is a new process each time, so each shard
/// that comes to it comes to a node without any history.
/// </summary>
internal static class MoveRun
{
    /// <summary>Moves shards until at least so many were moved; answers a row for each direction and one for all.</summary>
    public static async Task<IReadOnlyList<(string Row, (string, double)[] Figures)>> RunAsync(NodeCluster cluster, string row, int moves)
    {
        cluster.StartLoad();
        List<ClusterNode> steady = [.. cluster.Nodes];
        ClusterNode joiner = await cluster.AddAsync().ConfigureAwait(false);
        IReadOnlyList<ShardPause> pauses;
        while (true)
        {
            await cluster.SettleAsync([.. steady, joiner]).ConfigureAwait(false);
            await joiner.StopAsync().ConfigureAwait(false);
            await cluster.SettleAsync(steady).ConfigureAwait(false);
            pauses = ShardMoves.Pauses([.. cluster.Nodes.Select(static n => n.ReadOutput())]);
            if (pauses.Count >= moves)
            {
                break;
            }

            await joiner.StartAsync().ConfigureAwait(false);
        }

        int cold = cluster.Nodes.Count - 1;
        return
        [
            ($"{row}, to a node that has just started", Figures(pauses.Where(p => p.NewOwner == cold))),
            ($"{row}, away from a node that stops", Figures(pauses.Where(p => p.NewOwner != cold))),
            ($"{row}, all", Figures(pauses)),
        ];
    }

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
        ];
    }

    private static double Median(ShardPause[] pauses, Func<ShardPause, TimeSpan> part) =>
        pauses.Length == 0 ? 0 : BenchReport.Median(pauses.Select(p => part(p).TotalMilliseconds));
}
