using FeatureActors.Abstractions.Ports;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.Kafka;
using FeatureActors.TestKit.Contracts;

namespace FeatureActors.Integration.Tests.Kafka;

[Collection(SharedServers.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaShardLogContractTests(KafkaFixture kafka) : ShardLogContract, IAsyncLifetime
{
    private readonly KafkaNode _node = new(kafka.Server, 1_000_000);
    private readonly List<KafkaShardLog> _logs = [];

    protected override int BatchBytesMax => 1_000_000;

    public async Task InitializeAsync() => await _node.CreateLogAsync("item", 2);

    public async Task DisposeAsync()
    {
        foreach (var log in _logs)
        {
            await log.DisposeAsync();
        }

        await _node.DisposeAsync();
    }

    protected override ValueTask<IShardLog> OpenAsync()
    {
        _logs.Add(new KafkaShardLog(_node.Connection, _node.Namespace));
        return new ValueTask<IShardLog>(_logs[^1]);
    }
}
