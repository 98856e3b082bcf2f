using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FeatureActors.Core.Definitions;
using FeatureActors.Node.Options;

namespace FeatureActors.Node.Commands;

/// <summary><c>fa get --live</c>: a group's values from the node that owns the key, a line of JSON for each key.</summary>
internal static class LiveFeatures
{
    private static readonly JsonSerializerOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task<int> ShowAsync(
        string config, string group, IReadOnlyList<string> keys, string? node, TextWriter target, CancellationToken cancellationToken)
    {
        NodeOptions options = NodeOptionsBinder.Load(config);
        DefinitionsModel model = DefinitionsFile.Load(
            options.Definitions ?? throw new UsageException($"{config} does not say where the definitions are: write fa.definitions"), options.Plugins.Folder);
        GroupDefinition definition = GetCommand.GroupOf(model, group);
        int parts = model.Entity(definition.Entity).Key.Count;
        foreach (string key in keys)
        {
            string path = string.Join('/', GetCommand.PartsOf(key, parts).Select(Uri.EscapeDataString));
            byte[] body = await NodeQuestion
                .AskAsync(options.Http, node, $"/v1/entities/{Uri.EscapeDataString(definition.Entity)}/{path}", cancellationToken).ConfigureAwait(false);
            JsonObject answer = JsonNode.Parse(body)!.AsObject();
            JsonNode? values = answer["groups"]?[group]?.DeepClone();
            answer.Remove("groups");
            answer["group"] = group;
            answer["exists"] = values is not null;
            answer["features"] = values?["features"]?.DeepClone() ?? new JsonObject();
            await target.WriteLineAsync(answer.ToJsonString(OneLine)).ConfigureAwait(false);
        }

        return ExitCodes.Done;
    }
}
