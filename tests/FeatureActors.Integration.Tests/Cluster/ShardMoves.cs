using System.Globalization;
using System.Text.RegularExpressions;

namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>Moves of shards as the nodes told them: how long a shard stood between its drain at one node and its running at the next.</summary>
internal static partial class ShardMoves
{
    /// <summary>Milliseconds of each planned move in these outputs, in rising order.</summary>
    public static long[] PausesMs(IEnumerable<string> outputs)
    {
        var drainedAt = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        var pauses = new List<long>();
        IEnumerable<Match> moves = outputs
            .SelectMany(static o => o.Split('\n')).Select(static l => Move().Match(l)).Where(static m => m.Success)
            .OrderBy(static m => m.Groups["at"].Value, StringComparer.Ordinal);
        foreach (Match move in moves)
        {
            DateTimeOffset at = DateTimeOffset.Parse(move.Groups["at"].Value, CultureInfo.InvariantCulture);
            string shard = move.Groups["shard"].Value;
            switch (move.Groups["to"].Value)
            {
                case "Draining":
                    drainedAt[shard] = at;
                    break;
                case "Running" when drainedAt.Remove(shard, out DateTimeOffset since):
                    pauses.Add((long)(at - since).TotalMilliseconds);
                    break;
                case "Fenced":
                    // Taken, not handed over.
                    drainedAt.Remove(shard);
                    break;
                default:
                    break;
            }
        }

        return [.. pauses.Order()];
    }

    /// <summary>The value at a quantile of sorted values; 0 of none.</summary>
    public static long Quantile(long[] sorted, double quantile) => sorted.Length == 0 ? 0 : sorted[(int)Math.Ceiling(quantile * sorted.Length) - 1];

    [GeneratedRegex(@"^(?<at>\S+Z)\s.*Shard (?<shard>\S+) \w+ -> (?<to>\w+):")]
    private static partial Regex Move();
}
