using FeatureActors.Abstractions.Ports;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.Kafka;
using FeatureActors.TestKit.Contracts;

namespace FeatureActors.Integration.Tests.Kafka;

[Collection(SharedServers.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaShardOwnershipTests(KafkaFixture kafka) : ShardOwnershipContract, IAsyncLifetime
{
    private readonly KafkaNode _node = new(kafka.Server);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _node.DisposeAsync();

    protected override async Task<IShardOwnership> NewOwnershipAsync(IReadOnlyDictionary<string, int> entities)
    {
        foreach (var (entity, partitions) in entities)
        {
            await _node.CreateLogAsync(entity, partitions);
        }

        return new KafkaShardOwnership(_node.Connection, _node.Namespace);
    }
}
