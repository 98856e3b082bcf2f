using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// A type that never looks at a row: all that matters is how many go into a slot, retractions subtracted. Rows of a key are then
/// counted first and added once.
/// </summary>
internal interface IRowCounter
{
    /// <summary>Does what <see cref="FeatureAggregate.Apply"/> would do for so many rows. Fails before it changes a byte.</summary>
    void Add(long rows, ref FeatureSlot slot);
}
