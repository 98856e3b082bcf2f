using FeatureActors.Runtime.Entities;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Runtime.Hosting;

/// <summary>What the shard actors of a node share.</summary>
internal sealed record ShardServices(
    NodePorts Ports,
    NodeRuntimeOptions Options,
    ChunkPool Chunks,
    SemaphoreSlim CheckpointGate,
    DeadLetterWriter Letters,
    TimeProvider Time,
    ILogger Logger);
