using FeatureActors.Abstractions.Identity;

namespace FeatureActors.Abstractions.Errors;

/// <summary>The log refuses a batch for good; its source partition stops loudly, nothing is skipped.</summary>
/// <param name="shard">Shard whose log refused.</param>
/// <param name="reason">Why.</param>
/// <param name="innerException">The adapter's own exception.</param>
public sealed class BatchRefusedException(ShardId shard, string reason, Exception? innerException = null)
    : FeatureActorsException($"could not append to the log of shard {shard}: {reason}", innerException)
{
    /// <summary>Shard whose log refused.</summary>
    public ShardId Shard { get; } = shard;

    /// <inheritdoc/>
    public override bool IsTransient => false;
}
