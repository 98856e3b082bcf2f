using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Definitions;

/// <summary>Reads a quotient of two features of the same group.</summary>
internal static class RatioBinder
{
    // Larger ones say nothing: the values beside them would not show.
    private const double PriorMax = 1e15;

    /// <summary>The ratio, or null when mistakes were added, here or at a feature that it reads.</summary>
    public static RatioDefinition? Bind(string name, ConfigReader reader, DerivedBinder group)
    {
        reader.Know("type");
        PublishedFeature? numerator = Find(reader, "numerator", group);
        PublishedFeature? denominator = Find(reader, "denominator", group);
        double prior = reader.DoubleOr("prior", 0, 0, PriorMax);
        double weight = reader.DoubleOr("prior-weight", 0, 0, PriorMax);
        IReadOnlyList<string>? windows = numerator is null || denominator is null
            ? Skipped(reader)
            : group.WindowsOf(reader, [numerator, denominator]);
        reader.RejectUnknown();
        return windows is null
            ? null
            : new RatioDefinition(name, numerator!.Input, denominator!.Input, windows) { Prior = prior, PriorWeight = weight };
    }

    private static IReadOnlyList<string>? Skipped(ConfigReader reader)
    {
        reader.Know("windows");
        return null;
    }

    private static PublishedFeature? Find(ConfigReader reader, string key, DerivedBinder group)
    {
        if (reader.Required(key) is not { } value || value.AsString() is not { } wanted
            || group.Find(wanted, value.Error) is not { } found)
        {
            return null;
        }

        if (found.Type != FieldType.Double)
        {
            value.Error($"the value of feature '{found.Input.Feature}' is not a number", "a ratio reads features such as count, sum or avg");
            return null;
        }

        return found;
    }
}
