using System.Globalization;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Hocon;

namespace FeatureActors.Core.Tests.Definitions;

public sealed class DefinitionsRoundTripTests
{
    [Fact]
    public void Canonical_text_of_random_definitions_binds_to_the_same_plan()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            string text = Random(new Random(seed));
            DefinitionsModel model = Samples.Bind(text);
            string canonical = DefinitionsCatalog.TextOf(model);
            DefinitionsModel again = Samples.Bind(canonical);
            Assert.True(canonical == DefinitionsCatalog.TextOf(again), $"seed {seed}: the canonical text is not stable\n{text}");

            DefinitionsAssignment first = DefinitionsCatalog.Assign(model, null, 7);
            DefinitionsAssignment second = DefinitionsCatalog.Assign(again, first.Snapshot, 8);
            Assert.False(second.HasChanges, $"seed {seed}: the canonical text is another plan\n{text}");
            Assert.True(
                PlanReport.Of(model, first).ToJson() == PlanReport.Of(again, DefinitionsCatalog.Assign(again, null, 7)).ToJson(),
                $"seed {seed}: the reports differ\n{text}");
        }
    }

    [Fact]
    public void Contract_example_binds_with_the_built_in_types_and_round_trips()
    {
        var registry = new FeatureTypeRegistry(BuiltInFeatureTypes.All);
        DefinitionsModel model = DefinitionsBinder.Bind(HoconParser.ParseText(Samples.Contract, "d.conf"), registry);
        string canonical = DefinitionsCatalog.TextOf(model);
        DefinitionsModel again = DefinitionsBinder.Bind(HoconParser.ParseText(canonical, "stored"), registry);
        Assert.False(DefinitionsCatalog.Assign(again, DefinitionsCatalog.Assign(model, null, 0).Snapshot, 1).HasChanges);
    }

    private static string Random(Random random)
    {
        string[] sources = [.. Enumerable.Range(0, random.Next(1, 4)).Select(i => $"s{i}")];
        string text = $"namespace = {Pick(random, "shop", "Shop-2", "_x")}\nclock = {Pick(random, "wall", "event")}\n";
        foreach (string source in sources)
        {
            string csv = random.Next(3) == 0 ? "format = csv, csv { delimiter = \";\", header = " + Pick(random, "true", "false") + " }" : "format = json";
            string id = random.Next(3) == 0 ? ", event-id { field = k1, keep = 3h, max = 9 }" : "";
            text += $"sources.{source} {{ {csv}{id}, max-future = {random.Next(1, 90)}s, future = {Pick(random, "clamp", "dead-letter")}\n"
                + "event-time { field = ts, unit = " + Pick(random, "ms", "s", "us") + " }, max-event-bytes = 1 MiB\n"
                + "fields { k1 = string, k2 = long, name = string, v = double, d = decimal, b = boolean, \"odd \\\"name\\\"\" = long, ts = long } }\n";
        }

        text += "windows { short = 90s, weeks { tumbling = week, zone = America/New_York, series = 2 } }\n";
        text += "entities { a { key = [string], shards = 3 }, b { key = [string, long] } }\n";
        for (int g = 0; g < random.Next(1, 4); g++)
        {
            bool isComposite = random.Next(2) == 0;
            string key = isComposite ? "[k1, k2]" : "k1";
            string where = random.Next(2) == 0 ? $", where = \"{Filter(random)}\"" : "";
            string feeds = string.Join(", ", sources.Select(s => $"{{ source = {s}, key = {key}{where} }}"));
            bool hasLifetime = random.Next(3) == 0;
            string features = string.Join('\n', Enumerable.Range(0, random.Next(1, 6)).Select(f => Feature(random, $"f{f}", hasLifetime)));
            text += $"groups.g{g} {{ entity = {(isComposite ? "b" : "a")}, from = [{feeds}]\n"
                + $"features {{\n{features}\nlife {{ type = {(hasLifetime ? "count, windows = [lifetime, 1h]" : "count, windows = [1h]")} }}\n"
                + "rate { type = ratio, numerator = life, denominator = life }\n"
                + "smooth { type = ratio, numerator = gain, denominator = \"life:1h\", prior = 0.25, prior-weight = 3 }\n"
                + $"gain {{ type = derived, expr = \"life * 2 - \\\"life:1h\\\" / rate\"{Pick(random, "", ", windows = [60m]")} }}\n}}\n"
                + $"late = {Pick(random, "drop", "dead-letter")}, margin = {random.Next(0, 100)}m\n"
                + $"triggers = [{Pick(random, "{ on = update, coalesce = 10ms }", "{ on = timer, every = 90s }", "{ on = expiry }", "{ on = update }, { on = timer, every = 1h }",
                    "{ on = change, of = \"gain:1h\", by = 2.5%, coalesce = 1s }, { on = change, of = \"life:1h\", by = 3 }",
                    "{ on = when, expr = \"\\\"life:1h\\\" > 3 AND \\\"rate:1h\\\" IS NULL\" }, { on = timer, every = 2s }")}]\n"
                + $"jitter = {Pick(random, "0", "1500ms", "1m")}\n"
                + (hasLifetime ? $"idle-expiry = {Pick(random, "never", "3000d")}" : "")
                + "\n}\n";
        }

        return text;
    }

    private static string Feature(Random random, string name, bool hasLifetime)
    {
        string where = random.Next(2) == 0 ? $", where = \"{Filter(random)}\"" : "";
        string windows = $", windows = [{Windows(random, hasLifetime)}]";
        return name + " { " + random.Next(7) switch
        {
            0 => "type = count" + windows,
            1 => "type = sum, of = " + Pick(random, "v", "d", "k2", "\"v * k2\"", "\"coalesce( d,0) + 1\"") + windows,
            2 => $"type = last, of = name, n = {random.Next(1, 9)}, distinct = {Pick(random, "yes", "no")}" + windows,
            3 => $"type = top-k, key = name, k = {random.Next(1, 99)}" + Pick(random, "", ", by = count", ", by = sum, of = v") + windows,
            4 => "type = \"custom:decay\", of = v, half-life = 90m, scale = " + random.NextDouble().ToString("R", CultureInfo.InvariantCulture) + windows,
            5 => "type = sum, of = \"odd \\\"name\\\"\"" + windows,
            _ => "type = latest, of = " + Pick(random, "name", "b", "d"),
        } + where + " }";
    }

    private static string Windows(Random random, bool hasLifetime)
    {
        var windows = new List<string>();
        for (int i = 0; i < random.Next(1, 4); i++)
        {
            windows.Add(random.Next(9) switch
            {
                4 => $"{{ tumbling = {random.Next(1, 500)}s, back = {random.Next(0, 4)}, name = w{i} }}",
                5 => $"{{ tumbling = {Pick(random, "day", "week", "month", "1d", "7d")}, zone = {Pick(random, "UTC", "Asia/Kolkata", "Europe/Paris")}, name = w{i} }}",
                6 => $"{{ tumbling = {Pick(random, "90m", "day", "week")}, series = {random.Next(1, 4)}, name = w{i} }}",
                8 => $"{{ session = {random.Next(1, 90)}m, name = w{i} }}",
                7 => i == 0 ? Pick(random, "short", "weeks", "{ tumbling = 1d, zone = Europe/Paris, back = 2 }", "{ size = 2d, series = 3 }") : $"{100 + i}h",
                0 => $"{{ size = {random.Next(1, 500)}m, name = w{i} }}",
                1 => $"{{ size = {random.Next(1, 30)}d, slot = {random.Next(5, 60)}m, name = w{i} }}",
                2 => $"{{ size = {random.Next(1, 500)}s, slot = 1s, offset = {random.Next(1, 50)}h, name = \"w-{i}\" }}",
                _ => $"{random.Next(1, 90) + (100 * i)}h",
            });
        }

        if (hasLifetime && random.Next(3) == 0)
        {
            windows.Add(Pick(random, "{ size = lifetime, name = ever }", "{ last = 7 }", "{ last = 100, name = newest }"));
        }

        return string.Join(", ", windows);
    }

    private static string Filter(Random random) => Pick(
        random,
        "name = 'a''b'",
        "v > 1.5 AND NOT b",
        "k2 IN (1, 2, 3) or name like 'x%'",
        "\\\"odd \\\"\\\"name\\\"\\\"\\\" between 1 and 5",
        "coalesce(name, '') <> 'tab\\there'",
        "d >= 0.10 OR d IS NULL");

    private static string Pick(Random random, params string[] choices) => choices[random.Next(choices.Length)];
}
