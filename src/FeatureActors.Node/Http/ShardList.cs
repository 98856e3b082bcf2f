using System.Globalization;
using System.Text.Json;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Runtime.Hosting;
using Microsoft.AspNetCore.Http;

namespace FeatureActors.Node.Http;

/// <summary>
/// <c>GET /v1/shards</c>: every shard of the definitions, with what its owner says of it. The node asked reads from the checkpoint store
/// who owns what and asks each of them once; <c>?scope=node</c> keeps it to its own.
/// </summary>
internal sealed class ShardList(string node, PeerClient peers, TimeProvider time)
{
    public async Task AnswerAsync(HttpContext context, NodeRuntime runtime)
    {
        IReadOnlyList<ShardLine> own = Own(runtime);
        bool isOwnOnly = context.Request.Query["scope"] == "node" || context.Request.Headers.ContainsKey(PeerClient.ForwardedHeader);
        IReadOnlyList<ShardLine> lines = isOwnOnly ? own : await OfClusterAsync(runtime, own, context.RequestAborted).ConfigureAwait(false);
        await HttpAnswers.JsonAsync(context, JsonSerializer.SerializeToUtf8Bytes(lines, ShardLineJson.Default.IReadOnlyListShardLine)).ConfigureAwait(false);
    }

    /// <summary>The shards that a node runs.</summary>
    public IReadOnlyList<ShardLine> Own(NodeRuntime runtime)
    {
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        return [.. runtime.Status.Shards.Select(s => new ShardLine
        {
            Entity = s.Shard.Entity,
            Partition = s.Shard.Partition,
            Owner = node,
            Epoch = s.Epoch.Value,
            State = s.State.ToString(),
            NextOffset = s.NextOffset,
            LogEnd = s.LogEnd < 0 ? null : s.LogEnd,
            LagRows = Math.Round(s.LagRows),
            LagSeconds = Math.Round(s.LagSeconds(now), 3),
            At = s.ClockMs == long.MinValue ? null : s.ClockMs,
            Entities = s.Counters.Entities,
            Stored = s.ColdEntities,
            Bytes = s.Counters.MemoryBytes,
            Halt = s.Halt,
            TopKeys = [.. s.Counters.TopKeys().Select(static k => new KeyShare(k.Key, Math.Round(k.Share, 4)))],
        })];
    }

    private async Task<IReadOnlyList<ShardLine>> OfClusterAsync(NodeRuntime runtime, IReadOnlyList<ShardLine> own, CancellationToken cancellationToken)
    {
        var known = own.ToDictionary(static l => new ShardId(l.Entity, l.Partition));
        ShardId[] others = [.. runtime.Entities.Values
            .SelectMany(static e => Enumerable.Range(0, e.Shards).Select(p => new ShardId(e.Entity, p)))
            .Where(s => !known.ContainsKey(s))];
        var headers = new Dictionary<ShardId, ShardHeader>();
        try
        {
            foreach (ShardId shard in others)
            {
                headers[shard] = await runtime.ReadHeaderAsync(shard, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (DependencyUnavailableException error)
        {
            foreach (ShardId shard in others)
            {
                known[shard] = new ShardLine { Entity = shard.Entity, Partition = shard.Partition, State = "Unknown", Halt = error.Message };
            }

            return Ordered(known.Values);
        }

        var answers = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (IGrouping<string, KeyValuePair<ShardId, ShardHeader>> owned in headers.Where(static h => h.Value.Owner.Address.Length > 0).GroupBy(static h => h.Value.Owner.Address))
        {
            (PeerAnswer? answer, string? trouble) = await peers.GetAsync(owned.Key, "/v1/shards?scope=node", node, cancellationToken).ConfigureAwait(false);
            answers[owned.Key] = trouble ?? (answer!.Status == StatusCodes.Status200OK ? null : string.Create(CultureInfo.InvariantCulture, $"answers with status {answer.Status}"));
            foreach (ShardLine line in answer is { Status: StatusCodes.Status200OK }
                ? JsonSerializer.Deserialize(answer.Body, ShardLineJson.Default.IReadOnlyListShardLine) ?? []
                : [])
            {
                known.TryAdd(new ShardId(line.Entity, line.Partition), line);
            }
        }

        foreach ((ShardId shard, ShardHeader header) in headers)
        {
            string? trouble = answers.GetValueOrDefault(header.Owner.Address);
            known.TryAdd(shard, new ShardLine
            {
                Entity = shard.Entity,
                Partition = shard.Partition,
                Owner = header.Owner.Name,
                Epoch = header.Epoch.Value,
                State = header.Owner.Name.Length == 0 ? "NeverOwned" : "Unknown",
                NextOffset = header.NextOffset,
                At = header.ClockMs == long.MinValue ? null : header.ClockMs,
                Halt = trouble is null ? null : $"{header.Owner.Name} at {header.Owner.Address}: {trouble}",
            });
        }

        return Ordered(known.Values);
    }

    private static IReadOnlyList<ShardLine> Ordered(IEnumerable<ShardLine> lines) =>
        [.. lines.OrderBy(static l => l.Entity, StringComparer.Ordinal).ThenBy(static l => l.Partition)];
}
