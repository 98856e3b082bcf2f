namespace FeatureActors.Abstractions.Features;

/// <summary>Cuts event time into slots. Pure and safe for concurrent calls.</summary>
public interface ISlotAssigner
{
    /// <summary>Start of the slot that holds <paramref name="eventTimeMs"/>; at or before it. Negative times round down.</summary>
    long StartOf(long eventTimeMs);

    /// <summary>Start of the slot after the one that starts at <paramref name="startMs"/>.</summary>
    long NextStart(long startMs);
}
