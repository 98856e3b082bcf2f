using FeatureActors.Abstractions.Configuration;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Definitions;

/// <summary>Reads a quotient of two features of the same group. It may stand before them, so it is bound when all are known.</summary>
internal static class RatioBinder
{
    /// <summary>The ratio, or null when mistakes were added.</summary>
    /// <param name="name">Name of the ratio.</param>
    /// <param name="reader">Its settings.</param>
    /// <param name="features">The features of the group that could be read.</param>
    /// <param name="ratios">Names of all ratios of the group.</param>
    /// <param name="wrong">Names of features that exist, but whose own mistakes were reported: naming them is none.</param>
    /// <param name="named">The windows that may be named.</param>
    public static RatioDefinition? Bind(
        string name,
        ConfigReader reader,
        IReadOnlyList<FeatureBinder> features,
        IReadOnlySet<string> ratios,
        IReadOnlySet<string> wrong,
        NamedWindows named)
    {
        reader.Know("type");
        FeatureBinder? numerator = Find(reader, "numerator", features, ratios, wrong);
        FeatureBinder? denominator = Find(reader, "denominator", features, ratios, wrong);
        IReadOnlyList<FeatureWindow>? stated = reader.Optional("windows") is { } value ? WindowBinder.Bind(value, named) : null;
        reader.RejectUnknown();
        if (numerator is null || denominator is null)
        {
            return null;
        }

        if (numerator.IsUnwindowed && denominator.IsUnwindowed)
        {
            reader.Optional("windows")?.Error("both features have no windows, so the ratio has none", "remove 'windows'");
            return new RatioDefinition(name, numerator.Name, denominator.Name, []);
        }

        List<string> common = [.. numerator.Windows.Select(w => w.Name).Intersect(denominator.Windows.Select(w => w.Name))];
        return stated is null
            ? Common(name, reader, numerator, denominator, common)
            : new RatioDefinition(name, numerator.Name, denominator.Name, Stated(reader, stated, numerator, denominator, common));
    }

    private static RatioDefinition? Common(
        string name, ConfigReader reader, FeatureBinder numerator, FeatureBinder denominator, List<string> common)
    {
        if (common.Count > 0)
        {
            return new RatioDefinition(name, numerator.Name, denominator.Name, common);
        }

        // A feature with mistakes in its windows was reported already.
        if (numerator.Windows.Count > 0 && denominator.Windows.Count > 0)
        {
            reader.Error(
                $"{numerator.Name} and {denominator.Name} have no window in common",
                $"{numerator.Name} has {List(numerator)}, {denominator.Name} has {List(denominator)}");
        }

        return null;
    }

    private static List<string> Stated(
        ConfigReader reader,
        IReadOnlyList<FeatureWindow> stated,
        FeatureBinder numerator,
        FeatureBinder denominator,
        List<string> common)
    {
        foreach (FeatureWindow window in stated.Where(w => !common.Contains(w.Name)))
        {
            FeatureBinder missing = numerator.Windows.Exists(w => w.Name == window.Name) ? denominator : numerator;
            reader.Optional("windows")!.Error(
                $"{missing.Name} has no window '{window.Name}'", $"{missing.Name} has {List(missing)}");
        }

        return [.. stated.Select(w => w.Name)];
    }

    private static string List(FeatureBinder feature) =>
        feature.IsUnwindowed ? "none" : string.Join(", ", feature.Windows.Select(w => w.Name));

    private static FeatureBinder? Find(
        ConfigReader reader,
        string key,
        IReadOnlyList<FeatureBinder> features,
        IReadOnlySet<string> ratios,
        IReadOnlySet<string> wrong)
    {
        ConfigValue? value = reader.Required(key);
        string? wanted = value?.AsString();
        if (wanted is null)
        {
            return null;
        }

        if (features.FirstOrDefault(f => f.Name == wanted) is not { } found)
        {
            if (ratios.Contains(wanted))
            {
                value!.Error($"'{wanted}' is a ratio", "a ratio reads features with state");
            }
            else if (!wrong.Contains(wanted))
            {
                value!.Error($"unknown feature '{wanted}'", Names.Nearest(wanted, features.Select(f => f.Name)));
            }

            return null;
        }

        if (!found.IsNumeric)
        {
            value!.Error($"the value of feature '{wanted}' is not a number");
            return null;
        }

        return found;
    }
}
