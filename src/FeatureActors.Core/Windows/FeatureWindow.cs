namespace FeatureActors.Core.Windows;

/// <summary>How a window chooses its rows.</summary>
public enum WindowKind
{
    /// <summary>The last W, over whole slots.</summary>
    Sliding = 1,

    /// <summary>Everything.</summary>
    Lifetime = 2,

    /// <summary>The period that contains T, or one before it.</summary>
    Tumbling = 3,

    /// <summary>The session that is going on at T.</summary>
    Session = 4,

    /// <summary>The newest rows, however old.</summary>
    LastRows = 5,
}

/// <summary>
/// A window of a feature: which rows count at a time T. Time is cut into <em>cells</em>; a window takes or leaves a cell as a
/// whole, so rows of one cell need not be told apart. A slot may be finer than a cell and belongs to the cell that holds its start.
/// All times are Unix milliseconds, all intervals include their begin and exclude their end.
/// </summary>
public abstract record FeatureWindow
{
    private protected FeatureWindow(string name) => Name = name;

    /// <summary>Name in published fields, such as <c>1h</c>, <c>1d@7d</c> or <c>tumbling-day</c>.</summary>
    public string Name { get; }

    /// <summary>How it chooses its rows.</summary>
    public abstract WindowKind Kind { get; }

    /// <summary>The name that a window of these settings has when none is stated.</summary>
    public abstract string DefaultName { get; }

    /// <summary>Its settings in one spelling: equal texts are equal windows, whatever their names. The texts are persisted.</summary>
    public abstract string Text { get; }

    /// <summary>True for a window that nothing leaves.</summary>
    public bool IsLifetime => Kind == WindowKind.Lifetime;

    /// <summary>True for a window that time takes nothing from: only the group's idle time does.</summary>
    public bool IsEndless => ReachMs == long.MaxValue;

    /// <summary>Length in milliseconds where it is fixed: the size of a sliding window, a period that is a duration; else 0.</summary>
    public abstract long LengthMs { get; }

    /// <summary>Longest time from the start of a cell to its exit; <see cref="long.MaxValue"/> when nothing leaves.</summary>
    public abstract long ReachMs { get; }

    /// <summary>Shortest time from the end of a cell to its exit.</summary>
    internal abstract long HoldsMs { get; }

    /// <summary>The periods that its cells are.</summary>
    internal abstract Periods Cells { get; }

    /// <summary>Time from which the window is full when rows are counted since <paramref name="sinceMs"/>; <see cref="long.MaxValue"/> for never.</summary>
    public abstract long WarmAt(long sinceMs);

    /// <summary>Start of the oldest cell in the window at <paramref name="nowMs"/>.</summary>
    public abstract long FirstStart(long nowMs);

    /// <summary>End of the newest cell in the window at <paramref name="nowMs"/>: slots that start there or later are not in it yet.</summary>
    public abstract long EndStart(long nowMs);

    /// <summary>Start of the cell behind the one that holds <paramref name="timeMs"/>.</summary>
    public long NextCell(long timeMs) => Cells.StartOf(Cells.IndexOf(timeMs) + 1);

    /// <summary>First time at which the cell that holds <paramref name="timeMs"/> is in the window.</summary>
    public abstract long EntersAt(long timeMs);

    /// <summary>First time at which the cell that holds <paramref name="timeMs"/> is no longer in the window.</summary>
    public abstract long LeavesAt(long timeMs);
}
