using System.Buffers;
using System.Globalization;

namespace FeatureActors.Abstractions.Configuration;

/// <summary>Texts of configuration paths such as <c>groups.item_sales.triggers[0].on</c>, for error messages.</summary>
public static class ConfigPath
{
    private static readonly SearchValues<char> PlainChars =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    /// <summary>The path of the field <paramref name="key"/> inside the object at <paramref name="path"/>; the root is the empty path.</summary>
    public static string Append(string path, string key)
    {
        string element = Element(key);
        return path.Length == 0 ? element : $"{path}.{element}";
    }

    /// <summary>The path of the item with the 0-based <paramref name="index"/> inside the array at <paramref name="path"/>.</summary>
    public static string Append(string path, int index) => string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]");

    /// <summary>A key as one path element: quoted when it could be read as several, or not at all, without quotes.</summary>
    public static string Element(string key) =>
        key.Length > 0 && !key.AsSpan().ContainsAnyExcept(PlainChars)
            ? key
            : $"\"{key.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
