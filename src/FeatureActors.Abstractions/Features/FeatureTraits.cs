namespace FeatureActors.Abstractions.Features;

/// <summary>Algebraic properties of a feature type; the planner decides by them and the law tests hold a type to them.</summary>
[Flags]
public enum FeatureTraits
{
    /// <summary>Merge is associative and commutative; a retraction cannot be applied.</summary>
    None = 0,

    /// <summary><see cref="FeatureAggregate.Apply"/> of a row with sign −1 exactly undoes the same row with sign +1.</summary>
    Invertible = 1,

    /// <summary>Values carry a declared error even below every bound (sketches).</summary>
    Approximate = 2,

    /// <summary>The feature's whole state is one slot that never leaves a window (for example <c>latest</c>).</summary>
    Unwindowed = 4,

    /// <summary>Its value is a single JSON number: ratios, derived features and triggers can read it.</summary>
    Numeric = 8,

    /// <summary>The value is worked out with <see cref="SlotList.WindowMs"/>: windows whose length is not fixed are refused.</summary>
    FixedLength = 16,

    /// <summary>Its value is a single string: derived features can read it.</summary>
    Text = 32,
}
