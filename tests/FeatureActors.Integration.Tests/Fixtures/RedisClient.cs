using FeatureActors.LocalServers;
using StackExchange.Redis;

namespace FeatureActors.Integration.Tests.Fixtures;

/// <summary>The vendor's client, as the tests look into a server beside the product. It has the patience that a busy machine asks for.</summary>
internal sealed class RedisClient : IDisposable
{
    private readonly ConnectionMultiplexer _connection;

    private RedisClient(ConnectionMultiplexer connection) => _connection = connection;

    public IDatabase Database => _connection.GetDatabase();

    public static async Task<RedisClient> ConnectAsync(RedisServer server, string settings = "") => new(await ConnectionMultiplexer.ConnectAsync(
        $"{server.ConnectionString},connectTimeout=5000,connectRetry=12,syncTimeout=20000,{settings}"));

    public IServer Server(string endpoint) => _connection.GetServer(endpoint);

    /// <summary>Everything asked has been answered. Left to itself, the client says goodbye and waits for an answer until its patience ends.</summary>
    public void Dispose()
    {
        _connection.Close(allowCommandsToComplete: false);
        _connection.Dispose();
    }
}
