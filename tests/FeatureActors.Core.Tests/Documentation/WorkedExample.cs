using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Core.Windows;
using FeatureActors.Hocon;
using FeatureActors.Runtime.Batch;
using FeatureActors.Runtime.Ingest;

namespace FeatureActors.Core.Tests.Documentation;

/// <summary>
/// A worked example of a page: a fenced block marked <c>example</c> with definitions, rows and the values they give. It is run through
/// the whole engine, as <c>fa batch</c> does.
/// <code>
/// features { spread { type = variance, of = price, windows = [1h] } }
///
/// time  | price:double
/// 10:00 | 2
/// 10:10 | 4
///
/// at 10:30  spread:1h = 1
/// at 11:12  spread:1h absent
/// </code>
/// Above the table stands HOCON: lines that begin with <c>features</c>, <c>idle-expiry</c> or <c>late</c> belong to the group
/// <c>g</c>, others (<c>windows { … }</c>, <c>sources.s.retract = …</c>) to the file. The table's header names the fields with their types;
/// an empty cell is NULL, text needs no quotes. A column <c>key</c> (string) says whose row it is; without it all are of one entity and
/// are read for that one. Times are <c>HH:MM[:SS[.fff]]</c> of 2024-01-01, a Monday, or ISO 8601, all UTC. A value is compared as
/// text, exactly as it is published; <c>[key] field = …</c> asks for the value of another key.
/// </summary>
internal sealed class WorkedExample
{
    private static readonly string[] GroupKeys = ["features", "idle-expiry", "late", "jitter", "triggers"];
    private static readonly FeatureTypeRegistry BuiltIn = new(BuiltInFeatureTypes.All);

    private readonly List<string> _definitions = [];
    private readonly List<(string Name, string Type)> _columns = [];
    private readonly List<JsonObject> _rows = [];
    private readonly List<Expectation> _expected = [];

    private WorkedExample(string page, int line, IEnumerable<string> lines)
    {
        Place = $"{page}:{line}";
        foreach (string text in lines)
        {
            Add(text);
        }
    }

    /// <summary>Page and line of the block.</summary>
    public string Place { get; }

    /// <summary>Number of values that it promises.</summary>
    public int Expectations => _expected.Count;

    /// <summary>Types of the features whose values it promises.</summary>
    public IEnumerable<string> Types
    {
        get
        {
            GroupDefinition group = Bind().Groups[0];
            HashSet<string> shown = [.. _expected.Select(static e => e.Field.Split(':')[0])];
            return
            [
                .. group.Features.Where(f => shown.Contains(f.Name)).Select(static f => f.Type),
                .. group.Derived.Where(d => shown.Contains(d.Name)).Select(static d => d is RatioDefinition ? FeatureTypeRegistry.Ratio : FeatureTypeRegistry.Derived),
            ];
        }
    }

    /// <summary>Kinds of the windows in which it promises values, as <see cref="KindOf"/> names them.</summary>
    public IEnumerable<string> WindowKinds
    {
        get
        {
            HashSet<string> shown = [.. _expected.Select(static e => e.Field)];
            return [.. Bind().Groups[0].Features.SelectMany(f => f.Windows.Where(w => shown.Contains($"{f.Name}:{w.Name}"))).Select(KindOf).Distinct()];
        }
    }

    private bool HasKey => _columns.Exists(static c => c.Name == "key");

    /// <summary>The examples of a text.</summary>
    public static IEnumerable<WorkedExample> In(string page, string text)
    {
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].Trim() != "```example")
            {
                continue;
            }

            int end = Array.FindIndex(lines, i + 1, static l => l.Trim() == "```");
            Assert.True(end > i, $"{page}:{i + 1}: the block has no end");
            yield return new WorkedExample(page, i + 1, lines[(i + 1)..end]);
            i = end;
        }
    }

    /// <summary>Runs the rows through the definitions and compares every value.</summary>
    public void Check()
    {
        Assert.True(_columns.Count > 0 && _expected.Count > 0, $"{Place}: an example needs a table of rows and an 'at' line");
        Dictionary<(string Key, string Field, long At), string> values = Run();
        foreach (Expectation expected in _expected)
        {
            string actual = values.GetValueOrDefault((expected.Key, expected.Field, expected.AtMs), "absent");
            Assert.True(
                values.Keys.Any(k => k.Field == expected.Field) || expected.Value == "absent",
                $"{Place}: there is no field {expected.Field}; there are {string.Join(", ", values.Keys.Select(static k => k.Field).Distinct())}");
            Assert.True(
                expected.Value == actual, $"{Place}: {expected.Field} at {expected.At}: the page says {expected.Value}, the engine {actual}");
        }
    }

    private void Add(string text)
    {
        string line = text.Trim();
        if (line.Length == 0)
        {
            return;
        }

        if (line.StartsWith("at ", StringComparison.Ordinal))
        {
            _expected.Add(ExpectationOf(line));
        }
        else if (_columns.Count > 0)
        {
            _rows.Add(RowOf(line));
        }
        else if (line.StartsWith("time", StringComparison.Ordinal) && line.Contains('|', StringComparison.Ordinal))
        {
            _columns.AddRange(Cells(line).Skip(1).Select(static c => c.Split(':')).Select(static c => (c[0], c.Length > 1 ? c[1] : "string")));
        }
        else
        {
            _definitions.Add(text);
        }
    }

    private static string[] Cells(string line) => [.. line.Split('|').Select(static c => c.Trim())];

    private JsonObject RowOf(string line)
    {
        string[] cells = Cells(line);
        Assert.True(cells.Length == _columns.Count + 1, $"{Place}: a row has {cells.Length} cells, the header {_columns.Count + 1}: {line}");
        var row = new JsonObject { ["time"] = TimeOf(cells[0]), ["entity"] = "k" };
        for (int i = 0; i < _columns.Count; i++)
        {
            (string name, string type) = _columns[i];
            string cell = cells[i + 1];
            row[name] = cell.Length == 0 ? null
                : type == "string" ? JsonValue.Create(cell)
                : JsonNode.Parse(cell);
        }

        return row;
    }

    private Expectation ExpectationOf(string line)
    {
        string[] words = line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.True(words.Length == 3, $"{Place}: expected 'at TIME FIELD = VALUE', found: {line}");
        string rest = words[2];
        string key = "k";
        if (rest.StartsWith('['))
        {
            int end = rest.IndexOf(']', StringComparison.Ordinal);
            key = rest[1..end];
            rest = rest[(end + 1)..].Trim();
        }

        int split = rest.IndexOf(" = ", StringComparison.Ordinal);
        bool isAbsent = split < 0 && rest.EndsWith(" absent", StringComparison.Ordinal);
        Assert.True(split > 0 || isAbsent, $"{Place}: expected FIELD = VALUE or FIELD absent, found: {rest}");
        return isAbsent
            ? new Expectation(key, words[1], TimeOf(words[1]), rest[..^7].Trim(), "absent")
            : new Expectation(key, words[1], TimeOf(words[1]), rest[..split].Trim(), rest[(split + 3)..].Trim());
    }

    private static long TimeOf(string text)
    {
        string full = text.Contains('T', StringComparison.Ordinal) ? text : "2024-01-01T" + text;
        return DateTimeOffset.Parse(full, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).ToUnixTimeMilliseconds();
    }

    private string Definitions()
    {
        IEnumerable<string> fields = _columns.Select(static c => $"{c.Name} = {c.Type}");
        IEnumerable<string> body = _definitions.Select(
            static l => GroupKeys.Any(k => l.StartsWith(k, StringComparison.Ordinal)) ? "groups.g." + l : l);
        return $$"""
            namespace = n
            sources.s { format = json, event-time { field = time, unit = ms }, fields { time = long, entity = string, {{string.Join(", ", fields)}} } }
            entities.e { key = [string] }
            groups.g { entity = e, source = s, key = {{(HasKey ? "key" : "entity")}} }
            {{string.Join('\n', body)}}
            """;
    }

    private static string KindOf(FeatureWindow window) => window switch
    {
        SlidingWindow { OffsetMs: > 0 } => "offset",
        TumblingWindow { Periods: CalendarPeriods calendar } => calendar.Word,
        _ => window.Kind.ToString(),
    };

    private DefinitionsModel Bind() => DefinitionsBinder.Bind(HoconParser.ParseText(Definitions(), Place), BuiltIn);

    private Dictionary<(string Key, string Field, long At), string> Run()
    {
        DefinitionsModel model = Bind();
        string path = Path.Combine(Path.GetTempPath(), $"example-{Guid.NewGuid():N}.jsonl");
        using var output = new MemoryStream();
        try
        {
            File.WriteAllLines(path, _rows.Select(static r => r.ToJsonString()));
            BatchReport report = new BatchRun(model, "s", EventFile.Open(path, model.Sources[0]))
                .Run([.. _expected.Select(static e => e.AtMs).Distinct().Order()], output, CancellationToken.None);
            Assert.True(report.Refused.Count == 0, $"{Place}: {string.Join("; ", report.Refused.SelectMany(static r => r.First).Select(static r => r.Error))}");
        }
        finally
        {
            File.Delete(path);
        }

        return ValuesOf(Encoding.UTF8.GetString(output.ToArray()));
    }

    private static Dictionary<(string Key, string Field, long At), string> ValuesOf(string lines)
    {
        var values = new Dictionary<(string Key, string Field, long At), string>();
        foreach (string line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            JsonElement json = JsonDocument.Parse(line).RootElement;
            string feature = json.GetProperty("feature").GetString()!;
            string field = json.GetProperty("window").GetString() is { } window ? $"{feature}:{window}" : feature;
            JsonElement value = json.GetProperty("value");
            values[(json.GetProperty("key").GetString()!, field, json.GetProperty("at").GetInt64())] = value.ValueKind switch
            {
                JsonValueKind.Null => "absent",
                JsonValueKind.String => value.GetString()!,
                _ => value.GetRawText(),
            };
        }

        return values;
    }

    private sealed record Expectation(string Key, string At, long AtMs, string Field, string Value);
}
