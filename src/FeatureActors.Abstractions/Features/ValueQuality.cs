namespace FeatureActors.Abstractions.Features;

/// <summary>What a reader of a value must know about it; published in <c>_flags</c>.</summary>
[Flags]
public enum ValueQuality : byte
{
    /// <summary>The value is exact.</summary>
    None = 0,

    /// <summary>A bound was reached: some input is summed up in <c>other</c> or left out.</summary>
    Truncated = 1,

    /// <summary>The value carries the declared error of a sketch.</summary>
    Approximate = 2,

    /// <summary>The window is longer than the time since it was defined.</summary>
    Warming = 4,
}
