using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Definitions;
using FeatureActors.Runtime.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Node.Http;

/// <summary>
/// <c>GET /v1/entities/{entity}/{key}</c>: an entity's values from the node that owns its shard, with everything that one has applied. A
/// node that is not the owner forwards the question once, to whom the checkpoint store names.
/// </summary>
internal sealed class EntityReads(string node, PeerClient peers, ILogger logger)
{
    private const string Prefix = "/v1/entities/";

    public async Task AnswerAsync(HttpContext context, NodeRuntime runtime, DefinitionsModel model)
    {
        string target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        if (!TryReadPath(target, model, out EntityDefinition? entity, out string key, out string error))
        {
            await HttpAnswers.RefuseAsync(context, entity is null ? StatusCodes.Status404NotFound : StatusCodes.Status400BadRequest, error).ConfigureAwait(false);
            return;
        }

        ShardId shard = runtime.ShardOf(entity!.Name, key);
        if (await runtime.ReadEntityAsync(shard, key, context.RequestAborted).ConfigureAwait(false) is { } json)
        {
            await HttpAnswers.JsonAsync(context, json).ConfigureAwait(false);
        }
        else if (context.Request.Headers.ContainsKey(PeerClient.ForwardedHeader))
        {
            await HttpAnswers.RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, $"shard {shard} is not running on {node} (now): it moves, or is starting").ConfigureAwait(false);
        }
        else
        {
            await ForwardAsync(context, runtime, shard, target).ConfigureAwait(false);
        }
    }

    private async Task ForwardAsync(HttpContext context, NodeRuntime runtime, ShardId shard, string target)
    {
        ShardOwner owner;
        try
        {
            owner = (await runtime.ReadHeaderAsync(shard, context.RequestAborted).ConfigureAwait(false)).Owner;
        }
        catch (DependencyUnavailableException error)
        {
            await HttpAnswers.RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, $"who owns shard {shard} cannot be found out: {error.Message}").ConfigureAwait(false);
            return;
        }

        if (owner.Address.Length == 0 || owner.Name == node)
        {
            await HttpAnswers.RefuseAsync(
                context,
                StatusCodes.Status503ServiceUnavailable,
                owner.Name.Length == 0 ? $"nobody owns shard {shard} yet" : $"shard {shard} belongs to {owner.Name}, which does not answer here now").ConfigureAwait(false);
            return;
        }

        (PeerAnswer? answer, string? trouble) = await peers.GetAsync(owner.Address, target, node, context.RequestAborted).ConfigureAwait(false);
        if (answer is null)
        {
            Log.OwnerSilent(logger, shard, owner.Name, owner.Address, trouble!);
            await HttpAnswers.RefuseAsync(
                context, StatusCodes.Status504GatewayTimeout, $"shard {shard} belongs to {owner.Name} at {owner.Address}, which does not answer: {trouble}").ConfigureAwait(false);
            return;
        }

        context.Response.StatusCode = answer.Status;
        await HttpAnswers.JsonAsync(context, answer.Body).ConfigureAwait(false);
    }

    // From the target as it was sent: a decoded path cannot tell a / or | of a key from one between parts.
    private static bool TryReadPath(string target, DefinitionsModel model, out EntityDefinition? entity, out string key, out string error)
    {
        key = "";
        error = "";
        int start = target.IndexOf(Prefix, StringComparison.Ordinal) + Prefix.Length;
        int end = target.IndexOf('?', StringComparison.Ordinal);
        string[] segments = target[start..(end < 0 ? target.Length : end)].Split('/');
        string name = Uri.UnescapeDataString(segments[0]);
        entity = model.Entities.FirstOrDefault(e => e.Name == name);
        if (entity is null)
        {
            error = $"the definitions have no entity '{name}'; there is {string.Join(", ", model.Entities.Select(static e => e.Name))}";
            return false;
        }

        IReadOnlyList<FieldType> types = entity.Key;
        string[] parts = segments.Length == 2 && types.Count > 1
            ? Uri.UnescapeDataString(segments[1]).Split('|')
            : [.. segments.Skip(1).Select(Uri.UnescapeDataString)];
        if (parts.Length != types.Count)
        {
            error = $"entity {name} has a key of {types.Count} parts, {parts.Length} were stated: join them by | or write each as a segment of the path";
            return false;
        }

        for (int i = 0; i < parts.Length; i++)
        {
            if (parts[i].Length == 0 || (types[i] == FieldType.Long && !IsCanonical(parts[i])))
            {
                error = $"part {i + 1} of the key, '{parts[i]}', is no {(types[i] == FieldType.Long ? "whole number" : "text: it is empty")}";
                return false;
            }
        }

        key = EntityKey.Join(parts);
        return true;
    }

    private static bool IsCanonical(string part) =>
        long.TryParse(part, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out long number)
        && number.ToString(System.Globalization.CultureInfo.InvariantCulture) == part;
}
