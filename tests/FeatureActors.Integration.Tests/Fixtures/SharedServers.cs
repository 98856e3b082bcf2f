namespace FeatureActors.Integration.Tests.Fixtures;

/// <summary>Tests of single adapters. Those of one collection run one after the other and share its servers.</summary>
[CollectionDefinition(Name)]
public sealed class SharedServers
    : ICollectionFixture<RedisFixture>, ICollectionFixture<PostgresFixture>, ICollectionFixture<KafkaFixture>
{
    public const string Name = "servers";
}
