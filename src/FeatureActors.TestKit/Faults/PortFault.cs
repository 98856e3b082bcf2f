namespace FeatureActors.TestKit.Faults;

/// <summary>What an in-memory port does with one call.</summary>
public enum PortFault
{
    /// <summary>Works.</summary>
    None = 0,

    /// <summary>Throws <see cref="Abstractions.Errors.DependencyUnavailableException"/> and does nothing.</summary>
    FailBefore = 1,

    /// <summary>Does its work, then throws: to the caller the outcome is unknown.</summary>
    FailAfter = 2,
}
