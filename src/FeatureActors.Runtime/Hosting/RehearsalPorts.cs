using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Runtime.Hosting;

/// <summary>What a node rehearses with: the clients and servers that it works with later, and state that ends with this. Disposing ends it.</summary>
public sealed class RehearsalPorts : IAsyncDisposable
{
    /// <summary>State and epochs of shards that nobody else sees.</summary>
    public required ICheckpointStore Checkpoints { get; init; }

    /// <summary>A further member among those that share these shards; null where shards are not shared out by these stores.</summary>
    public Func<IShardOwnership>? Join { get; init; }

    /// <summary>A sink that refuses to write for a shard without a fence; null for none.</summary>
    public IFeatureSink? Sink { get; init; }

    /// <summary>What all of it stands on.</summary>
    public IAsyncDisposable? Owned { get; init; }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Owned?.DisposeAsync() ?? ValueTask.CompletedTask;
}
