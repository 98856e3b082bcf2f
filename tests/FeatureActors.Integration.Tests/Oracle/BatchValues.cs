using System.Globalization;
using System.Text;
using System.Text.Json;
using FeatureActors.Integration.Tests.Live;

namespace FeatureActors.Integration.Tests.Oracle;

/// <summary>Where a value stands.</summary>
internal readonly record struct BatchField(string Group, string Feature, string? Window, long At);

/// <summary>What one run of <c>fa batch</c> wrote: per field the JSON text of the value of every key.</summary>
internal sealed class BatchValues
{
    private readonly Dictionary<BatchField, Dictionary<string, string>> _fields = [];

    internal IReadOnlyDictionary<BatchField, Dictionary<string, string>> Fields => _fields;

    internal IReadOnlyDictionary<string, string> Of(BatchField field) =>
        _fields.TryGetValue(field, out Dictionary<string, string>? values) ? values : new Dictionary<string, string>();

    /// <summary>Runs the node's program as a process of its own and reads what it wrote.</summary>
    internal static async Task<BatchValues> RunAsync(string definitions, string input, string source, IEnumerable<long> times)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fa-oracle-");
        try
        {
            string values = Path.Combine(folder.FullName, "values.jsonl");
            (int exitCode, string output) = await FaProcess.RunAsync(
                folder.FullName, "batch", "--definitions", definitions, "--input", input, "--source", source,
                "--at", string.Join(',', times.Select(t => t.ToString(CultureInfo.InvariantCulture))), "--output", values);
            Assert.True(exitCode == 0, $"fa batch: exit {exitCode}\n{output}");
            return await ReadAsync(values);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<BatchValues> ReadAsync(string file)
    {
        var values = new BatchValues();
        using var reader = new StreamReader(file, Encoding.UTF8);
        while (await reader.ReadLineAsync() is { } line)
        {
            values.Add(line);
        }

        return values;
    }

    private void Add(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement root = document.RootElement;
        Assert.Equal(6, root.EnumerateObject().Count());
        var field = new BatchField(
            string.Intern(root.GetProperty("group").GetString()!),
            string.Intern(root.GetProperty("feature").GetString()!),
            root.GetProperty("window").GetString() is { } window ? string.Intern(window) : null,
            root.GetProperty("at").GetInt64());
        if (!_fields.TryGetValue(field, out Dictionary<string, string>? keys))
        {
            _fields.Add(field, keys = []);
        }

        Assert.True(keys.TryAdd(root.GetProperty("key").GetRawText(), root.GetProperty("value").GetRawText()), $"written twice: {line}");
    }
}
