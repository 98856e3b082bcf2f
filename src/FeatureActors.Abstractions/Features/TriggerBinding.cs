namespace FeatureActors.Abstractions.Features;

/// <summary>A field of the group that a trigger reads.</summary>
/// <param name="Index">Its index in <see cref="TriggerValues"/>.</param>
/// <param name="Name">Its name in the feature store, such as <c>buys:1h</c>.</param>
/// <param name="IsNumber">True when its value is a number (or absent).</param>
public readonly record struct TriggerField(int Index, string Name, bool IsNumber);

/// <summary>A condition over fields of the group, in SQL. Safe for concurrent calls.</summary>
public abstract class TriggerCondition
{
    /// <summary>True when the condition is true for <paramref name="values"/>; false when it is false or NULL. An absent field is NULL.</summary>
    /// <param name="values">The values that the trigger which bound the condition was given.</param>
    public abstract bool IsTrue(in TriggerValues values);
}

/// <summary>
/// What a trigger type sees of a definition while it is bound: its settings, and fields of its group. Each reader reports its own mistake
/// with file, line and column and then returns a usable stand-in, so that one run shows every mistake.
/// </summary>
public abstract class TriggerBinding : SettingsBinding
{
    /// <summary>Name of the group.</summary>
    public abstract string GroupName { get; }

    /// <summary>Name of the group, whose trigger is bound.</summary>
    public sealed override string Name => GroupName;

    /// <summary>
    /// Reads a setting that names a field of the group: <c>feature:window</c>, or <c>feature</c> where it has one window or none.
    /// </summary>
    /// <param name="key">The setting.</param>
    /// <param name="mustBeNumber">True to refuse fields whose value is no number.</param>
    /// <returns>The field, or null when the setting is missing or wrong (reported).</returns>
    public abstract TriggerField? RequiredField(string key, bool mustBeNumber);

    /// <summary>Reads an SQL condition over the fields of the group, each named as in the feature store: <c>"buys:1h" &gt; 10</c>.</summary>
    /// <returns>The condition, or null when the setting is missing or wrong (reported).</returns>
    public abstract TriggerCondition? RequiredCondition(string key);
}
