using FeatureActors.LocalServers;

namespace FeatureActors.Integration.Tests.Fixtures;

/// <summary>One PostgreSQL for all classes of the collection; each test makes its own database or tables.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    public PostgresServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await PostgresServer.StartAsync();

    public async Task DisposeAsync() => await Server.DisposeAsync();
}
