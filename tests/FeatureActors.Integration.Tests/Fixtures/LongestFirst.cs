using FeatureActors.Integration.Tests.Cluster;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.Integration.Tests.Postgres;
using Xunit.Abstractions;

[assembly: TestCollectionOrderer("FeatureActors.Integration.Tests.Fixtures." + nameof(LongestFirst), "FeatureActors.Integration.Tests")]

namespace FeatureActors.Integration.Tests.Fixtures;

/// <summary>As many collections run at a time as there are cores. What takes longest begins first, so that it is not alone in the end.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    /// <summary>Tests that build: each uses all cores, so they follow one another.</summary>
    public const string Builds = "builds";

    private static readonly string[] Order =
        [NodeServers.Name, nameof(ClusterChaosTests), Builds, nameof(RollingFormatTests), SharedServers.Name, nameof(PostgresTableSizeTests)];

    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
        testCollections.OrderBy(static c => Array.FindIndex(Order, n => c.DisplayName.EndsWith(n, StringComparison.Ordinal)) is var at and >= 0 ? at : Order.Length);
}
