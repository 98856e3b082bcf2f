using FeatureActors.Abstractions.Identity;
using FeatureActors.Persistence.Sql.Leases;

namespace FeatureActors.Persistence.Sql.Tests.Leases;

public sealed class LeaseSharesTests
{
    [Fact]
    public void The_only_member_takes_all() => Assert.Equal(6, LeaseShares.Take("a", ["a"], Rows(6)).Count);

    [Fact]
    public void What_is_even_stays_where_it_is()
    {
        LeaseRow[] rows = [.. Rows(7).Select(static (r, i) => r with { Member = i < 4 ? "b" : "a" })];

        Assert.All(["a", "b"], me => Assert.True(IsAtRest(me, ["a", "b"], rows)));
    }

    [Fact]
    public void A_holder_gives_one_at_a_time_and_of_each_entity_what_another_lacks()
    {
        LeaseRow[] rows = [.. Enumerable.Range(0, 8).Select(static i => new LeaseRow(new ShardId(i % 2 == 0 ? "item" : "user", i / 2), "a"))];
        List<LeaseMove> given = [];
        while (LeaseShares.Give("a", ["a", "b"], rows) is [var move])
        {
            given.Add(move);
            rows = [.. rows.Select(r => r.Shard == move.Shard ? r with { Member = move.Heir } : r)];
        }

        Assert.All(given, static m => Assert.Equal("b", m.Heir));
        Assert.Equal(4, given.Count);
        Assert.Equal(2, given.Count(static m => m.Shard.Entity == "item"));
    }

    [Fact]
    public void Who_has_a_shard_on_its_way_to_him_is_given_no_other_and_takes_none_for_it()
    {
        LeaseRow[] rows = [.. Rows(4).Select(static r => r with { Member = "a" })];
        rows[0] = rows[0] with { Heir = "b" };

        Assert.Empty(LeaseShares.Give("a", ["a", "b"], rows));
        Assert.Single(LeaseShares.Take("b", ["a", "b"], [.. rows.Take(3), new LeaseRow(rows[3].Shard, null)]));
    }

    [Fact]
    public void Who_has_a_shard_that_does_not_run_yet_is_given_no_other()
    {
        LeaseRow[] rows = [.. Rows(4).Select(static r => r with { Member = "a" })];
        rows[0] = rows[0] with { Member = "b", Heir = "b" };

        Assert.Empty(LeaseShares.Give("a", ["a", "b"], rows));
        rows[0] = rows[0] with { Heir = null };
        Assert.Single(LeaseShares.Give("a", ["a", "b"], rows));
    }

    [Fact]
    public void A_shard_on_its_way_to_somebody_who_is_gone_is_given_to_another()
    {
        LeaseRow[] rows = [.. Rows(2).Select(static r => r with { Member = "a", Heir = "gone" })];

        Assert.Equal("b", Assert.Single(LeaseShares.Give("a", ["a", "b"], rows)).Heir);
    }

    [Fact]
    public void Who_leaves_gives_everything_and_takes_nothing()
    {
        LeaseRow[] rows = [.. Rows(5).Select(static (r, i) => r with { Member = i == 0 ? null : "a" })];

        Assert.Empty(LeaseShares.Take("a", ["b", "c"], rows));
        Assert.Equal(["b", "c"], LeaseShares.Give("a", ["b", "c"], rows).Select(static m => m.Heir));
        Assert.Empty(LeaseShares.Give("a", [], rows));
    }

    [Fact]
    public void Whoever_comes_and_goes_in_whatever_order_the_shares_become_even_with_few_moves()
    {
        int seed = Environment.TickCount & 0xFFFFFF;
        var random = new Random(seed);
        for (int run = 0; run < 300; run++)
        {
            List<string> members = [.. Enumerable.Range(0, random.Next(1, 6)).Select(static i => $"m{i}")];
            List<string> staying = [.. members.Where((_, i) => i == 0 || random.Next(4) > 0)];
            LeaseRow[] rows = [.. Rows(random.Next(1, 30)).Select(r => r with { Member = random.Next(7) is var m && m < members.Count ? $"m{m}" : null })];
            int moves = 0;
            for (int step = 0; !members.TrueForAll(m => IsAtRest(m, staying, rows)); step++)
            {
                Assert.True(step < 2_000, $"seed {seed}, run {run}: no rest");
                string me = members[random.Next(members.Count)];
                IReadOnlyList<ShardId> take = LeaseShares.Take(me, staying, rows);
                IReadOnlyList<LeaseMove> give = LeaseShares.Give(me, staying, rows);
                for (int i = 0; i < rows.Length; i++)
                {
                    // A move takes its time: meanwhile others decide with the heir in the row.
                    rows[i] = take.Contains(rows[i].Shard) ? rows[i] with { Member = me }
                        : give.FirstOrDefault(m => m.Shard == rows[i].Shard) is { Heir: { } heir } ? rows[i] with { Heir = heir }
                        : rows[i].Member == me && rows[i].Heir is { } next ? rows[i] with { Member = next, Heir = next == me ? null : next } : rows[i];
                }

                moves += give.Count;
            }

            int[] held = [.. staying.Select(m => rows.Count(r => r.Member == m))];
            Assert.True(held.Sum() == rows.Length && held.Max() - held.Min() <= 1, $"seed {seed}, run {run}: {string.Join(' ', held)} of {rows.Length}");
            Assert.True(moves <= rows.Length, $"seed {seed}, run {run}: {moves} moves");
        }
    }

    private static bool IsAtRest(string me, IReadOnlyCollection<string> staying, IReadOnlyCollection<LeaseRow> rows) =>
        LeaseShares.Take(me, staying, rows).Count == 0 && LeaseShares.Give(me, staying, rows).Count == 0 && !rows.Any(r => r.Member == me && r.Heir is not null);

    private static LeaseRow[] Rows(int count) => [.. Enumerable.Range(0, count).Select(static i => new LeaseRow(new ShardId("item", i), null))];
}
