using System.Globalization;
using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.TestKit.Simulation;

/// <summary>Definitions as the tree that a parser would make of them.</summary>
internal static class ConfigTree
{
    public static ConfigScalar Text(string text) => new(default, text, false, default);

    public static ConfigScalar Number(long number) => Text(number.ToString(CultureInfo.InvariantCulture));

    public static ConfigScalar Ms(long ms) => Text(string.Create(CultureInfo.InvariantCulture, $"{ms}ms"));

    public static ConfigArray List(IEnumerable<ConfigNode> items) => new(default, [.. items]);

    public static ConfigObject Tree(params (string Key, ConfigNode Value)[] fields) =>
        new(default, [.. fields.Select(static f => new ConfigField(f.Key, default, f.Value))]);
}
