using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.LocalServers;
using Npgsql;

namespace FeatureActors.Integration.Tests.Postgres;

[Collection(SharedServers.Name)]
[Trait("Category", "Integration")]
public sealed class PostgresServerTests(PostgresFixture postgres)
{
    [Fact]
    public async Task A_fenced_update_finds_no_row_once_the_epoch_is_raised()
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(postgres.Server.ConnectionString);
        await ExecuteAsync(source, "CREATE TABLE shard (id int PRIMARY KEY, epoch bigint); INSERT INTO shard VALUES (1, 1)");

        Assert.Equal(1, await ExecuteAsync(source, "UPDATE shard SET epoch = epoch + 1 WHERE id = 1 AND epoch = 1"));
        Assert.Equal(0, await ExecuteAsync(source, "UPDATE shard SET epoch = epoch + 1 WHERE id = 1 AND epoch = 1"));
    }

    [Fact]
    public async Task Committed_rows_survive_a_kill()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(server.ConnectionString + ";Pooling=false");
        await ExecuteAsync(source, "CREATE TABLE kept (id int)");
        await ExecuteAsync(source, "SET synchronous_commit = on; INSERT INTO kept VALUES (1)");

        await server.KillAsync(CancellationToken.None);
        await server.RestartAsync(CancellationToken.None);

        await using NpgsqlCommand count = source.CreateCommand("SELECT count(*) FROM kept");
        Assert.Equal(1L, await count.ExecuteScalarAsync());
    }

    private static async Task<int> ExecuteAsync(NpgsqlDataSource source, string sql)
    {
        await using NpgsqlCommand command = source.CreateCommand(sql);
        return await command.ExecuteNonQueryAsync();
    }
}
