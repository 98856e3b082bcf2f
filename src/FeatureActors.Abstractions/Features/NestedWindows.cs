namespace FeatureActors.Abstractions.Features;

/// <summary>
/// Windows of one feature that end with the same slot, the shortest first: each holds the slots of the one before it and older ones, so
/// that one pass from the newest slot to the oldest serves them all. The engine and the test kit make it; valid only during the call
/// that received it.
/// </summary>
public abstract class NestedWindows
{
    /// <summary>Moves to the next window; what was written to <see cref="Value"/> is then that of the window before.</summary>
    /// <returns>False behind the last one.</returns>
    public abstract bool MoveNext();

    /// <summary>Index of the window's first slot; not above that of the window before.</summary>
    public abstract int First { get; }

    /// <summary>As <see cref="SlotList.WindowMs"/>.</summary>
    public abstract long WindowMs { get; }

    /// <summary>Takes the window's value.</summary>
    public abstract FeatureValueWriter Value { get; }
}
