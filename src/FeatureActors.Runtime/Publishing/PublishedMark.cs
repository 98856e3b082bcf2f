using FeatureActors.Abstractions.Identity;

namespace FeatureActors.Runtime.Publishing;

/// <summary>
/// What a checkpoint says of the sink, in one number: the next owner judges by it whether the sink lost something, also when this one
/// dies in the middle of making a loss good.
/// </summary>
/// <param name="Batch">Number of the last batch known to be in the sink, or the one at which an owner raised the fence and found nothing lost.</param>
/// <param name="IsRewriteOwed">True when the sink lost data and not everything live was written again since; the batch then says nothing.</param>
internal readonly record struct PublishedMark(long Batch, bool IsRewriteOwed)
{
    private const long RewriteOwed = long.MaxValue;
    private const int EpochShift = 32;

    /// <summary>What <see cref="Number"/> stands for.</summary>
    public static PublishedMark Of(long number) => number == RewriteOwed ? new PublishedMark(0, true) : new PublishedMark(number, false);

    /// <summary>The number that a checkpoint stores.</summary>
    public long Number => IsRewriteOwed ? RewriteOwed : Batch;

    /// <summary>The number of an owner's first batch, less one: where it raises the fence.</summary>
    public static long FirstOf(Epoch epoch) => epoch.Value << EpochShift;

    /// <summary>Epoch of the owner that numbered a batch.</summary>
    public static long EpochOf(long batch) => batch >> EpochShift;
}
