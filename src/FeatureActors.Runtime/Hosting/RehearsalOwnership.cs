using System.Runtime.CompilerServices;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Runtime.Hosting;

/// <summary>One shard between members that share <paramref name="baton"/>: whoever has it has the shard, and passes it on when he retires.</summary>
internal sealed class RehearsalOwnership(SemaphoreSlim baton) : IShardOwnership
{
    private readonly TaskCompletionSource _retired = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <inheritdoc/>
    public async IAsyncEnumerable<OwnershipChange> WatchAsync(
        IReadOnlyDictionary<string, int> entities, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var shard = new ShardId(entities.Keys.First(), 0);
        await baton.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            yield return new OwnershipChange(shard, IsAssigned: true, 1);
            await _retired.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            yield return new OwnershipChange(shard, IsAssigned: false, 2);
        }
        finally
        {
            baton.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> RetireAsync(CancellationToken cancellationToken)
    {
        _retired.TrySetResult();
        return ValueTask.FromResult(true);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
