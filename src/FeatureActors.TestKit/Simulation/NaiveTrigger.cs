using System.Globalization;

namespace FeatureActors.TestKit.Simulation;

/// <summary>A value trigger of the naive model, judged from two sets of values alone.</summary>
/// <param name="Field">Field it looks at.</param>
/// <param name="By">Bound of a change; 0 for any other value.</param>
/// <param name="IsShare">True when the bound is a share of the written value.</param>
/// <param name="Above">For a condition: true when the field is above this; null for a change.</param>
internal sealed record NaiveTrigger(string Field, double By, bool IsShare, double? Above)
{
    /// <summary>True when <paramref name="now"/> must have been written since <paramref name="written"/> was; null when nothing was.</summary>
    public bool Fires(IReadOnlyDictionary<string, string> now, IReadOnlyDictionary<string, string>? written)
    {
        string? value = now.GetValueOrDefault(Field);
        string? before = written?.GetValueOrDefault(Field);
        if (value == NaiveFeature.Anything || before == NaiveFeature.Anything)
        {
            return false;
        }

        if (Above is { } above)
        {
            return IsAbove(value, above) && !IsAbove(before, above);
        }

        if (written is null || value is null || before is null)
        {
            return written is null || value != before;
        }

        double distance = Math.Abs(Number(value) - Number(before));
        return By == 0 ? value != before : distance > 0 && distance >= (IsShare ? By * Math.Abs(Number(before)) : By);
    }

    private static bool IsAbove(string? value, double above) => value is not null && Number(value) > above;

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
