using System.Globalization;
using System.Text.RegularExpressions;

namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>What nodes told of their shards, out of their logs. The tests and <c>./fa bench takeover</c> read them with this.</summary>
internal static partial class ShardMoves
{
    /// <summary>Not a state: the first row was applied.</summary>
    private const string Applies = "applies";

    /// <summary>Changes of state in one node's output, in order.</summary>
    public static IEnumerable<ShardMove> Read(string output) => output
        .Split('\n').Select(static l => Move().Match(l)).Where(static m => m.Success)
        .Select(static m => new ShardMove(
            DateTimeOffset.Parse(m.Groups["at"].Value, CultureInfo.InvariantCulture), m.Groups["shard"].Value, m.Groups["from"].Value, m.Groups["to"].Value, m.Groups["why"].Value));

    /// <summary>
    /// Planned moves in the outputs of a cluster's nodes: a shard stands still from its drain at one node, which takes no further row then,
    /// to the first row that is applied while it runs at the next, which then may publish, too. One that was taken instead is left out.
    /// </summary>
    public static IReadOnlyList<ShardPause> Pauses(IReadOnlyList<string> outputs)
    {
        var open = new Dictionary<string, ShardPause>(StringComparer.Ordinal);
        var pauses = new List<ShardPause>();
        foreach ((ShardMove move, int node) in outputs.SelectMany(static (o, node) => Read(o).Select(m => (Move: m, Node: node))).OrderBy(static m => m.Move.At))
        {
            if (move.To == Applies)
            {
                int last = pauses.FindLastIndex(p => p.Shard == move.Shard);
                if (last >= 0 && pauses[last] is { AppliesAt: null } moved && moved.NewOwner == node)
                {
                    pauses[last] = moved with { AppliesAt = move.At };
                }
            }
            else if (move.To == "Draining")
            {
                open[move.Shard] = new ShardPause(move.Shard, move.At, move.At, move.At, move.At, node, node);
            }
            else if (open.TryGetValue(move.Shard, out ShardPause pause))
            {
                open[move.Shard] = move.To switch
                {
                    "Released" => pause with { Released = move.At },
                    "Recovering" => pause with { Acquired = move.At },
                    _ => pause,
                };
                if (move.To is "Running" or "Fenced")
                {
                    open.Remove(move.Shard);
                }

                if (move.To == "Running")
                {
                    pauses.Add(pause with { Runs = move.At, NewOwner = node });
                }
            }
        }

        return pauses;
    }

    /// <summary>Milliseconds of each planned move in these outputs, in rising order.</summary>
    public static long[] PausesMs(IEnumerable<string> outputs) => [.. Pauses([.. outputs]).Select(static p => p.Ms).Order()];

    /// <summary>The value at a quantile of sorted values; 0 of none.</summary>
    public static long Quantile(long[] sorted, double quantile) => sorted.Length == 0 ? 0 : sorted[(int)Math.Ceiling(quantile * sorted.Length) - 1];

    [GeneratedRegex(@"^(?<at>\S+Z)\s.*Shard (?<shard>\S+) ((?<from>\w+) -> (?<to>\w+): (?<why>.*)|(?<to>applies) rows)")]
    private static partial Regex Move();
}

/// <summary>A shard went from one state to another.</summary>
internal readonly record struct ShardMove(DateTimeOffset At, string Shard, string From, string To, string Reason);

/// <summary>A planned move: when the old owner stopped, when it let go, when the new one had the epoch and when it ran; and which nodes these were.</summary>
internal readonly record struct ShardPause(
    string Shard, DateTimeOffset Drained, DateTimeOffset Released, DateTimeOffset Acquired, DateTimeOffset Runs, int OldOwner, int NewOwner)
{
    /// <summary>When the new one applied a row; null where none came.</summary>
    public DateTimeOffset? AppliesAt { get; init; }

    public long Ms => (long)((AppliesAt ?? Runs) - Drained).TotalMilliseconds;
}
