using FeatureActors.Abstractions.Identity;
using FeatureActors.Persistence.Sql.Leases;

namespace FeatureActors.Persistence.Sql.Tests.Leases;

public sealed class LeaseSharesTests
{
    [Fact]
    public void The_only_member_takes_all() => Assert.Equal(6, LeaseShares.Decide("a", ["a"], Rows(6)).Take.Count);

    [Fact]
    public void What_is_even_stays_where_it_is()
    {
        LeaseRow[] rows = [.. Rows(7).Select(static (r, i) => r with { Member = i < 4 ? "b" : "a" })];

        Assert.All(["a", "b"], me => Assert.Equal((0, 0), Counts(LeaseShares.Decide(me, ["a", "b"], rows))));
    }

    [Fact]
    public void A_holder_gives_up_of_each_entity_what_another_lacks()
    {
        LeaseRow[] rows = [.. Enumerable.Range(0, 8).Select(static i => new LeaseRow(new ShardId(i % 2 == 0 ? "item" : "user", i / 2), "a"))];

        IReadOnlyList<ShardId> given = LeaseShares.Decide("a", ["a", "b"], rows).GiveUp;

        Assert.Equal(4, given.Count);
        Assert.Equal(2, given.Count(static s => s.Entity == "item"));
    }

    [Fact]
    public void Whoever_comes_and_goes_in_whatever_order_the_shares_become_even_with_few_moves()
    {
        int seed = Environment.TickCount & 0xFFFFFF;
        var random = new Random(seed);
        for (int run = 0; run < 300; run++)
        {
            List<string> members = [.. Enumerable.Range(0, random.Next(1, 6)).Select(static i => $"m{i}")];
            LeaseRow[] rows = [.. Rows(random.Next(1, 30)).Select(r => r with { Member = random.Next(7) is var m && m < members.Count ? $"m{m}" : null })];
            int moves = 0;
            for (int step = 0; !members.TrueForAll(m => Counts(LeaseShares.Decide(m, members, rows)) == (0, 0)); step++)
            {
                Assert.True(step < 2_000, $"seed {seed}, run {run}: no rest");
                string me = members[random.Next(members.Count)];
                (IReadOnlyList<ShardId> take, IReadOnlyList<ShardId> giveUp) = LeaseShares.Decide(me, members, rows);
                for (int i = 0; i < rows.Length; i++)
                {
                    rows[i] = take.Contains(rows[i].Shard) ? rows[i] with { Member = me }
                        : giveUp.Take(1).Contains(rows[i].Shard) ? rows[i] with { Member = null } : rows[i];
                }

                moves += Math.Min(1, giveUp.Count);
            }

            int[] held = [.. members.Select(m => rows.Count(r => r.Member == m))];
            Assert.True(held.Sum() == rows.Length && held.Max() - held.Min() <= 1, $"seed {seed}, run {run}: {string.Join(' ', held)} of {rows.Length}");
            Assert.True(moves <= rows.Length, $"seed {seed}, run {run}: {moves} moves");
        }
    }

    private static (int, int) Counts((IReadOnlyList<ShardId> Take, IReadOnlyList<ShardId> GiveUp) decision) =>
        (decision.Take.Count, decision.GiveUp.Count);

    private static LeaseRow[] Rows(int count) => [.. Enumerable.Range(0, count).Select(static i => new LeaseRow(new ShardId("item", i), null))];
}
