using FeatureActors.Abstractions.Identity;

namespace FeatureActors.Persistence.Sql.Leases;

/// <summary>A row of the table of leases.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="Member">Who holds it; null for nobody.</param>
/// <param name="Heir">Who gets it as soon as its holder lets go; the holder himself until what was handed to him runs; null while it stays.</param>
internal readonly record struct LeaseRow(ShardId Shard, string? Member, string? Heir = null);

/// <summary>A shard that its holder gives to another member.</summary>
internal readonly record struct LeaseMove(ShardId Shard, string Heir);

/// <summary>
/// Who should hold how many shards: all members that stay the same number, the remainder with those who hold most already. Every member
/// comes to the same shares from the same rows, the shares add up to all shards, and what is held within a share stays where it is.
/// A shard on its way counts for the one who gets it.
/// </summary>
internal static class LeaseShares
{
    /// <summary>What <paramref name="me"/> should take of what is free.</summary>
    /// <param name="me">A member, which may be about to leave.</param>
    /// <param name="staying">Members that do not leave.</param>
    /// <param name="rows">All shards.</param>
    public static IReadOnlyList<ShardId> Take(string me, IReadOnlyCollection<string> staying, IReadOnlyCollection<LeaseRow> rows)
    {
        int lacks = Lacks(staying, rows).GetValueOrDefault(me);
        Dictionary<string, int> held = rows.Where(r => HolderOf(r, staying) == me).CountBy(static r => r.Shard.Entity).ToDictionary(StringComparer.Ordinal);
        List<ShardId> free = [.. rows.Where(static r => r.Member is null).Select(static r => r.Shard)];
        List<ShardId> take = [];
        for (; lacks > 0 && free.Count > 0; lacks--)
        {
            // Shards of one entity cost alike: so each member gets some of each.
            ShardId next = free.MinBy(s => (held.GetValueOrDefault(s.Entity), s.Entity, s.Partition));
            free.Remove(next);
            take.Add(next);
            held[next.Entity] = held.GetValueOrDefault(next.Entity) + 1;
        }

        return take;
    }

    /// <summary>
    /// What <paramref name="me"/> should give to whom now. Whoever has a shard on its way to him gets the next when that one has
    /// arrived: a member that is still cold holds up one shard, not all of its share.
    /// </summary>
    /// <param name="me">A member; one that is about to leave gives everything.</param>
    /// <param name="staying">Members that do not leave.</param>
    /// <param name="rows">All shards.</param>
    public static IReadOnlyList<LeaseMove> Give(string me, IReadOnlyCollection<string> staying, IReadOnlyCollection<LeaseRow> rows)
    {
        Dictionary<string, int> lacks = Lacks(staying, rows);
        List<ShardId> mine = [.. rows.Where(r => r.Member == me && HolderOf(r, staying) == me).Select(static r => r.Shard)];
        int tooMany = staying.Contains(me) ? -lacks[me] : mine.Count;
        Dictionary<string, int> held = mine.CountBy(static s => s.Entity).ToDictionary(StringComparer.Ordinal);
        HashSet<string> waiting = [.. rows.Where(r => r.Heir is not null && HolderOf(r, staying) == r.Heir).Select(static r => r.Heir!)];
        List<LeaseMove> give = [];
        foreach (string heir in lacks.Where(l => l.Value > 0 && !waiting.Contains(l.Key))
            .OrderByDescending(static l => l.Value).ThenBy(static l => l.Key, StringComparer.Ordinal).Select(static l => l.Key).Take(Math.Max(0, tooMany)))
        {
            ShardId next = mine.MaxBy(s => (held[s.Entity], s.Entity, s.Partition));
            mine.Remove(next);
            held[next.Entity]--;
            give.Add(new LeaseMove(next, heir));
        }

        return give;
    }

    // An heir that is gone, or leaves too, gets nothing.
    private static string? HolderOf(LeaseRow row, IReadOnlyCollection<string> staying) => row.Heir is { } heir && staying.Contains(heir) ? heir : row.Member;

    /// <summary>How many shards each staying member lacks; negative for who has too many.</summary>
    private static Dictionary<string, int> Lacks(IReadOnlyCollection<string> staying, IReadOnlyCollection<LeaseRow> rows)
    {
        Dictionary<string, int> held = staying.ToDictionary(static m => m, static _ => 0, StringComparer.Ordinal);
        foreach (LeaseRow row in rows)
        {
            if (HolderOf(row, staying) is { } member && held.TryGetValue(member, out int count))
            {
                held[member] = count + 1;
            }
        }

        string[] order = [.. held.OrderByDescending(static h => h.Value).ThenBy(static h => h.Key, StringComparer.Ordinal).Select(static h => h.Key)];
        return order.Select((m, i) => (Member: m, Lacks: (rows.Count / order.Length) + (i < rows.Count % order.Length ? 1 : 0) - held[m]))
            .ToDictionary(static l => l.Member, static l => l.Lacks, StringComparer.Ordinal);
    }
}
