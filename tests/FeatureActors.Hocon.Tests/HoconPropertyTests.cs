using System.Globalization;
using System.Text;
using System.Text.Json;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Errors;

namespace FeatureActors.Hocon.Tests;

/// <summary>Random input from printed seeds: what is written reads back equal, and garbage ends in a ConfigException or a tree.</summary>
public sealed class HoconPropertyTests
{
    private static readonly string[] Fragments =
    [
        "a", "b", "a.b", "\"q\"", "\"\"\"t\"\"\"", "=", ":", "+=", "{", "}", "[", "]", ",", "\n", " ", "#c\n", "//", "${a}", "${?b}",
        "${a.b}", "${?a.b} ", "${", "include ", "include \"x.conf\"", "url(", ")", "1", "-1.5e3", "null", "true", "\\", "\"", "\\u00", "\u00A0",
        "\0", "\uD800", "@", ".", "\r\n", "a = ", "b { ", "a = ${b}\n", "b = ${?a} {x=1}\n", "a.b = [${b}]\n", "+= ${a}\n",
    ];

    private static readonly string[] Separators = [",", "\n", " ,\n", " # c\n", " // c ,\n\n"];
    private static readonly string[] Assigns = ["=", " : ", " =\n "];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Random_trees_read_back_equal_from_hocon_and_json_text(int seed)
    {
        var random = new Random(seed);
        for (int run = 0; run < 300; run++)
        {
            object tree = RandomObject(random, 0);
            var hocon = new StringBuilder();
            var json = new StringBuilder();
            WriteHocon(hocon, tree, random, isRoot: true);
            WriteJson(json, tree);
            string expected = Canonical(tree);
            Assert.True(expected == Hocon.Json(Hocon.Parse(json.ToString())), $"seed {seed} run {run}: {json}");
            Assert.True(expected == Hocon.Json(Hocon.Parse(hocon.ToString())), $"seed {seed} run {run}: {hocon}");
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    public void Random_garbage_ends_in_a_tree_or_a_configuration_exception(int seed)
    {
        var random = new Random(seed);
        var options = new HoconOptions { ResolvedValuesMax = 5_000 };
        for (int run = 0; run < 5_000; run++)
        {
            var text = new StringBuilder();
            int length = random.Next(1, 40);
            for (int i = 0; i < length; i++)
            {
                text.Append(random.Next(8) == 0 ? ((char)random.Next(1, 256)).ToString() : Fragments[random.Next(Fragments.Length)]);
            }

            try
            {
                Hocon.Parse(text.ToString(), options);
            }
            catch (ConfigException e)
            {
                string[] lines = text.ToString().Split('\n');
                Assert.All(e.Errors, error =>
                {
                    Assert.InRange(error.Position.Line, 1, lines.Length);
                    Assert.InRange(error.Position.Column, 1, lines[error.Position.Line - 1].Length + 1);
                });
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {seed} run {run}: {e.GetType().Name} for {JsonSerializer.Serialize(text.ToString())}\n{e}");
            }
        }
    }

    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    public void Splitting_a_tree_into_layers_files_of_fields_and_duplicates_changes_nothing(int seed)
    {
        var random = new Random(seed);
        for (int run = 0; run < 300; run++)
        {
            List<(string Key, object? Value)> tree = RandomObject(random, 0);
            var lower = new StringBuilder();
            var upper = new StringBuilder();
            WritePaths(lower, "", tree, random, 2);
            WritePaths(upper, "", tree, random, 1);
            var all = new StringBuilder();
            WritePaths(all, "", tree, random, 1);
            HoconDocument layer = HoconParser.ReadText(lower.ToString(), "lower.conf");
            ConfigObject merged = Hocon.Parse(
                upper.ToString(), new HoconOptions { Environment = _ => null, Fallbacks = [layer] });
            ConfigObject whole = Hocon.Parse($"{lower}\n{all}");
            Assert.True(Canonical(tree) == Sorted(merged), $"seed {seed} run {run}:\n{lower}\n--\n{upper}");
            Assert.True(Canonical(tree) == Sorted(whole), $"seed {seed} run {run}:\n{lower}\n{all}");

            string Sorted(ConfigObject value) => Hocon.Json(Order(value, tree));
        }
    }

    private static List<(string Key, object? Value)> RandomObject(Random random, int depth)
    {
        var fields = new List<(string Key, object? Value)>();
        int count = random.Next(depth == 0 ? 1 : 0, 5);
        for (int i = 0; i < count; i++)
        {
            string key = RandomText(random);
            if (!fields.Exists(f => f.Key == key))
            {
                fields.Add((key, RandomValue(random, depth + 1)));
            }
        }

        return fields;
    }

    private static object? RandomValue(Random random, int depth) => random.Next(depth > 4 ? 4 : 6) switch
    {
        0 => null,
        1 => random.NextInt64(long.MinValue, long.MaxValue),
        2 => random.Next(2) == 0,
        3 => RandomText(random),
        4 => Enumerable.Range(0, random.Next(4)).Select(_ => RandomValue(random, depth + 1)).ToList(),
        _ => RandomObject(random, depth),
    };

    private static string RandomText(Random random)
    {
        const string Chars = "abcXYZ019 .-_/\\\"'${}[]:=,+#`^?!@*&\n\t\u00E9\u4E2D\u0001";
        return string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => Chars[random.Next(Chars.Length)]));
    }

    private static void WriteJson(StringBuilder to, object? value)
    {
        switch (value)
        {
            case List<(string Key, object? Value)> fields:
                to.Append('{');
                for (int i = 0; i < fields.Count; i++)
                {
                    to.Append(i == 0 ? "" : ",").Append(JsonSerializer.Serialize(fields[i].Key)).Append(':');
                    WriteJson(to, fields[i].Value);
                }

                to.Append('}');
                break;
            case List<object?> items:
                to.Append('[');
                for (int i = 0; i < items.Count; i++)
                {
                    to.Append(i == 0 ? "" : ",");
                    WriteJson(to, items[i]);
                }

                to.Append(']');
                break;
            default:
                to.Append(Literal(value));
                break;
        }
    }

    private static void WriteHocon(StringBuilder to, object? value, Random random, bool isRoot = false)
    {
        string Separator() => Separators[random.Next(Separators.Length)];
        switch (value)
        {
            case List<(string Key, object? Value)> fields:
                to.Append(isRoot ? "" : "{ ");
                foreach ((string key, object? inner) in fields)
                {
                    bool isObject = inner is List<(string Key, object? Value)>;
                    to.Append(Key(key)).Append(isObject && random.Next(2) == 0 ? " " : Assigns[random.Next(Assigns.Length)]);
                    WriteHocon(to, inner, random);
                    to.Append(Separator());
                }

                to.Append(isRoot ? "" : "}");
                break;
            case List<object?> items:
                to.Append("[ ");
                foreach (object? inner in items)
                {
                    WriteHocon(to, inner, random);
                    to.Append(Separator());
                }

                to.Append(']');
                break;
            case string text when random.Next(2) == 0 && !text.Contains('"', StringComparison.Ordinal):
                to.Append("\"\"\"").Append(text).Append("\"\"\"");
                break;
            default:
                to.Append(Literal(value));
                break;
        }
    }

    // Each field as a path of its own, in random order; a share of them (1 of keep) with the right value, the others wrong.
    private static void WritePaths(
        StringBuilder to, string prefix, List<(string Key, object? Value)> fields, Random random, int keep)
    {
        foreach ((string key, object? value) in fields.OrderBy(_ => random.Next()).ToList())
        {
            string path = prefix + Key(key);
            if (value is List<(string Key, object? Value)> { Count: > 0 } inner)
            {
                WritePaths(to, path + ".", inner, random, keep);
                continue;
            }

            to.Append(path).Append(" = ");
            if (random.Next(keep) == 0 || value is List<(string Key, object? Value)>)
            {
                WriteHocon(to, value, random);
            }
            else
            {
                to.Append("wrong");
            }

            to.Append('\n');
        }
    }

    private static ConfigObject Order(ConfigObject value, List<(string Key, object? Value)> like) => value with
    {
        Fields = [.. value.Fields.OrderBy(f => like.FindIndex(l => l.Key == f.Key)).Select(f =>
            f.Value is ConfigObject inner ? f with { Value = Order(inner, (List<(string Key, object? Value)>)like.Find(l => l.Key == f.Key).Value!) } : f)],
    };

    private static string Key(string key) => ConfigPath.Element(key) is var element && element.StartsWith('"') ? JsonSerializer.Serialize(key) : element;

    private static string Literal(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        long number => number.ToString(CultureInfo.InvariantCulture),
        _ => JsonSerializer.Serialize((string)value),
    };

    private static string Canonical(object? value)
    {
        var json = new StringBuilder();
        WriteJson(json, value);
        return json.ToString();
    }
}
