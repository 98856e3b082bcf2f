using FeatureActors.Abstractions.Identity;

namespace FeatureActors.Abstractions.Errors;

/// <summary>A shard's stored identity differs from the running one, so its keys or positions would be misread.</summary>
/// <param name="shard">The shard.</param>
/// <param name="what">Which property differs, such as <c>partition count</c>.</param>
/// <param name="stored">Value in the store.</param>
/// <param name="current">Value of the running node.</param>
public sealed class ShardMismatchException(ShardId shard, string what, string stored, string current)
    : FeatureActorsException(
        $"could not acquire shard {shard}: its {what} is {stored} in the store and {current} here; restore the old setting or start with an empty namespace")
{
    /// <summary>The shard.</summary>
    public ShardId Shard { get; } = shard;

    /// <summary>Value in the store.</summary>
    public string Stored { get; } = stored;

    /// <summary>Value of the running node.</summary>
    public string Current { get; } = current;

    /// <inheritdoc/>
    public override bool IsTransient => false;
}
