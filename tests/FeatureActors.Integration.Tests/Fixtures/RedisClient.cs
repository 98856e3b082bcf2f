using FeatureActors.LocalServers;
using StackExchange.Redis;

namespace FeatureActors.Integration.Tests.Fixtures;

/// <summary>The vendor's client, as the tests look into a server beside the product. It has the patience that a busy machine asks for.</summary>
internal static class RedisClient
{
    public static Task<ConnectionMultiplexer> ConnectAsync(RedisServer server, string settings = "") => ConnectionMultiplexer.ConnectAsync(
        $"{server.ConnectionString},connectTimeout=5000,connectRetry=12,syncTimeout=20000,{settings}");
}
