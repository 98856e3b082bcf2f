using System.Text.Json;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Errors;

namespace FeatureActors.Hocon.Tests;

/// <summary>Short forms for tests: parse to compact JSON of texts, or to error texts.</summary>
internal static class Hocon
{
    public static HoconOptions NoEnvironment { get; } = new() { Environment = _ => null };

    public static string Json(string text, HoconOptions? options = null) => Json(Parse(text, options));

    public static ConfigObject Parse(string text, HoconOptions? options = null) =>
        HoconParser.ParseText(text, "t.conf", options ?? NoEnvironment);

    public static string[] Errors(string text, HoconOptions? options = null) =>
        [.. Assert.Throws<ConfigException>(() => Parse(text, options)).Errors.Select(error => error.ToString())];

    public static string Json(ConfigNode node) => node switch
    {
        ConfigScalar { Text: null } => "null",
        ConfigScalar { IsQuoted: false, Text: "true" or "false" } scalar => scalar.Text,
        ConfigScalar { IsQuoted: false } scalar when long.TryParse(scalar.Text, out _) => scalar.Text,
        ConfigScalar scalar => JsonSerializer.Serialize(scalar.Text),
        ConfigArray array => $"[{string.Join(',', array.Items.Select(Json))}]",
        ConfigObject value => $"{{{string.Join(',', value.Fields.Select(f => $"{JsonSerializer.Serialize(f.Key)}:{Json(f.Value)}"))}}}",
        _ => throw new ArgumentException(node.GetType().Name),
    };
}
