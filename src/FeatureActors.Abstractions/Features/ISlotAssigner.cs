namespace FeatureActors.Abstractions.Features;

/// <summary>
/// Cuts event time into periods, one behind the other without a gap: trading days, fiscal months, shifts. Pure: the same times at every
/// call. It is asked for all of its starts from 1970 to 2100 while definitions are bound, and never again: rows are assigned by
/// that table, so whatever it does later costs nothing.
/// </summary>
public interface ISlotAssigner
{
    /// <summary>Start of the period that holds <paramref name="eventTimeMs"/>; at or before it. A whole second; negative times round down.</summary>
    long StartOf(long eventTimeMs);

    /// <summary>Start of the period behind the one that starts at <paramref name="startMs"/>; at least one second later.</summary>
    long NextStart(long startMs);
}

/// <summary>
/// A kind of periods, as definitions name it in <c>{ tumbling = "custom:&lt;name&gt;" }</c>. One instance serves the whole process and may
/// be called from any thread.
/// </summary>
public interface ISlotAssignerType
{
    /// <summary>The word by which definitions name it, as <c>custom:&lt;name&gt;</c>.</summary>
    string Name { get; }

    /// <summary>Reads the settings that stand beside <c>tumbling</c>. Mistakes are reported to <paramref name="settings"/>.</summary>
    /// <returns>The assigner, or null when a mistake was reported.</returns>
    ISlotAssigner? Bind(SettingsBinding settings);
}
