using System.Collections.Concurrent;
using FeatureActors.Abstractions.Identity;
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

    // An assertion in librdkafka before 2.3 would end the process of these tests: the membership has to keep it from being reached.
    [Fact]
    public async Task Members_that_leave_before_their_first_assignment_do_not_end_the_process()
    {
        var entities = new Dictionary<string, int> { ["early"] = 4 };
        await using IShardOwnership other = await NewOwnershipAsync(entities);
        using var stay = new CancellationTokenSource();
        var held = new ConcurrentDictionary<ShardId, bool>();
        Task staying = FollowAsync(other, entities, held, stay.Token);
        foreach (int ms in new[] { 0, 50, 300 })
        {
            await using var brief = new KafkaShardOwnership(_node.Connection, _node.Namespace);
            using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(ms));
            await FollowAsync(brief, entities, [], stop.Token);
        }

        await Eventually.HoldsAsync("the one that stays has all shards", TimeSpan.FromSeconds(60), () => held.Count == 4, () => $"{held.Count}");
        await stay.CancelAsync();
        await staying;
    }

    [Fact]
    public async Task Who_doubts_a_shard_loses_all_and_is_given_what_is_his_anew()
    {
        var entities = new Dictionary<string, int> { ["doubted"] = 3 };
        await using IShardOwnership ownership = await NewOwnershipAsync(entities);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var held = new HashSet<ShardId>();
        var lost = new HashSet<ShardId>();
        await foreach (OwnershipChange change in ownership.WatchAsync(entities, stop.Token))
        {
            _ = change.IsAssigned ? held.Add(change.Shard) : held.Remove(change.Shard) && lost.Add(change.Shard);
            if (held.Count == 3 && lost.Count == 3)
            {
                break;
            }

            if (held.Count == 3)
            {
                Assert.True(await ownership.DoubtAsync(change.Shard));
            }
        }

        Assert.Equal(3, lost.Count);
    }

    private static async Task FollowAsync(
        IShardOwnership ownership, Dictionary<string, int> entities, ConcurrentDictionary<ShardId, bool> held, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (OwnershipChange change in ownership.WatchAsync(entities, cancellationToken))
            {
                if (change.IsAssigned)
                {
                    held[change.Shard] = true;
                }
                else
                {
                    held.TryRemove(change.Shard, out _);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    protected override async Task<IShardOwnership> NewOwnershipAsync(IReadOnlyDictionary<string, int> entities)
    {
        foreach (var (entity, partitions) in entities)
        {
            await _node.CreateLogAsync(entity, partitions);
        }

        return new KafkaShardOwnership(_node.Connection, _node.Namespace);
    }
}
