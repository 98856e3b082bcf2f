namespace FeatureActors.Abstractions.Features;

/// <summary>
/// A kind of feature, such as <c>count</c> or <c>top-k</c>, as the definitions name it. One instance serves the whole
/// process and may be called from any thread.
/// </summary>
public interface IFeatureType
{
    /// <summary>The word after <c>type =</c>; plug-ins are addressed as <c>custom:&lt;name&gt;</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Reads the feature's settings and builds its aggregate. Mistakes are reported to <paramref name="binding"/>, all of
    /// them; the result is used only when none was reported.
    /// </summary>
    /// <param name="binding">The settings and the columns the feature may read.</param>
    /// <returns>The aggregate, or null when a mistake was reported.</returns>
    FeatureAggregate? Bind(FeatureBinding binding);
}
