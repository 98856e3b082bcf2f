using FeatureActors.LocalServers;

namespace FeatureActors.Integration.Tests.Fixtures;

/// <summary>One broker for all classes of the collection; each test makes its own topics and groups.</summary>
public sealed class KafkaFixture : IAsyncLifetime
{
    public KafkaServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await KafkaServer.StartAsync();

    public async Task DisposeAsync() => await Server.DisposeAsync();
}
