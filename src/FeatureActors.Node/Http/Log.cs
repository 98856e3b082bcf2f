using FeatureActors.Abstractions.Identity;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Node.Http;

/// <summary>Messages of the HTTP side; ids 6200 to 6299.</summary>
internal static partial class Log
{
    [LoggerMessage(6200, LogLevel.Information, "HTTP on {Address}: /healthz/live, /healthz/ready, /metrics, /v1/shards, /v1/entities/<entity>/<key>")]
    public static partial void Listens(ILogger logger, string address);

    [LoggerMessage(6201, LogLevel.Warning, "Shard {Shard} belongs to {Owner} at {Address}, which does not answer: {Error}")]
    public static partial void OwnerSilent(ILogger logger, ShardId shard, string owner, string address, string error);
}
