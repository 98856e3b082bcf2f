using FeatureActors.LocalServers;

namespace FeatureActors.Integration.Tests.Fixtures;

/// <summary>One broker for all classes of the collection; each test makes its own topics and groups.</summary>
public sealed class KafkaFixture : IAsyncLifetime
{
    public KafkaServer Server { get; private set; } = null!;

    // A broker looks for what retention lets go of from half a minute after its start on: by the time that a test asks, this one does.
    public async Task InitializeAsync() => Server = await KafkaServer.StartAsync(new KafkaServerOptions
    {
        Properties = new Dictionary<string, string> { ["log.retention.check.interval.ms"] = "500" },
    });

    public async Task DisposeAsync() => await Server.DisposeAsync();
}
