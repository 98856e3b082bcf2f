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
/// What a trigger type sees of a definition while it is bound. Each reader reports its own mistake with file, line and column and then
/// returns a usable stand-in, so that one run shows every mistake.
/// </summary>
public abstract class TriggerBinding
{
    /// <summary>Name of the group.</summary>
    public abstract string GroupName { get; }

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

    /// <summary>Reads an integer setting; bounds inclusive, null default makes it required.</summary>
    public abstract long Integer(string key, long? defaultValue, long min, long max);

    /// <summary>Reads a number setting; bounds inclusive, null default makes it required.</summary>
    public abstract double Number(string key, double? defaultValue, double min, double max);

    /// <summary>Reads a true/false setting.</summary>
    public abstract bool Flag(string key, bool defaultValue);

    /// <summary>Reads a duration setting in milliseconds; bounds inclusive, null default makes it required.</summary>
    public abstract long DurationMs(string key, long? defaultValue, long minMs, long maxMs);

    /// <summary>Reads a setting that must be one of <paramref name="words"/>; a null default makes it required.</summary>
    public abstract string Word(string key, string? defaultValue, params ReadOnlySpan<string> words);

    /// <summary>Reads a setting as the text it was written with; a null default makes it required.</summary>
    public abstract string Text(string key, string? defaultValue);

    /// <summary>True when the definition has the setting.</summary>
    public abstract bool Has(string key);

    /// <summary>Reports a mistake at the setting <paramref name="key"/>, or at the trigger when the key is absent.</summary>
    public abstract void Error(string key, string message, string? hint = null);
}
