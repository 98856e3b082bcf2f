namespace FeatureActors.Integration.Tests.Fixtures;

/// <summary>Tests that start nodes, one after the other; with servers of their own, beside the tests of adapters.</summary>
[CollectionDefinition(Name)]
public sealed class NodeServers : ICollectionFixture<PostgresFixture>, ICollectionFixture<KafkaFixture>
{
    public const string Name = "nodes";
}
