using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Definitions;

/// <summary>Windows of a feature that share one state, with a number and a shape of its own.</summary>
/// <param name="Suffix">What stands behind the feature's name where its number is kept; empty for the state of windows over time.</param>
/// <param name="Windows">The windows, at least one, in the order of the definition.</param>
internal sealed record WindowFamily(string Suffix, IReadOnlyList<FeatureWindow> Windows)
{
    /// <summary>Splits the windows of a feature; those over time come first.</summary>
    public static IReadOnlyList<WindowFamily> Of(IEnumerable<FeatureWindow> windows) =>
    [
        .. windows
            .GroupBy(static w => w.Kind is WindowKind.Session or WindowKind.LastRows ? $"[{w.Text}]" : "", StringComparer.Ordinal)
            .OrderBy(static g => g.Key.Length > 0)
            .Select(static g => new WindowFamily(g.Key, [.. g])),
    ];
}
