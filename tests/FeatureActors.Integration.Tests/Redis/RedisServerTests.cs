using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.LocalServers;
using StackExchange.Redis;

namespace FeatureActors.Integration.Tests.Redis;

[Collection(SharedServers.Name)]
[Trait("Category", "Integration")]
public sealed class RedisServerTests(RedisFixture redis)
{
    [Fact]
    public async Task A_hash_written_is_read_back()
    {
        using RedisClient connection = await RedisClient.ConnectAsync(redis.Server);
        IDatabase database = connection.Database;

        await database.HashSetAsync("fa:t:g:1", [new HashEntry("buys:1h", 3), new HashEntry("_v", "7-100")]);

        Assert.Equal(3, (long)await database.HashGetAsync("fa:t:g:1", "buys:1h"));
    }

    [Fact]
    public async Task A_kill_empties_a_server_that_keeps_nothing_and_the_port_stays()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        int port = server.Port;
        await SetAsync(server, "key", "value");

        await server.KillAsync(CancellationToken.None);
        Assert.False(server.IsRunning);
        await server.RestartAsync(CancellationToken.None);

        Assert.Equal(port, server.Port);
        Assert.Null(await GetAsync(server, "key"));
    }

    [Fact]
    public async Task A_kill_loses_nothing_of_a_server_that_appends()
    {
        await using RedisServer server = await RedisServer.StartAsync(new RedisServerOptions { AppendOnly = true });
        await SetAsync(server, "key", "value");

        await server.KillAsync(CancellationToken.None);
        await server.RestartAsync(CancellationToken.None);

        Assert.Equal("value", await GetAsync(server, "key"));
    }

    [Fact]
    public async Task A_restart_from_an_older_dump_brings_the_older_content_back()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        string dump = Path.Combine(server.DataFolder, "older.rdb");
        await SetAsync(server, "key", "old");
        await server.SaveAsync(dump, CancellationToken.None);
        await SetAsync(server, "key", "new");

        await server.RestartFromAsync(dump, CancellationToken.None);
        Assert.Equal("old", await GetAsync(server, "key"));

        await server.RestartFromAsync(null, CancellationToken.None);
        Assert.Null(await GetAsync(server, "key"));
    }

    [Fact]
    public async Task A_server_with_a_password_refuses_a_client_without_one()
    {
        await using RedisServer server = await RedisServer.StartAsync(new RedisServerOptions { Password = "a b\"c" });

        await SetAsync(server, "key", "value");

        Assert.Equal("value", await GetAsync(server, "key"));
        await Assert.ThrowsAsync<RedisConnectionException>(() => ConnectionMultiplexer.ConnectAsync(server.Endpoint));
    }

    [Fact]
    public async Task A_disposed_server_leaves_no_process_and_no_folder()
    {
        RedisServer server = await RedisServer.StartAsync();
        int processId = server.ProcessId;

        await server.DisposeAsync();

        Assert.False(Directory.Exists($"/proc/{processId}"));
        Assert.False(Directory.Exists(server.DataFolder));
    }

    private static async Task SetAsync(RedisServer server, string key, string value)
    {
        using RedisClient connection = await RedisClient.ConnectAsync(server);
        await connection.Database.StringSetAsync(key, value);
    }

    private static async Task<string?> GetAsync(RedisServer server, string key)
    {
        using RedisClient connection = await RedisClient.ConnectAsync(server);
        return await connection.Database.StringGetAsync(key);
    }
}
