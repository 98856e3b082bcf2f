using System.Text.Json;
using FeatureActors.Abstractions.Identity;

namespace FeatureActors.Integration.Tests.Live;

/// <summary>What Redis must hold: the values of <c>fa batch</c> in the form of the contract, by key and field. Absent ones are left out.</summary>
internal static class ExpectedValues
{
    /// <summary>Runs <c>fa batch</c> at one time.</summary>
    public static async Task<Dictionary<string, Dictionary<string, string>>> ComputeAsync(
        LiveFolder folder, string definitionsNamespace, string definitions, string input, string atMs)
    {
        string output = folder.Of($"batch-{Guid.NewGuid():N}.jsonl");
        (int code, string text) = await FaProcess.RunAsync(
            folder.Path, "batch", "--definitions", definitions, "--input", input, "--source", "purchases", "--at", atMs, "--output", output);
        Assert.True(code == 0, $"fa batch ended with exit code {code}: {text}");
        return await ReadAsync(output, definitionsNamespace);
    }

    private static async Task<Dictionary<string, Dictionary<string, string>>> ReadAsync(string file, string definitionsNamespace)
    {
        var keys = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        await foreach (string line in File.ReadLinesAsync(file))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement value = document.RootElement;
            JsonElement key = value.GetProperty("key");
            string name = EntityKey.StorePrefix(definitionsNamespace, value.GetProperty("group").GetString()!)
                + (key.ValueKind == JsonValueKind.Array ? EntityKey.Join([.. key.EnumerateArray().Select(PartOf)]) : EntityKey.Escape(PartOf(key)));
            if (!keys.TryGetValue(name, out Dictionary<string, string>? fields))
            {
                keys.Add(name, fields = new Dictionary<string, string>(StringComparer.Ordinal));
            }

            string feature = value.GetProperty("feature").GetString()!;
            JsonElement window = value.GetProperty("window");
            JsonElement content = value.GetProperty("value");
            if (content.ValueKind != JsonValueKind.Null)
            {
                fields.Add(
                    window.ValueKind == JsonValueKind.Null ? feature : $"{feature}:{window.GetString()}",
                    content.ValueKind == JsonValueKind.String ? content.GetString()! : content.GetRawText());
            }
        }

        return keys;
    }

    private static string PartOf(JsonElement part) => part.ValueKind == JsonValueKind.String ? part.GetString()! : part.GetRawText();
}
