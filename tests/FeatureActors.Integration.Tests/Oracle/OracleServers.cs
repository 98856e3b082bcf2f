using FeatureActors.Integration.Tests.Fixtures;

namespace FeatureActors.Integration.Tests.Oracle;

/// <summary>PostgreSQL alone: the oracle needs no broker. It uses both cores, so nothing runs beside it.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class OracleServers : ICollectionFixture<PostgresFixture>
{
    public const string Name = "oracle";
}
