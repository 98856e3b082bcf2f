using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using Xunit;

namespace FeatureActors.TestKit.Contracts;

/// <summary>What every <see cref="IShardOwnership"/> does; a test class per adapter derives from it.</summary>
public abstract class ShardOwnershipContract
{
    /// <summary>Longest wait for a state of the group.</summary>
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>An adapter whose watches are members of one group of their own, ready for these entities.</summary>
    protected abstract Task<IShardOwnership> NewOwnershipAsync(IReadOnlyDictionary<string, int> entities);

    private static Dictionary<string, int> Entities => new() { ["item"] = 4, ["user"] = 2 };

    [Fact]
    public async Task The_only_member_gets_every_shard_with_rising_generations()
    {
        await using var ownership = await NewOwnershipAsync(Entities);
        using var patience = new CancellationTokenSource(Patience);
        HashSet<ShardId> held = [];
        var generation = 0L;
        await foreach (var change in ownership.WatchAsync(Entities, patience.Token))
        {
            Assert.True(change.IsAssigned, $"{change.Shard} was taken away from the only member");
            Assert.True(change.Generation > generation, $"generation {change.Generation} after {generation}");
            generation = change.Generation;
            held.Add(change.Shard);
            if (held.Count == 6)
            {
                break;
            }
        }

        Assert.All(Enumerable.Range(0, 4), partition => Assert.Contains(new ShardId("item", partition), held));
        Assert.All(Enumerable.Range(0, 2), partition => Assert.Contains(new ShardId("user", partition), held));
    }

    [Fact]
    public async Task Two_members_share_the_shards_and_one_that_leaves_hands_its_own_back()
    {
        await using var ownership = await NewOwnershipAsync(Entities);
        var board = new AssignmentBoard<ShardId>();
        using var leaveFirst = new CancellationTokenSource();
        using var leaveSecond = new CancellationTokenSource();
        var first = WatchAsync(ownership, "first", board, leaveFirst.Token);
        await board.WaitUntilAsync("the only member has all", b => b.HeldBy("first").Count == 6, Patience);

        var second = WatchAsync(ownership, "second", board, leaveSecond.Token);
        await board.WaitUntilAsync(
            "two members share",
            b => b.HeldBy("first").Count == 3 && b.HeldBy("second").Count == 3
                && !b.HeldBy("first").Overlaps(b.HeldBy("second")),
            Patience);

        await leaveFirst.CancelAsync();
        await first;
        await board.WaitUntilAsync("the one that stays has all", b => b.HeldBy("second").Count == 6, Patience);
        await leaveSecond.CancelAsync();
        await second;
    }

    private static async Task WatchAsync(
        IShardOwnership ownership, string member, AssignmentBoard<ShardId> board, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var change in ownership.WatchAsync(Entities, cancellationToken).ConfigureAwait(false))
            {
                board.Set(member, change.Shard, change.IsAssigned);
            }
        }
        catch (OperationCanceledException)
        {
            // How a member leaves.
        }
    }
}
