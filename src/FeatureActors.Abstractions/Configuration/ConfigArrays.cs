using System.Globalization;

namespace FeatureActors.Abstractions.Configuration;

/// <summary>HOCON's conversion of objects with numeric keys to arrays, so that <c>-Dlist.0=a</c> and overlays can set single items.</summary>
public static class ConfigArrays
{
    /// <summary>
    /// Reads <paramref name="value"/> as an array: the fields with a key that is a whole number from 0 upward, in numeric order,
    /// gaps closed, other fields left out.
    /// </summary>
    /// <returns>Null when no key is such a number.</returns>
    public static ConfigArray? FromNumericKeys(ConfigObject value)
    {
        var items = new SortedList<int, ConfigNode>();
        foreach (ConfigField field in value.Fields)
        {
            if (int.TryParse(field.Key, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            {
                items[index] = field.Value;
            }
        }

        return items.Count == 0 ? null : new ConfigArray(value.Position, [.. items.Values]);
    }
}
