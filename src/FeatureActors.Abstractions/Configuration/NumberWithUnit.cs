using System.Globalization;

namespace FeatureActors.Abstractions.Configuration;

/// <summary>The shared half of <see cref="ConfigDuration"/> and <see cref="ConfigSize"/>: a number, spaces, letters.</summary>
internal static class NumberWithUnit
{
    private const NumberStyles Style =
        NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    public static bool TrySplit(string? text, out decimal number, out ReadOnlySpan<char> unit)
    {
        ReadOnlySpan<char> trimmed = text.AsSpan().Trim();
        int unitStart = trimmed.Length;
        while (unitStart > 0 && char.IsLetter(trimmed[unitStart - 1]))
        {
            unitStart--;
        }

        unit = trimmed[unitStart..];
        return decimal.TryParse(trimmed[..unitStart].TrimEnd(), Style, CultureInfo.InvariantCulture, out number);
    }

    public static bool TryMultiply(decimal number, decimal factor, out decimal product)
    {
        bool fits = factor <= 1 || Math.Abs(number) <= decimal.MaxValue / factor;
        product = fits ? number * factor : 0;
        return fits;
    }
}
