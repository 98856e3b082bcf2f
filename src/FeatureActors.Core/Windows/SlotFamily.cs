namespace FeatureActors.Core.Windows;

/// <summary>
/// What the slots of a state are. Windows of one feature that need different slots keep one state each; sliding, tumbling and lifetime
/// windows share one.
/// </summary>
public enum SlotFamily
{
    /// <summary>Slices of time, for sliding, tumbling and lifetime windows.</summary>
    Time = 1,

    /// <summary>Sessions. A slot starts at its first row; eight hidden bytes before its payload are the time of its last row.</summary>
    Session = 2,

    /// <summary>Single rows, ordered by time and hash; eight hidden bytes before the payload are the hash. Several may have one start.</summary>
    Row = 3,
}
