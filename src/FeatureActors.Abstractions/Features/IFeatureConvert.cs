using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Abstractions.Features;

/// <summary>
/// A stateless feature: a value computed from one row and written through. The engine keeps the value of the newest row that has one, so
/// it survives restarts and does not depend on the order of arrival. Pure and safe for concurrent calls.
/// </summary>
public interface IFeatureConvert
{
    /// <summary>
    /// <see cref="FeatureTraits.Numeric"/> or <see cref="FeatureTraits.Text"/> when the value is always one number or one string, so that
    /// ratios and derived features can read it; other traits are not for it.
    /// </summary>
    FeatureTraits Traits => FeatureTraits.None;

    /// <summary>Writes the row's value, or nothing when it has none: the value of an older row then stays.</summary>
    /// <exception cref="Exception">Any exception costs this feature this row on this entity; the row is dead-lettered.</exception>
    void Convert(in RowView row, FeatureValueWriter value);
}

/// <summary>
/// A kind of stateless feature, as definitions name it after <c>type =</c>. One instance serves the whole process and may be called from
/// any thread.
/// </summary>
public interface IFeatureConvertType
{
    /// <summary>The word by which definitions name it, as <c>custom:&lt;name&gt;</c>; no feature type of the node may have the same.</summary>
    string Name { get; }

    /// <summary>Reads the feature's settings and the columns that it reads. Mistakes are reported to <paramref name="binding"/>.</summary>
    /// <returns>The conversion, or null when a mistake was reported.</returns>
    IFeatureConvert? Bind(FeatureBinding binding);
}
