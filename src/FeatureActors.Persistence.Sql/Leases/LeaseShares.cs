using FeatureActors.Abstractions.Identity;

namespace FeatureActors.Persistence.Sql.Leases;

/// <summary>A row of the table of leases.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Member">Who holds it; null for nobody.</param>
internal readonly record struct LeaseRow(ShardId Shard, string? Member);

/// <summary>
/// Who should hold how many shards: all the same number, the remainder with those who hold most already. Every member comes to the same
/// shares from the same rows, the shares add up to all shards, and what is held within a share stays where it is.
/// </summary>
internal static class LeaseShares
{
    /// <summary>What <paramref name="me"/> should take of what is free, and give up for others.</summary>
    public static (IReadOnlyList<ShardId> Take, IReadOnlyList<ShardId> GiveUp) Decide(
        string me, IReadOnlyCollection<string> members, IReadOnlyCollection<LeaseRow> rows)
    {
        int share = ShareOf(me, members, rows);
        List<ShardId> mine = [.. rows.Where(r => r.Member == me).Select(static r => r.Shard)];
        Dictionary<string, int> held = mine.CountBy(static s => s.Entity).ToDictionary(StringComparer.Ordinal);
        List<ShardId> free = [.. rows.Where(static r => r.Member is null).Select(static r => r.Shard)];
        List<ShardId> take = [];
        while (mine.Count + take.Count < share && free.Count > 0)
        {
            // Shards of one entity cost alike: so each member gets some of each.
            ShardId next = free.MinBy(s => (held.GetValueOrDefault(s.Entity), s.Entity, s.Partition));
            free.Remove(next);
            take.Add(next);
            held[next.Entity] = held.GetValueOrDefault(next.Entity) + 1;
        }

        List<ShardId> giveUp = [];
        while (mine.Count > share)
        {
            ShardId next = mine.MaxBy(s => (held[s.Entity], s.Entity, s.Partition));
            mine.Remove(next);
            giveUp.Add(next);
            held[next.Entity]--;
        }

        return (take, giveUp);
    }

    private static int ShareOf(string me, IReadOnlyCollection<string> members, IReadOnlyCollection<LeaseRow> rows)
    {
        Dictionary<string, int> held = members.ToDictionary(static m => m, static _ => 0, StringComparer.Ordinal);
        foreach (LeaseRow row in rows)
        {
            if (row.Member is { } member && held.TryGetValue(member, out int count))
            {
                held[member] = count + 1;
            }
        }

        string[] order = [.. held.OrderByDescending(static h => h.Value).ThenBy(static h => h.Key, StringComparer.Ordinal).Select(static h => h.Key)];
        return (rows.Count / order.Length) + (Array.IndexOf(order, me) < rows.Count % order.Length ? 1 : 0);
    }
}
