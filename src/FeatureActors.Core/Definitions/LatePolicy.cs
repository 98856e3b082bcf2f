namespace FeatureActors.Core.Definitions;

/// <summary>What becomes of a row beyond the retention of its group.</summary>
public enum LatePolicy
{
    /// <summary>Counted and dropped.</summary>
    Drop = 1,

    /// <summary>Counted and kept in the dead-letter store.</summary>
    DeadLetter = 2,
}
