using FeatureActors.LocalServers;

namespace FeatureActors.Integration.Tests.Fixtures;

/// <summary>One Redis for all classes of the collection; a test that stops or empties it starts its own.</summary>
public sealed class RedisFixture : IAsyncLifetime
{
    public RedisServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await RedisServer.StartAsync();

    public async Task DisposeAsync() => await Server.DisposeAsync();
}
