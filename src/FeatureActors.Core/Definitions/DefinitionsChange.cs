namespace FeatureActors.Core.Definitions;

/// <summary>What happens to a part of the definitions when they are applied.</summary>
public enum DefinitionsChangeKind
{
    /// <summary>Nothing.</summary>
    Unchanged = 1,

    /// <summary>It is new.</summary>
    Added = 2,

    /// <summary>It is gone; its number stays taken and stored state is left alone.</summary>
    Removed = 3,

    /// <summary>Its state shape changed: it gets a new number and starts empty. Needs <c>--accept-reset</c>.</summary>
    Reset = 4,

    /// <summary>It has a window more, which is full at once.</summary>
    WindowAdded = 5,

    /// <summary>It has a new or longer window, which is flagged as warming until it is full.</summary>
    WindowWarming = 6,

    /// <summary>It has a window less.</summary>
    WindowRemoved = 7,

    /// <summary>It cannot be done: what is stored contradicts it.</summary>
    Refused = 8,

    /// <summary>A feature without state is computed in another way.</summary>
    Changed = 9,
}

/// <summary>One line of what <c>fa apply</c> would do.</summary>
/// <param name="Change">What happens.</param>
/// <param name="Entity">Entity type.</param>
/// <param name="Name">The group, or <c>group.feature</c>.</param>
/// <param name="Number">The number it has afterwards, or had; null for a feature without state.</param>
/// <param name="Detail">What differs; empty when the kind says it all.</param>
public sealed record DefinitionsChange(DefinitionsChangeKind Change, string Entity, string Name, int? Number, string Detail);

/// <summary>Definitions with their numbers, compared with what was applied before.</summary>
/// <param name="Snapshot">The version to store; the previous one when nothing differs.</param>
/// <param name="Changes">What happens to each group and feature.</param>
public sealed record DefinitionsAssignment(
    Abstractions.Ports.DefinitionsSnapshot Snapshot, IReadOnlyList<DefinitionsChange> Changes)
{
    /// <summary>True when there is something to store.</summary>
    public required bool HasChanges { get; init; }

    /// <summary>True when a feature would lose its state, so that <c>--accept-reset</c> is needed.</summary>
    public bool NeedsAcceptReset => Changes.Any(c => c.Change == DefinitionsChangeKind.Reset);

    /// <summary>True when it cannot be applied at all.</summary>
    public bool IsRefused => Changes.Any(c => c.Change == DefinitionsChangeKind.Refused);
}
