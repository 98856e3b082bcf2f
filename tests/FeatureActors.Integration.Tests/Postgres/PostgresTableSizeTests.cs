using System.Globalization;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.LocalServers;
using FeatureActors.Persistence.Sql.Postgres;
using Npgsql;
using Xunit.Abstractions;

namespace FeatureActors.Integration.Tests.Postgres;

/// <summary>State that is rewritten again and again does not make the tables grow.</summary>
[Trait("Category", "Integration")]
public sealed class PostgresTableSizeTests(ITestOutputHelper output)
{
    private const int Shards = 8;
    private const int EntitiesPerShard = 2_500;

    // About what an entity with the ten features of the benchmarks' rich profile takes.
    private const int StateBytes = 1_200;
    private const int Overwrites = 50;
    private const string Schema = "sizes";

    [Fact]
    public async Task Tables_stay_within_twice_the_live_state_after_it_was_overwritten_fifty_times()
    {
        // Autovacuum as a server has it that nobody set up: too seldom to help here.
        await using PostgresServer server = await PostgresServer.StartAsync(["autovacuum_naptime = 1min"]);
        await using PostgresStores stores = await PostgresStores.OpenAsync(PostgresSettings.For(server, Schema), default);
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(server.ConnectionString + ";Search Path=" + Schema);
        var random = new Random(1);
        for (int shard = 0; shard < Shards; shard++)
        {
            await stores.Checkpoints.AcquireAsync(new ShardId("item", shard), new ShardIdentity(Shards, "h", "l"), new ShardOwner("n", ""), default);
        }

        for (int round = 1; round <= Overwrites + 1; round++)
        {
            for (int shard = 0; shard < Shards; shard++)
            {
                CheckpointWrite write = new(
                    new ShardHeader(new Epoch(1), round, round, ReadOnlyMemory<byte>.Empty, 0, 0, 0),
                    [.. Enumerable.Range(0, EntitiesPerShard).Select(i => Entity(shard, i, round, random))]);
                Assert.Equal(CommitOutcome.Committed, await stores.Checkpoints.CommitAsync(new ShardId("item", shard), new Epoch(1), write, default));

                // Seconds lie between two checkpoints of a shard; here a vacuum gets the time it needs.
                await Eventually.NothingDiffersAsync(
                    "no vacuum is due or under way", TimeSpan.FromSeconds(60), async () => await IsDoneAsync(source) ? null : "one is", TimeSpan.FromMilliseconds(5));
            }
        }

        long live = await AskAsync(source, "SELECT sum(length(key) + length(state)) FROM entities");
        long total = await AskAsync(source, "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class WHERE relkind = 'r' AND relname IN ('entities', 'shards', 'entities_vacuum')");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{Shards * EntitiesPerShard} entities, {live / 1024} KiB live; tables with their indexes {total / 1024} KiB, {(double)total / live:F2} times"));
        Assert.Equal(Shards * EntitiesPerShard, await AskAsync(source, "SELECT count(*) FROM entities"));
        Assert.InRange((double)total / live, 1, 2);
    }

    private static StoredEntity Entity(int shard, int number, int round, Random random)
    {
        byte[] state = new byte[StateBytes];
        random.NextBytes(state);
        byte[] key = System.Text.Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"item-{shard}-{number:D6}"));
        return new StoredEntity(key, state, 1_700_000_000_000 + (round * 5_000) + random.Next(3_600_000), random.Next(5) == 0);
    }

    private static async Task<bool> IsDoneAsync(NpgsqlDataSource source) => await AskAsync(
        source,
        """
        SELECT (SELECT count(*) FROM entities_vacuum v, (SELECT sum(rewritten) AS rewritten, sum(entity_count) AS live FROM shards) s
            WHERE s.rewritten - v.rewritten >= greatest(1000, s.live / 5))
            + (SELECT count(*) FROM pg_stat_progress_vacuum)
            + (SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'VACUUM (%')
        """) == 0;

    private static async Task<long> AskAsync(NpgsqlDataSource source, string sql)
    {
        await using NpgsqlCommand command = source.CreateCommand(sql);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }
}
