using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Abstractions.Features;

/// <summary>A column that a feature reads.</summary>
/// <param name="Index">The column's position in every <see cref="RowView"/> that the feature will see.</param>
/// <param name="Name">The field name as the source declares it.</param>
/// <param name="Type">The field's type.</param>
public readonly record struct FeatureColumn(int Index, string Name, FieldType Type);

/// <summary>
/// What a feature type sees of its definition while it is bound. Each reader reports its own mistake with file, line and
/// column and then returns a usable stand-in, so that one run shows every mistake.
/// </summary>
public abstract class FeatureBinding
{
    /// <summary>The feature's name in its group.</summary>
    public abstract string FeatureName { get; }

    /// <summary>
    /// Width in milliseconds of the widest slot that the feature's windows need: what one payload can cover. <see cref="long.MaxValue"/>
    /// with a lifetime window, 366 days with a session window (sessions have no bound of their own), 0 without windows.
    /// </summary>
    public abstract long SlotMsMax { get; }

    /// <summary>Reads a setting that names a source field, such as <c>of = value</c>.</summary>
    /// <param name="key">The setting.</param>
    /// <param name="allowed">Field types that the feature can use; empty means every type.</param>
    /// <returns>The column, or null when the setting is missing or wrong (reported).</returns>
    public abstract FeatureColumn? RequiredColumn(string key, params ReadOnlySpan<FieldType> allowed);

    /// <summary>Reads a setting that may be absent and otherwise names a source field.</summary>
    /// <inheritdoc cref="RequiredColumn"/>
    /// <returns>The column, or null when the setting is absent, or wrong (reported).</returns>
    public FeatureColumn? OptionalColumn(string key, params ReadOnlySpan<FieldType> allowed) =>
        Has(key) ? RequiredColumn(key, allowed) : null;

    /// <summary>Reads a setting that names one source field or several, such as <c>key = a</c> or <c>key = [a, b]</c>.</summary>
    /// <param name="key">The setting.</param>
    /// <param name="allowed">Field types that the feature can use; empty means every type.</param>
    /// <returns>The columns in order, at least one, or null when the setting is missing or wrong (reported).</returns>
    public abstract IReadOnlyList<FeatureColumn>? RequiredColumns(string key, params ReadOnlySpan<FieldType> allowed);

    /// <summary>Reads an integer setting.</summary>
    /// <param name="key">The setting.</param>
    /// <param name="defaultValue">The value when the setting is absent; null makes it required.</param>
    /// <param name="min">Smallest legal value, inclusive.</param>
    /// <param name="max">Largest legal value, inclusive.</param>
    public abstract long Integer(string key, long? defaultValue, long min, long max);

    /// <summary>Reads a number setting; bounds inclusive, null default makes it required.</summary>
    public abstract double Number(string key, double? defaultValue, double min, double max);

    /// <summary>
    /// Reads a setting that is one number or a list of numbers; bounds inclusive.
    /// </summary>
    /// <param name="key">The setting.</param>
    /// <param name="defaultValue">The values when the setting is absent; null makes it required.</param>
    /// <param name="min">Smallest legal number.</param>
    /// <param name="max">Largest legal number.</param>
    /// <param name="countMax">Most numbers in a list, at least 1; an empty list is a mistake.</param>
    /// <param name="isList">True when the setting is written as a list, even of one number.</param>
    /// <returns>The numbers in the order of the definition; at least one, unless a mistake was reported.</returns>
    public abstract IReadOnlyList<double> Numbers(
        string key, IReadOnlyList<double>? defaultValue, double min, double max, int countMax, out bool isList);

    /// <summary>Reads a text setting; a null default makes it required.</summary>
    public abstract string Text(string key, string? defaultValue);

    /// <summary>Reads a true/false setting.</summary>
    public abstract bool Flag(string key, bool defaultValue);

    /// <summary>Reads a setting that is true, false or one of <paramref name="words"/>.</summary>
    /// <returns><c>true</c>, <c>false</c> or the word.</returns>
    public abstract string FlagOrWord(string key, bool defaultValue, params ReadOnlySpan<string> words);

    /// <summary>Reads a duration setting in milliseconds; bounds inclusive, null default makes it required.</summary>
    public abstract long DurationMs(string key, long? defaultValue, long minMs, long maxMs);

    /// <summary>Reads a setting that must be one of <paramref name="words"/>; a null default makes it required.</summary>
    public abstract string Word(string key, string? defaultValue, params ReadOnlySpan<string> words);

    /// <summary>True when the definition has the setting.</summary>
    public abstract bool Has(string key);

    /// <summary>Reports a mistake at the setting <paramref name="key"/>, or at the feature when the key is absent.</summary>
    public abstract void Error(string key, string message, string? hint = null);
}
