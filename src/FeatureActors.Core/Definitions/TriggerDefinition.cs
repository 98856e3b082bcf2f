using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Definitions;

/// <summary>A checked trigger of a group. Immutable.</summary>
public sealed record TriggerDefinition
{
    /// <summary>The word after <c>on =</c>.</summary>
    public required string On { get; init; }

    /// <summary>The rule.</summary>
    public required ITrigger Trigger { get; init; }

    /// <summary>The settings its type read, defaults included, in that order.</summary>
    public required IReadOnlyList<FeatureSetting> Settings { get; init; }

    /// <summary>Names of the group's fields that it reads; the place is the index in <see cref="TriggerValues"/>.</summary>
    public required IReadOnlyList<string> Fields { get; init; }

    /// <summary>The trigger as definitions write it, with every default stated. Two triggers of a group differ in it.</summary>
    public string ToText() => $"{{ on = {(On.Contains(':', StringComparison.Ordinal) ? HoconText.Quote(On) : On)}{string.Concat(Settings.Select(s => $", {s.Key} = {s.Text}"))} }}";
}
