using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Abstractions.Features;

/// <summary>A stateless feature: a value computed from one row and written through. Pure and safe for concurrent calls.</summary>
public interface IFeatureConvert
{
    /// <summary>The word by which definitions name it.</summary>
    string Name { get; }

    /// <summary>Writes the row's value, or nothing for an absent one.</summary>
    void Convert(in RowView row, FeatureValueWriter value);
}
