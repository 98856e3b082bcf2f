using FeatureActors.Abstractions.Ports;
using FeatureActors.TestKit.Contracts;
using FeatureActors.TestKit.Ports;

namespace FeatureActors.TestKit.Tests.Ports;

public sealed class InMemoryOwnershipTests : ShardOwnershipContract
{
    protected override Task<IShardOwnership> NewOwnershipAsync(IReadOnlyDictionary<string, int> entities) =>
        Task.FromResult<IShardOwnership>(new InMemoryOwnership());
}
